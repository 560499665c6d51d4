"""From a factory and what its user declared to a resolved Spec: what nobody said is read off the model."""

from __future__ import annotations

import inspect
from typing import Any

import attrs
import tensorflow as tf

from fuzzseq.cases.domain import no_sizes
from fuzzseq.errors import FuzzseqError, SpecError
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance, arguments
from fuzzseq.worker.first_builds import Failed, builds, far_builds
from fuzzseq.worker.first_look import guessed_sizes, look
from fuzzseq.worker.frames import user_frames
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.parts import Part, takes
from fuzzseq.worker.refusals import always_raises, raised_text
from fuzzseq.worker.roles import inputs_of
from fuzzseq.worker.signatures import from_signature
from fuzzseq.worker.sizes import with_static_sizes, with_vocabularies
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.steps import names_random, with_training_step
from fuzzseq.worker.variables import every_layer

#: What the inputs of a lone decoder are, where their names are those of a source.
_TARGET_SIDE = {"source": "decoder_input", "source_mask": "target_mask", "source_length": "target_length"}


def infer(target: LoadedFactory, mark: StageBeacon, *, call: bool = True, skip: int = 0) -> Spec:
    """Return the Spec of a fuzz target.

    Without ``call`` the model is built and not called, as for one whose call ends the process; ``skip`` leaves out that
    many of the sizes that would be tried first, as for a factory that ends the process. One that raises for all that
    are left then keeps what its signature tells, and so does one whose layers raise for every size: running it will
    say why.

    Raises :class:`SpecError` for what cannot be fuzzed: a factory that builds no model, one that nobody can feed, what
    cannot be read off and was not declared, and code of the user's own that raises while it is looked at.
    """
    try:
        return _inferred(target, mark, call, skip)
    except Exception as error:
        if isinstance(error, FuzzseqError) or not user_frames(error.__traceback__):
            raise
        raise SpecError(f"{target.name} cannot be looked at: {raised_text(error, target.tracker)}.") from None


def _inferred(target: LoadedFactory, mark: StageBeacon, call: bool, skip: int) -> Spec:
    """Return what :func:`infer` does."""
    spec = from_signature(target)
    failed: Failed = []
    looks = builds(target, spec, mark, skip, failed)
    found = next(looks, None)
    if found is None and not skip and (found := next(far_builds(target, spec, mark, failed), None)) is None:
        if why := no_sizes(target.name, spec.contract):
            raise SpecError(why)
        if not all(refused.in_model for refused in failed):
            first = failed[0]
            raise always_raises(target.name, first.error, target.tracker, arguments(spec, first.sizes), len(failed))
    if found is None:
        note = "the factory raised for every size that was tried, so that its inputs could not be read off"
        return spec.read_off(notes=[note])
    built, sizes = found
    spec = _with_inputs(target, spec, built)
    spec = _with_ways(_with_loss(spec, built), built)
    if (
        call
        and spec.contract.kind == "encoder"
        and spec.traits.origins.get("kind") == "inferred"
        and spec.contract.loss
        and not spec.traits.functional
    ):
        # Nothing but a call tells whether a subclassed model gives something for each step that its loss could score.
        scores = look(built, spec, guessed_sizes(spec, sizes)).array
        spec = spec.read_off(contract={"kind": "many_to_many"}) if scores is not None and scores.ndim == 3 else spec
    spec = with_static_sizes(spec, built, sizes, looks)
    spec = with_vocabularies(target, spec, built, sizes, looks, call)
    _refuse_tokens(target.name, spec)
    return (
        with_training_step(spec, built, guessed_sizes(spec, sizes)) if call and spec.traits.own_training_step else spec
    )


def _with_inputs(target: LoadedFactory, spec: Spec, built: ModelInstance) -> Spec:
    """Return the Spec with how the model is called, what its inputs are, and what kind of model it is."""
    model = built.model
    calling, inputs = inputs_of(model, target.option("inputs") or {})
    if not inputs:
        raise SpecError(
            f"The model of {target.name} has no input that fuzzseq could feed, {_call_of(model)}: return a model, or a "
            "function, whose parameters say what they are, as (source, decoder_input)."
        )
    if spec.contract.kind == "decoder" and "decoder_input" not in {item.role for item in inputs}:
        inputs = tuple(attrs.evolve(item, role=_TARGET_SIDE.get(item.role, item.role)) for item in inputs)
    if any(item.role == "decoder_input" and item.rank == 3 for item in inputs):
        raise SpecError(
            f"The decoder of {target.name} takes rows of floats, (batch, steps, width), and fuzzseq feeds a decoder "
            "ids, (batch, steps): put the one-hot encoding or the embedding inside the model."
        )
    roles = {item.role for item in inputs}
    values: dict[str, Any] = {"calling": calling, "inputs": inputs}
    known = spec.traits.origins
    if "kind" not in known:
        values["kind"] = _kind(spec, roles, model)
    source = next((item for item in inputs if item.role == "source"), None)
    if source is not None and source.rank == 3 and "float_source" not in known:
        values["float_source"] = True
    if "state" in roles and spec.contract.initial_state is None and calling in ("list", "dict", "tuple"):
        values["initial_state"] = "inputs"
    if (
        spec.contract.initial_state is None
        and calling == "arguments"
        and any(i.required and i.role == "state" for i in inputs)
    ):
        name = next(item.key for item in inputs if item.required and item.role == "state")
        raise SpecError(
            f"The model of {target.name} cannot be called without its argument {name!r}, a state that nobody knows the "
            "shape of: declare it, as in @fuzz_target(initial_state='gru'), 'lstm', or a function of the dimensions."
        )
    if spec.contract.initial_state is not None and "state" not in roles:
        raise SpecError(
            f"initial_state is declared for {target.name}, and its model has no input that takes one: name an input or "
            "a parameter initial_state, or say which it is: @fuzz_target(inputs={'name': 'state'})."
        )
    inferred = {name for name in values if name != "calling" and not (name == "inputs" and name in known)}
    return spec.read_off(contract=values, inferred=inferred)


def _refuse_tokens(name: str, spec: Spec) -> None:
    """Raise :class:`SpecError` where the special tokens have ids that no vocabulary holds which fuzzseq would draw."""
    given = {"pad": spec.contract.tokens.pad, "start": spec.contract.tokens.start, "end": spec.contract.tokens.end}
    token, highest = max(((key, id_) for key, id_ in given.items() if id_ is not None), key=lambda pair: pair[1])
    vocabulary = spec.contract.vocabulary("target" if spec.contract.has_target else "source")
    if vocabulary is None or vocabulary in spec.contract.dimensions:
        return
    most = spec.contract.range_of(vocabulary).max
    if most > highest:
        return
    parameter = next((p.name for p in spec.contract.parameters if p.dimension == vocabulary), vocabulary)
    raise SpecError(
        f"tokens[{token!r}] of {name} is {highest}, and {parameter} is at most {most} unless its range is declared: "
        f"@fuzz_target({parameter}=dim({highest + 3}, {highest + 20}))."
    )


def _call_of(model: Any) -> str:
    """Return how a model is called, as its own code has it."""
    called = KERAS.call_of(model)
    return f"{getattr(called, '__name__', type(called).__name__)}{inspect.signature(called)}"


def _kind(spec: Spec, roles: set[str], model: Any) -> str:
    """Return what kind of model it is by its inputs, and by what the factory's parameters promise of its output."""
    if "source" in roles and "decoder_input" in roles:
        return "seq2seq"
    if "decoder_input" in roles:
        return "decoder"
    named = {p.dimension for p in spec.contract.parameters}
    if named & {"target_vocab_size", "output_dim"} and len(_output_shape(model)) in (0, 3):
        return "many_to_many"
    if len(_output_shape(model)) == 3 and (getattr(model, "compiled", False) or _scores_words(model)):
        return "many_to_many"
    return "encoder"


def _output_shape(model: Any) -> tuple[int | None, ...]:
    """Return the shape of a functional model's scores; empty where it is not known before a call."""
    if not KERAS.is_functional(model) or not getattr(model, "outputs", None):
        return ()
    found = [tuple(tensor.shape) for tensor in model.outputs]
    return next((shape for shape in found if len(shape) == 3), found[0])


def _scores_words(model: Any) -> bool:
    """Say whether a functional model ends in a dense layer, as one that scores words does."""
    layers = getattr(model, "layers", [])
    last = layers[-1] if layers else None
    return KERAS.is_output_layer(getattr(last, "layer", last))


def _with_loss(spec: Spec, built: ModelInstance) -> Spec:
    """Return the Spec with the compiled loss, where the model has one and the user gave no other."""
    model, target_loss = built.model, built.target.option("loss")
    compiled = bool(getattr(model, "compiled", False)) and (
        KERAS.has_compiled_loss(model) or KERAS.overrides(model, "compute_loss") or KERAS.overrides(model, "train_step")
    )
    ignored = getattr(target_loss or KERAS.compiled_loss(model), "ignore_class", None)
    if isinstance(ignored, int) and ignored < 0 and spec.contract.tokens.label_pad is None:
        # No label of a word is negative. It may be what labels are padded with, or a default that nobody looked at.
        note = (
            f"the loss leaves class {ignored} out, and labels are padded with {spec.contract.tokens.pad}: where yours "
            f"are padded with {ignored}, declare tokens={{'label_pad': {ignored}}}"
        )
        spec = spec.read_off(notes=[note])
    if spec.contract.loss is not None or not compiled:
        return spec
    if not KERAS.has_compiled_loss(model) and not KERAS.overrides(model, "compute_loss"):
        return spec
    return spec.read_off(contract={"loss": "compiled"}, inferred=["loss"])


def _with_ways(spec: Spec, built: ModelInstance) -> Spec:
    """Return the Spec with whether the model trains itself, and whether a decoder apart takes all steps at once."""
    model = built.model
    state = built.target.option("initial_state")
    return spec.read_off(
        contract={
            "takes_training": takes(model, "training"),
            "encoder": Part(model.encoder).described if isinstance(model, EncoderDecoder) else None,
            "decoder": Part(model.decoder).described if isinstance(model, EncoderDecoder) else None,
            "state_arguments": tuple(inspect.signature(state).parameters) if callable(state) else (),
        },
        traits={
            "functional": KERAS.is_functional(model),
            "keras_model": KERAS.is_model(model),
            "own_functions": any(map(_holds_functions, [model, *every_layer(model)])),
            "own_training_step": KERAS.is_model(model) and KERAS.overrides(model, "train_step"),
            "names_random": any(map(names_random, [model, *every_layer(model)])),
            "whole_decoder": isinstance(model, EncoderDecoder) and _takes_all_steps(model.decoder),
            "low_precision": any(
                getattr(layer, "compute_dtype", "") in ("float16", "bfloat16") for layer in every_layer(model)
            ),
        },
    )


def _holds_functions(owner: Any) -> bool:
    """Say whether a model, or a layer of the user's own, is a ``tf.function`` or has one."""
    if KERAS.is_builtin(type(owner)):
        return False
    kind = type(tf.function(lambda: None))
    held = (*vars(type(owner)).values(), *getattr(owner, "__dict__", {}).values())
    return isinstance(owner, kind) or any(isinstance(value, kind) for value in held)


def _takes_all_steps(decoder: Any) -> bool:
    """Say whether a decoder is a functional model whose tokens have an open time axis."""
    if not KERAS.is_functional(decoder) or not getattr(decoder, "inputs", None):
        return False
    shape = tuple(decoder.inputs[0].shape)
    return len(shape) == 2 and shape[1] is None and _states_only_start(decoder)


def _states_only_start(decoder: Any) -> bool:
    """Say whether the states that a decoder is given go into recurrent layers and nowhere else.

    Attention that asks the state of the step before would ask the first one for all steps.
    """
    states = [tensor for tensor, role in zip(decoder.inputs, Part(decoder).roles, strict=False) if role == "states"]
    return all(
        KERAS.is_recurrent(layer)
        for layer in decoder.layers
        for inputs in KERAS.inputs_of_calls(layer)
        if any(given is state for given in inputs for state in states)
    )
