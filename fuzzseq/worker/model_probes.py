"""Probes of a model as it was built: how it is called, what kind it is, how it learns, what it is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import attrs
import tensorflow as tf

from fuzzseq.errors import SpecError
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.targets.declared_values import parameters_named
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.worker import stated
from fuzzseq.worker.build import flat_inputs
from fuzzseq.worker.built_models import BuiltModel, SavedModel
from fuzzseq.worker.first_look import look
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Model
from fuzzseq.worker.parts import Part, context_place
from fuzzseq.worker.roles import inputs_of
from fuzzseq.worker.source_constants import names_in
from fuzzseq.worker.subject import SteppedSubject
from fuzzseq.worker.variables import every_layer

#: What the inputs of a lone decoder are, where their names are those of a source.
_TARGET_SIDE = {"source": "decoder_input", "source_mask": "target_mask", "source_length": "target_length"}


def inputs(seen: Inspection) -> Inspection:
    """Read how the model is called, and what its inputs are, off their names, ranks and types or the model's code."""
    name = seen.built.target.name
    calling, found = inputs_of(seen.model, seen.built.target.option("inputs") or {})
    if not found:
        called = KERAS.call_of(seen.model)
        call = f"{getattr(called, '__name__', type(called).__name__)}{inspect.signature(called)}"
        raise SpecError(
            f"The model of {name} has no input that fuzzseq could feed, {call}: return a model, or a "
            "function, whose parameters say what they are, as (source, decoder_input)."
        )
    if seen.spec.contract.kind == "decoder" and not {item.role for item in found} & {"decoder_input", "labels"}:
        found = tuple(attrs.evolve(item, role=_TARGET_SIDE.get(item.role, item.role)) for item in found)
    inferred = () if "inputs" in seen.spec.traits.origins else ("inputs",)
    names = [str(tensor.name) for tensor in flat_inputs(seen.model)] if KERAS.is_functional(seen.model) else []
    return seen.read_off(
        contract={"calling": calling, "inputs": found}, traits={"input_names": tuple(names)}, inferred=inferred
    )


def kind(seen: Inspection) -> Inspection:
    """Read what kind of model it is off its inputs, and off what the factory's parameters say of its output."""
    if "kind" in seen.spec.traits.origins:
        return seen
    roles = {item.role for item in seen.spec.contract.inputs}
    of_output = {p.dimension for p in seen.spec.contract.parameters} & {"target_vocab_size", "output_dim"}
    outputs = (getattr(seen.model, "outputs", None) or ()) if KERAS.is_functional(seen.model) else ()
    ranks = [len(tensor.shape) for tensor in outputs]
    rank = 3 if 3 in ranks else next(iter(ranks), 0)  # 0 where it is not known before a call.
    last = seen.model.layers[-1] if rank == 3 else None
    scores_words = KERAS.is_output_layer(getattr(last, "layer", last))  # As dense layers at the end do.
    if roles & {"decoder_input", "labels"}:
        value = "seq2seq" if "source" in roles else "decoder"
    elif (of_output and rank in (0, 3)) or (rank == 3 and (getattr(seen.model, "compiled", False) or scores_words)):
        value = "many_to_many"
    else:
        value = "encoder"
    return seen.read_off(contract={"kind": value}, inferred=["kind"])


def special_tokens(seen: Inspection) -> Inspection:
    """Read the ids of the special tokens off the model's config, where nobody declared them."""
    if "tokens" in seen.spec.traits.origins or not (found := stated.special_tokens(seen.model)):
        return seen
    others = (built.model for built, sizes in seen.other_builds() if sizes != seen.sizes)
    again = stated.special_tokens(other) if (other := next(others, None)) is not None else found
    moved = next((token for token in found if again.get(token) != found[token]), None)
    if moved is not None:
        raise SpecError(
            f"The id of the {moved} token of {seen.built.target.name} follows its sizes: the model's config says "
            f"{found[moved]}, and {again.get(moved)} in other sizes. A run pads and starts all rows with the same ids: "
            "give the config fixed ones, such as 0, 1 and 2."
        )
    note = f"the special tokens are those of the model's config: {', '.join(f'{t}={i}' for t, i in found.items())}"
    tokens = attrs.evolve(seen.spec.contract.tokens, **found)
    return seen.read_off(contract={"tokens": tokens}, inferred=["tokens"], notes=[note])


def float_source(seen: Inspection) -> Inspection:
    """Read whether the source is rows of floats off its rank."""
    source = next((item for item in seen.spec.contract.inputs if item.role == "source"), None)
    declared = "float_source" in seen.spec.traits.origins or "source" in seen.spec.contract.forms.one_hot
    if source is None or source.rank != 3 or declared:
        return seen
    return seen.read_off(contract={"float_source": True}, inferred=["float_source"])


def initial_state(seen: Inspection) -> Inspection:
    """Read whether the initial state is an input of a functional model, whose shape is known."""
    contract, name = seen.spec.contract, seen.built.target.name
    states = [item for item in contract.inputs if item.role == "state"]
    if contract.initial_state is not None:
        if not states:
            raise SpecError(
                f"initial_state is declared for {name}, and its model has no input that takes one: name an input or "
                "a parameter initial_state, or say which it is: @fuzz_target(inputs={'name': 'state'})."
            )
        return seen
    required = next((item.key for item in states if item.required), None)
    if contract.calling == "arguments" and required is not None:
        raise SpecError(
            f"The model of {name} cannot be called without its argument {required!r}, a state that nobody knows the "
            "shape of: declare it, as in @fuzz_target(initial_state='gru'), 'lstm', or a function of the dimensions."
        )
    if not states or contract.calling not in ("list", "dict", "tuple"):
        return seen
    return seen.read_off(contract={"initial_state": "inputs"}, inferred=["initial_state"])


def ignored_labels(seen: Inspection) -> Inspection:
    """Read off the loss whether it leaves out a class that no padding of labels is declared to be."""
    tokens = seen.spec.contract.tokens
    ignored = getattr(seen.built.target.option("loss") or KERAS.compiled_loss(seen.model), "ignore_class", None)
    if not isinstance(ignored, int) or ignored >= 0 or tokens.label_pad is not None:
        return seen
    # No label of a word is negative. It may be what labels are padded with, or a default that nobody looked at.
    note = (
        f"the loss leaves class {ignored} out, and labels are padded with {tokens.pad}: where yours "
        f"are padded with {ignored}, declare tokens={{'label_pad': {ignored}}}"
    )
    return seen.read_off(notes=[note])


def compiled_loss(seen: Inspection) -> Inspection:
    """Read whether the model is compiled with a loss, where its user declared no other."""
    if seen.spec.contract.loss is not None or not KERAS.is_compiled(seen.model):
        return seen
    if not KERAS.has_compiled_loss(seen.model) and not KERAS.overrides(seen.model, "compute_loss"):
        return seen
    weighted = "sample_weight" not in seen.spec.traits.origins and KERAS.has_weighted_metrics(seen.model)
    values = {"loss": "compiled", **({"sample_weight": "mask"} if weighted else {})}
    return seen.read_off(contract=values, inferred=values)


def runs_eagerly(seen: Inspection) -> Inspection:
    """Read whether the model is compiled to be run eagerly: nobody traces it then."""
    if not seen.spec.contract.graph or getattr(seen.model, "run_eagerly", False) is not True:
        return seen
    return seen.read_off(contract={"graph": False}, inferred=["graph"])


def signatures(seen: Inspection) -> Inspection:
    """Read what the model, an encoder and a decoder apart, and a function of the initial state take."""
    subject, state = seen.built.subject, seen.built.target.option("initial_state")
    values: dict[str, object] = {
        "takes_training": subject.takes_training,
        "state_arguments": tuple(inspect.signature(state).parameters) if callable(state) else (),
    }
    if isinstance(subject, SteppedSubject):
        values |= {"encoder": subject.encoder.signature, "decoder": subject.decoder.signature}
    return seen.read_off(contract=values)


def framework(seen: Inspection) -> Inspection:
    """Read which Keras a model is made of: that of its first layer, where it is a callable, or two parts.

    What that does wrong itself is said, so that nobody looks for it in the model.
    """
    layers = every_layer(seen.model)
    notes = sorted({f"{defect}: findings may come from that" for each in layers if (defect := KERAS.defect(each))})
    return seen.read_off(traits={"framework": KERAS.framework(next(iter(layers), None))}, notes=notes)


def form(seen: Inspection) -> Inspection:
    """Read what the target is: a function that makes a model, its class, or a model that is there."""
    factory = inspect.unwrap(seen.built.target.factory)
    if isinstance(factory, SavedModel):
        return seen.read_off(traits={"form": "saved", "custom_objects": factory.custom_objects})
    if not isinstance(factory, BuiltModel):
        return seen.read_off(traits={"form": "class" if isinstance(factory, type) else "factory"})
    how = f"{factory.made_by}, which makes it," if factory.made_by else "a function that makes it"
    return seen.read_off(
        traits={"form": "model"},
        notes=[f"the model is built already, and only its own sizes are tried: name {how} to have others tried"],
    )


def inference_models(seen: Inspection) -> Inspection:
    """Read whether the factory returned an encoder and a decoder for inference beside its model."""
    pair = seen.built.inference
    if pair is None:
        return seen
    encoder = Part(pair.encoder, context_place(pair.encoder, pair.decoder))
    signatures = {"encoder": encoder.signature, "decoder": Part(pair.decoder).signature}
    return seen.read_off(contract=signatures, traits={"inference_models": True})


@attrs.frozen(kw_only=True)
class TraitProbe:
    """Reads a field of :class:`Traits` off a model without a call: whether something ``holds`` of it."""

    trait: str
    holds: Callable[[Model], bool]

    def __call__(self, seen: Inspection) -> Inspection:
        """Return the inspection with the trait."""
        return seen.read_off(traits={self.trait: self.holds(seen.model)})


def has_functions(model: Model) -> bool:
    """Say whether a model, or a layer of the user's own, is a ``tf.function`` or has one."""
    kind_of_function = type(tf.function(lambda: None))
    return any(
        isinstance(value, kind_of_function)
        for owner in (model, *every_layer(model))
        if not KERAS.is_builtin(type(owner))
        for value in (owner, *vars(type(owner)).values(), *getattr(owner, "__dict__", {}).values())
    )


def overrides_training_step(model: Model) -> bool:
    """Say whether a model has a training step of its own; one of a library's, if it was compiled for it."""
    if not KERAS.is_model(model) or not KERAS.overrides(model, "train_step"):
        return False
    code = getattr(inspect.unwrap(type(model).train_step), "__code__", None)
    return KERAS.is_compiled(model) or code is None or is_users(code.co_filename)


def mentions_random(model: Model) -> bool:
    """Say whether the call of a model, or of a layer of the user's own, names anything that is random."""
    calls = (getattr(type(layer), "call", layer) for layer in (model, *every_layer(model)))
    return any("random" in names_in(call) and not KERAS.is_builtin(call) for call in calls)


def keeps_states(model: Model) -> bool:
    """Say whether a layer keeps its state from batch to batch."""
    return any(getattr(layer, "stateful", False) is True for layer in every_layer(model))


def reads_backwards(model: Model) -> bool:
    """Say whether a recurrent layer reads its rows from the end, inside a Bidirectional or by itself."""
    return any(getattr(layer, "go_backwards", False) is True for layer in every_layer(model))


def trains_by_default(model: Model) -> bool:
    """Say whether a layer trains where nobody says so: by the default of its call, or as the model is made."""
    layers = every_layer(model)
    calls = (inspect.signature(KERAS.call_of(layer)).parameters for layer in layers if _is_own(type(layer)))
    by_default = any("training" in call and call["training"].default is True for call in calls)
    return by_default or any(True in KERAS.training_of_calls(layer) for layer in layers)


def reset_method(seen: Inspection) -> Inspection:
    """Read the method of the user's own that has a model begin anew."""
    methods = ("reset_states", "reset_state")
    own = (name for name in methods if callable(method := getattr(type(seen.model), name, None)) and _is_own(method))
    own = (name for name in own if not parameters_named(getattr(seen.model, name)))
    return seen.read_off(traits={"reset_method": next(own, "")})


def _is_own(method: object) -> bool:
    return not KERAS.is_builtin(method)


def has_low_precision(model: Model) -> bool:
    """Say whether a layer computes in half precision."""
    return any(getattr(layer, "compute_dtype", "") in ("float16", "bfloat16") for layer in every_layer(model))


def decodes_all_steps(model: Model) -> bool:
    """Say whether a decoder apart is a functional model whose tokens have an open time axis.

    The states that it is given go into recurrent layers and nowhere else, but for those that it hands on unchanged:
    attention that asks the state of the step before would ask the first one for all steps.
    """
    decoder: Model = model.decoder if isinstance(model, EncoderDecoder) else None
    if not KERAS.is_functional(decoder) or not getattr(decoder, "inputs", None):
        return False
    shape = tuple(decoder.inputs[0].shape)
    roles = Part(model.decoder).signature.roles
    kept = {id(tensor) for tensor in decoder.outputs}
    states = [t for t, role in zip(decoder.inputs, roles, strict=False) if role == "states" and id(t) not in kept]
    given = ((layer, KERAS.inputs_of_calls(layer)) for layer in decoder.layers)
    readers = (layer for layer, calls in given if any(tensor is s for call in calls for tensor in call for s in states))
    return len(shape) == 2 and shape[1] is None and all(map(KERAS.is_recurrent, readers))


def scored_steps(seen: Inspection) -> Inspection:
    """Read off a call whether a subclassed model with a loss gives something for each step that it could score."""
    contract, traits = seen.spec.contract, seen.spec.traits
    encoder = contract.kind == "encoder" and traits.origins.get("kind") == "inferred"
    if not (seen.may_call and encoder and contract.loss) or traits.functional:
        return seen
    scores = look(seen.built, seen.spec, seen.guess).array
    return seen.read_off(contract={"kind": "many_to_many"}) if scores is not None and scores.ndim == 3 else seen
