"""The sizes that a built model shows: lengths and batches that it fixes, and vocabularies that no parameter carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import keras
import numpy as np
import tensorflow as tf

from fuzzseq.arrays import arrays
from fuzzseq.case import Batch, Case, Pair
from fuzzseq.dimensions import DATA_DIMENSIONS, Dim, dim
from fuzzseq.domain import legal_range
from fuzzseq.errors import SpecError
from fuzzseq.spec import Side, Spec
from fuzzseq.worker.build import Built, Target, flat_inputs
from fuzzseq.worker.feeding import feed, initial_state
from fuzzseq.worker.parts import is_functional
from fuzzseq.worker.signatures import Origin
from fuzzseq.worker.tracking import watching

_SIDES: tuple[Side, Side] = ("source", "target")


def with_static_sizes(
    spec: Spec, built: Built, sizes: Mapping[str, int], others: Iterator[tuple[Built, dict[str, int]]]
) -> Spec:
    """Return the Spec with the sizes of a batch that a functional model fixes in its inputs.

    ``others`` builds the model in other sizes: what moves with one of them is no constant.
    """
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
            width = int(tensor.shape[2] or 4)
            source = _followed(width, spec.inputs.index(item), sizes, others) if tensor.shape[2] else None
            usual = Dim(min=1, max=1024, equal_to=source) if source else dim(width)
            dimensions.setdefault("feature_dim", usual)
    return attrs.evolve(spec, dimensions=dimensions, static=tuple(dict.fromkeys(static)), origins=origins)


def _followed(
    width: int, place: int, sizes: Mapping[str, int], others: Iterator[tuple[Built, dict[str, int]]]
) -> str | None:
    """Return the dimension that the width of an input follows, as another build shows; None for a constant."""
    for built, other in others:
        wide = flat_inputs(built.model)[place].shape[2]
        if wide != width:
            return next(
                (n for n in sizes if n not in DATA_DIMENSIONS and (sizes[n], other.get(n)) == (width, wide)), None
            )
    return None


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


def with_vocabularies(
    target: Target,
    spec: Spec,
    built: Built,
    sizes: dict[str, int],
    others: Iterator[tuple[Built, dict[str, int]]],
    call: bool,
) -> Spec:
    """Return the Spec with vocabularies that no parameter carries: found in the embeddings, and in the output."""
    seen = _Seen()
    spec = attrs.evolve(spec, dimensions=dict(spec.dimensions))
    guess = guessed_sizes(spec, sizes)
    with watching(seen.listen):
        output = look(built, spec, guess) if call else None
    dimensions, origins, notes = dict(spec.dimensions), dict(spec.origins), list(spec.notes)
    if output is not None and (tags := _constant_tags(spec, output, sizes, others)):
        dimensions["output_dim"], origins["output_dim"] = dim(tags), "inferred"
        notes.append(f"its {tags} labels were read off the model, in whatever sizes it is built: output_dim={tags}")
    for side in _SIDES:
        name = spec.vocabulary(side)
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


def _constant_tags(
    spec: Spec, output: Any, sizes: Mapping[str, int], others: Iterator[tuple[Built, dict[str, int]]]
) -> int | None:
    """Return how many labels a tagger has whose words are another number, where that is a constant of its code."""
    words = sizes.get("vocab_size")
    if spec.kind != "many_to_many" or spec.vocabulary("target") != "vocab_size" or output.ndim != 3:
        return None
    tags = int(output.shape[-1])
    if tags == words:
        return None
    for built, other in others:
        if tags not in other.values() and other.get("vocab_size") != words:
            again = look(built, spec, guessed_sizes(spec, other))
            return tags if again is not None and again.shape[-1] == tags else None
    return None


class _Seen:
    """The embedding tables that were looked into, with the number of steps that each was given, and the ids."""

    def __init__(self) -> None:
        """Start with none."""
        self.tables: list[tuple[int, int, Any]] = []

    def listen(self, path: str, output: Any, layer: Any, given: tuple[Any, ...]) -> None:
        """Take note of an embedding."""
        if isinstance(layer, keras.layers.Embedding) and given and len(given[0].shape) == 2:
            ids = np.asarray(given[0]) if hasattr(given[0], "numpy") else None
            self.tables.append((int(given[0].shape[1] or 0), int(layer.input_dim), ids))

    def table(self, side: Side, spec: Spec) -> int | None:
        """Return the rows of the first table that was given the ids of a side; a table of positions is given others."""
        if side == "target" and not spec.has_target:
            return None
        wanted = (3,) if side == "source" else (4, 1)
        there = [(rows, ids) for steps, rows, ids in self.tables if steps in wanted]
        words = [rows for rows, ids in there if ids is not None and spec.lowest_id(side) in ids and not _counts(ids)]
        return next(iter([*words, *(rows for rows, _ in there)]), None)


def _counts(ids: Any) -> bool:
    """Say whether ids count the steps, as positions do."""
    return ids.shape[1] > 1 and bool((np.diff(ids, axis=1) == 1).all())


def guessed_sizes(spec: Spec, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return sizes for a first batch: those of the build, and small vocabularies where none is known yet."""
    vocabularies = {spec.vocabulary("source"), spec.vocabulary("target")} - {None}
    guess = {str(name): 5 for name in vocabularies} | dict(sizes)
    if spec.float_source and "feature_dim" not in guess:
        guess["feature_dim"] = spec.range_of("feature_dim").min
    return {name: size for name, size in guess.items() if name not in DATA_DIMENSIONS}


def look_case(spec: Spec, sizes: Mapping[str, int], rows: int = 2, alike: bool = False) -> Case:
    """Return a small ordinary case: two rows, three source ids, four decoder steps, unless the model fixes them.

    ``alike`` gives it as many source ids as decoder steps.
    """
    source = _length("source_length", 4 if alike else 3, spec, sizes)
    target = _length("target_length", 4, spec, sizes)
    if "batch_size" in {p.dimension for p in spec.parameters}:
        rows = 2  # What the model was built with.
    elif "batch_size" in spec.dimensions:
        rows = min(legal_range("batch_size", dict(sizes), spec), key=lambda value: abs(value - rows), default=rows)
    low = {side: spec.lowest_id(side) for side in _SIDES}
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


def look(built: Built, spec: Spec, sizes: Mapping[str, int]) -> Any:
    """Call the model on a small batch, and return the scores that it gave; None where it raised."""
    _, fed = fed_for_look(built, spec, sizes)
    try:
        return None if fed is None else np.asarray(built.subject.forward(fed, False).scores)
    except Exception:  # A model that fails on its first batch is what the run is for.
        return None


def fed_for_look(
    built: Built, spec: Spec, sizes: Mapping[str, int], rows: int = 2, alike: bool = False
) -> tuple[Case, Any]:
    """Return a small case, and what the model is called with for it; None where that cannot be made."""
    case = look_case(spec, sizes, rows, alike)
    try:
        built.spec, built.subject.spec = spec, spec
        states = initial_state(spec, case, 0, built.state_shapes(case.sizes(spec)))
        preprocess = built.target.option("preprocess")
        if preprocess is None or not spec.has_source:
            return case, feed(spec, arrays(case, spec), states)
        ids = [list(pair.source) for pair in case.batches[0].pairs]
        return case, feed(spec, arrays(case, spec), states, tf.convert_to_tensor(preprocess(ids)))
    except Exception:  # The user's own preprocessing may raise: the run will tell.
        return case, None


def _probabilities(scores: Any) -> bool:
    """Say whether scores look like probabilities: none negative, and each step's sum is one."""
    return bool((scores >= 0).all() and np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3))
