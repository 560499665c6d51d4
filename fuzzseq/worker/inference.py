"""From a factory and what its user declared to a resolved Spec: what nobody said is read off the model."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import attrs
import keras
import numpy as np
import tensorflow as tf

from fuzzseq.case import Batch, Case, Pair, arrays
from fuzzseq.dimensions import DATA_DIMENSIONS, KNOWN, Dim, dim, dimension_of, unknown_parameter
from fuzzseq.domain import legal_values
from fuzzseq.encoder_decoder import EncoderDecoder
from fuzzseq.errors import SpecError
from fuzzseq.spec import Parameter, Spec
from fuzzseq.worker.build import Built, Target, flat_inputs
from fuzzseq.worker.feeding import feed, initial_state
from fuzzseq.worker.roles import inputs_of
from fuzzseq.worker.stages import StageMark
from fuzzseq.worker.subject import is_functional
from fuzzseq.worker.tracking import watching

Origin = Literal["declared", "inferred"]

#: Sizes that a model is built with for a first look, where its own defaults do not say: pairwise different, and such
#: that a width is a multiple of the heads; then others, for factories that refuse those.
_LOOKS: tuple[dict[str, int], ...] = (
    {"vocab_size": 11, "source_vocab_size": 11, "target_vocab_size": 13, "embedding_dim": 6, "units": 8},
    {name: 8 for name in KNOWN if KNOWN[name][0].max > 8},
    {name: 16 for name in KNOWN if KNOWN[name][0].max >= 16},
    {},
)


def infer(target: Target, mark: StageMark) -> Spec:
    """Return the Spec of a fuzz target; raises :class:`SpecError` for what cannot be read off and was not declared.

    A factory that raises for every size keeps what its signature tells: running it will say why.
    """
    spec = from_signature(target)
    found = next(_looks(target, spec, mark), None)
    if found is None:
        note = "the factory raised for every size that was tried, so that its inputs could not be read off"
        return attrs.evolve(spec, notes=(*spec.notes, note))
    built, sizes = found
    spec = _with_inputs(target, spec, built)
    spec = _with_loss(spec, built)
    spec = _with_static_sizes(spec, built, sizes)
    return _with_vocabularies(target, spec, built, sizes)


def from_signature(target: Target) -> Spec:
    """Return what a factory's parameters and its user's declaration tell."""
    declared, origins = target.declaration, dict[str, Origin]()
    parameters, dimensions = _parameters(target)
    values: dict[str, Any] = {}
    for name, value in declared.options.items():
        origins[name] = "declared"
        if name in ("initial_state", "preprocess", "loss") and value is not None:
            values[name] = reference(value)
        elif name != "inputs":
            values[name] = tuple(value) if name == "checks" else dict(value) if name == "skip" else value
    for name in declared.dimensions:
        origins[name] = "declared"
    tied = _tie_lengths({p.dimension for p in parameters}, dimensions)
    return Spec(parameters=parameters, dimensions=tied, origins=origins, inputs=(), **values)


def reference(value: Any) -> str:
    """Return how a function or an object of the user's is named in reports: ``file.py:name``, or its class."""
    if isinstance(value, str):
        return value
    name = getattr(value, "__qualname__", None)
    if name is None:
        return type(value).__name__
    code = getattr(inspect.unwrap(value), "__code__", None)
    return f"{code.co_filename}:{name}" if code is not None else f"{getattr(value, '__module__', '')}.{name}"


def _parameters(target: Target) -> tuple[tuple[Parameter, ...], dict[str, Dim]]:
    """Return the parameters of a factory that carry dimensions, and the ranges that were declared, by dimension."""
    try:
        signature = inspect.signature(target.factory)
    except (TypeError, ValueError):
        signature = inspect.Signature()
    declared = dict(target.declaration.dimensions)
    parameters: list[Parameter] = []
    dimensions: dict[str, Dim] = {}
    taken: set[str] = set()
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        has_default = parameter.default is not parameter.empty
        meaning = name if name in declared else dimension_of(name)
        default = parameter.default if type(parameter.default) is int else None
        if meaning is None or (has_default and default is None and name not in declared):
            if not has_default:
                raise unknown_parameter(name, target.name)
            continue
        known = dimension_of(meaning) or meaning
        dimension = known if known not in taken else name
        taken.add(dimension)
        given = declared.pop(name, None) or declared.pop(dimension, None)
        usual = KNOWN[known][0] if known in KNOWN else dim(2, 16)
        if given is not None:
            dimensions[dimension] = given
        elif dimension not in KNOWN:
            dimensions[dimension] = usual
        parameters.append(Parameter(name=name, dimension=dimension, default=default))
    dimensions.update({dimension_of(name) or name: given for name, given in declared.items()})
    return tuple(parameters), {name: _renamed(given) for name, given in dimensions.items()}


def _renamed(given: Dim) -> Dim:
    """Return a range whose ties are to the dimensions that the declared names stand for."""

    def known(tie: int | str | None) -> int | str | None:
        return (dimension_of(tie) or tie) if isinstance(tie, str) else tie

    return attrs.evolve(
        given,
        multiple_of=known(given.multiple_of),
        at_most=known(given.at_most),
        at_least=known(given.at_least),
        equal_to=known(given.equal_to),
    )


def _tie_lengths(named: set[str], dimensions: dict[str, Dim]) -> dict[str, Dim]:
    """Return ranges with lengths kept within the longest sequence that the factory is told about."""
    tied = dict(dimensions)
    for length, longest in (("source_length", "max_source_length"), ("target_length", "max_target_length")):
        bound = longest if longest in named else "max_length" if "max_length" in named else None
        if bound and length not in tied:
            tied[length] = attrs.evolve(KNOWN[length][0], at_most=bound)
    return tied


def _looks(target: Target, spec: Spec, mark: StageMark) -> Iterator[tuple[Built, dict[str, int]]]:
    """Build the model with one setting after the other, and yield each that the factory accepts, with its sizes."""
    tried: list[dict[str, int]] = []
    for wanted in ({p.dimension: p.default for p in spec.parameters if p.default is not None}, *_LOOKS):
        sizes = {"batch_size": 2, "source_length": 3, "target_length": 4}
        for name in _in_order(spec):
            legal = legal_values(name, {k: v for k, v in sizes.items() if k not in DATA_DIMENSIONS}, spec)
            aim = wanted.get(name) or _LOOKS[0].get(name) or min(4, legal[-1] if legal else 4)
            if wanted.get(name) and name in {p.dimension for p in spec.parameters if p.default == wanted[name]}:
                sizes[name] = wanted[name]
            else:
                sizes[name] = min(legal, key=lambda value: abs(value - aim)) if legal else aim
        if sizes in tried:
            continue
        tried.append(sizes)
        try:
            yield Built(target, spec, sizes, 0, mark), sizes
        except Exception:  # The factory may refuse a size for any reason of its own: the run will tell.
            continue


def _in_order(spec: Spec) -> list[str]:
    """Return the dimensions of the build, those that others are tied to first."""
    left = list(spec.build_dimensions())
    ordered: list[str] = []
    while left:
        free = [n for n in left if not (set(spec.range_of(n).ties()) & set(left) - {n})] or left[:1]
        ordered += free
        left = [name for name in left if name not in free]
    return ordered


def _with_inputs(target: Target, spec: Spec, built: Built) -> Spec:
    """Return the Spec with how the model is called, what its inputs are, and what kind of model it is."""
    model = built.model
    if not callable(model) and not isinstance(model, EncoderDecoder):
        raise SpecError(
            f"The factory {target.name} returned {type(model).__name__}, which cannot be called: "
            "it should return a keras.Model, an EncoderDecoder, or a function of the inputs."
        )
    calling, inputs = inputs_of(model, target.option("inputs") or {})
    roles = {item.role for item in inputs}
    values: dict[str, Any] = {"calling": calling, "inputs": inputs}
    origins = dict(spec.origins)
    origins.setdefault("inputs", "inferred")
    if "kind" not in origins:
        values["kind"], origins["kind"] = _kind(spec, roles, model), "inferred"
    source = next((item for item in inputs if item.role == "source"), None)
    if source is not None and source.rank == 3 and "float_source" not in origins:
        values["float_source"], origins["float_source"] = True, "inferred"
    if "state" in roles and spec.initial_state is None and calling in ("list", "dict", "tuple"):
        values["initial_state"], origins["initial_state"] = "inputs", "inferred"
    if spec.initial_state is not None and "state" not in roles:
        raise SpecError(
            f"initial_state is declared for {target.name}, and its model has no input that takes one: name an input or a "
            "parameter initial_state, or say which it is: @fuzz_target(inputs={'name': 'state'})."
        )
    return attrs.evolve(spec, origins=origins, **values)


def _kind(spec: Spec, roles: set[str], model: Any) -> str:
    """Return what kind of model it is by its inputs, and by what the factory's parameters promise of its output."""
    if "source" in roles and "decoder_input" in roles:
        return "seq2seq"
    if "decoder_input" in roles:
        return "decoder"
    named = {p.dimension for p in spec.parameters}
    if named & {"target_vocab_size", "output_dim"} and len(_output_shape(model)) in (0, 3):
        return "many_to_many"
    if len(_output_shape(model)) == 3 and (getattr(model, "compiled", False) or _scores_words(model)):
        return "many_to_many"
    return "encoder"


def _output_shape(model: Any) -> tuple[int | None, ...]:
    """Return the shape of a functional model's scores; empty where it is not known before a call."""
    if not is_functional(model) or not getattr(model, "outputs", None):
        return ()
    found = [tuple(tensor.shape) for tensor in model.outputs]
    return next((shape for shape in found if len(shape) == 3), found[0])


def _scores_words(model: Any) -> bool:
    """Say whether a functional model ends in a dense layer, as one that scores words does."""
    layers = getattr(model, "layers", [])
    last = layers[-1] if layers else None
    inner = getattr(last, "layer", last)
    return isinstance(inner, keras.layers.Dense | keras.layers.Softmax | keras.layers.Activation)


def _with_loss(spec: Spec, built: Built) -> Spec:
    """Return the Spec with the compiled loss, where the model has one and the user gave no other."""
    model = built.model
    compiled = bool(getattr(model, "compiled", False)) and (
        getattr(model, "_compile_loss", None) is not None or _own(model, "compute_loss") or _own(model, "train_step")
    )
    if spec.loss is not None or not compiled:
        return spec
    if getattr(model, "_compile_loss", None) is None and not _own(model, "compute_loss"):
        return spec
    return attrs.evolve(spec, loss="compiled", origins={**spec.origins, "loss": "inferred"})


def _own(model: Any, method: str) -> bool:
    """Say whether a model's class has a method of the user's own."""
    return not getattr(type(model), method).__module__.startswith("keras.")


def _with_static_sizes(spec: Spec, built: Built, sizes: Mapping[str, int]) -> Spec:
    """Return the Spec with the sizes of a batch that a functional model fixes in its inputs."""
    dimensions, static, origins = dict(spec.dimensions), list(spec.static), dict(spec.origins)
    named = {p.dimension for p in spec.parameters}
    tensors = flat_inputs(built.model) if is_functional(built.model) else []
    for tensor, item in zip(tensors, spec.inputs, strict=False):
        side = {"source": "source_length", "decoder_input": "target_length"}.get(item.role)
        if side is None:
            continue
        if tensor.shape[0] is not None:
            _fix("batch_size", int(tensor.shape[0]), named, sizes, dimensions, static, origins)
        if len(tensor.shape) > 1 and tensor.shape[1] is not None:
            _fix(side, int(tensor.shape[1]), named, sizes, dimensions, static, origins)
        if item.role == "source" and len(tensor.shape) == 3 and "feature_dim" not in named:
            dimensions.setdefault("feature_dim", dim(int(tensor.shape[2] or 4)))
    return attrs.evolve(spec, dimensions=dimensions, static=tuple(dict.fromkeys(static)), origins=origins)


def _fix(
    name: str,
    value: int,
    named: set[str],
    sizes: Mapping[str, int],
    dimensions: dict[str, Dim],
    static: list[str],
    origins: dict[str, Origin],
) -> None:
    """Fix a size of a batch: to the parameter that it comes from, else to the constant that it is."""
    if name in named or origins.get(name) == "declared":
        static.append(name)
        return
    longest = ("max_source_length" if name == "source_length" else "max_target_length", "max_length")
    source = next((n for n in longest if n in named and sizes.get(n) == value), None)
    dimensions[name] = Dim(min=1, max=64, equal_to=source) if source else dim(value)
    static.append(name)
    origins[name] = "inferred"


def _with_vocabularies(target: Target, spec: Spec, built: Built, sizes: dict[str, int]) -> Spec:
    """Return the Spec with vocabularies that no parameter carries: found in the embeddings, and in the output."""
    seen = _Seen()
    spec = attrs.evolve(spec, dimensions=dict(spec.dimensions))
    guess = _guessed_sizes(spec, sizes)
    with watching(seen.listen):
        result, output = _look(built, spec, guess)
    dimensions, origins, notes = dict(spec.dimensions), dict(spec.origins), list(spec.notes)
    for side in ("source", "target"):
        name = spec.vocabulary(side)  # type: ignore[arg-type]
        if name is None or name in dimensions or name in {p.dimension for p in spec.parameters}:
            continue
        found = seen.table(side, spec) or (output.shape[-1] if side == "target" and output is not None else None)
        if found is None:
            raise SpecError(
                f"The {side} vocabulary of {target.name} is no parameter of it, and no Embedding layer shows its size: "
                f"declare it, @fuzz_target({name}=1000)."
            )
        dimensions[name] = Dim(min=int(found), max=int(found))
        origins[name] = "inferred"
        notes.append(f"{name} was read off the model, so that ids beyond its own table are not tried on that side")
    if output is not None and spec.logits is None and spec.has_labels:
        spec = attrs.evolve(spec, logits=not _probabilities(output))
        origins["logits"] = "inferred"
    return attrs.evolve(spec, dimensions=dimensions, origins=origins, notes=tuple(notes))


class _Seen:
    """The embedding tables that were looked into, with the number of steps that each was given."""

    def __init__(self) -> None:
        """Start with none."""
        self.tables: list[tuple[int, int]] = []

    def listen(self, path: str, output: Any, layer: Any, given: tuple[Any, ...]) -> None:
        """Take note of an embedding."""
        if isinstance(layer, keras.layers.Embedding) and given and len(given[0].shape) == 2:
            self.tables.append((int(given[0].shape[1] or 0), int(layer.input_dim)))

    def table(self, side: str, spec: Spec) -> int | None:
        """Return the rows of the first table that was given the ids of a side."""
        if side == "target" and not spec.has_target:
            return None
        wanted = (3,) if side == "source" else (4, 1)
        return next((rows for steps, rows in self.tables if steps in wanted), None)


def _guessed_sizes(spec: Spec, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return sizes for a first batch: those of the build, and small vocabularies where none is known yet."""
    vocabularies = {spec.vocabulary("source"), spec.vocabulary("target")} - {None}
    guess = {str(name): 5 for name in vocabularies} | dict(sizes)
    if spec.float_source and "feature_dim" not in guess:
        guess["feature_dim"] = spec.range_of("feature_dim").min
    return {name: size for name, size in guess.items() if name not in DATA_DIMENSIONS}


def look_case(spec: Spec, sizes: Mapping[str, int]) -> Case:
    """Return a small ordinary case: two rows of three source ids and four decoder steps, unless the model fixes them."""
    source = _length("source_length", 3, spec, sizes)
    target = _length("target_length", 4, spec, sizes)
    rows = spec.dimensions["batch_size"].min if "batch_size" in spec.dimensions else 2
    low = {side: spec.lowest_id(side) for side in ("source", "target")}  # type: ignore[arg-type]
    ids = max(0, target - (spec.tokens.start is not None) - (spec.tokens.end is not None) + 1)
    pair = Pair(source=(low["source"],) * source, target=(low["target"],) * ids)
    return Case(dimensions=dict(sizes), batches=(Batch(pairs=(pair,) * rows, target_encoding=spec.target_encoding),))


def _length(name: str, usual: int, spec: Spec, sizes: Mapping[str, int]) -> int:
    """Return the usual length, moved into the range that the model takes."""
    allowed = spec.range_of(name)
    if isinstance(allowed.equal_to, str):
        return sizes.get(allowed.equal_to, usual)
    most = sizes.get(allowed.at_most, usual) if isinstance(allowed.at_most, str) else usual
    return min(max(usual, allowed.min), allowed.max, most)


def _look(built: Built, spec: Spec, sizes: Mapping[str, int]) -> tuple[Any, Any]:
    """Call the model on a small batch, and return everything it gave, and the scores; None twice where it raised."""
    case = look_case(spec, sizes)
    try:
        built.spec, built.subject.spec = spec, spec
        fed = feed(spec, arrays(case, spec), initial_state(spec, case, 0, []))
        preprocess = built.target.option("preprocess")
        if preprocess is not None and spec.has_source:
            ids = [list(pair.source) for pair in case.batches[0].pairs]
            fed = feed(spec, arrays(case, spec), None, tf.convert_to_tensor(preprocess(ids)))
        output = built.subject.forward(fed, False)
        return output.raw, np.asarray(output.scores)
    except Exception:  # A model that fails on its first batch is what the run is for.
        return None, None


def _probabilities(scores: Any) -> bool:
    """Say whether scores look like probabilities: none negative, and each step's sum is one."""
    return bool((scores >= 0).all() and np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3))
