"""What cannot be fuzzed, in one sentence each: a statement about what fuzzseq can do, and no finding about a model."""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Mapping
from traceback import walk_tb
from types import ModuleType
from typing import Final

import tensorflow as tf

from fuzzseq.errors import SpecError
from fuzzseq.object_text import text_of
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import LayerFrame
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.inputs import ROLES
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.frames import user_frames
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model, Nest

#: The most letters of a value, or of an exception's message, that a sentence shows.
_LONGEST: Final = 300
#: The ranks that an input may have which plays a role, by the last word of that; the others may have any.
_RANKS: Final = {"source": (2, 3), "input": (2, 3), "length": (1, 2), "mask": (2, 3, 4)}
_FED: Final = "fuzzseq feeds ids (batch, steps), or rows of floats (batch, steps, width)"
_WRAP: Final = "return a function that takes what fuzzseq feeds, and calls the model with it"
#: What Python, or TensorFlow, raises where a tensor is taken for a tuple or a dict.
_OF_PYTHON: Final = (TypeError, ValueError, KeyError, AttributeError)
_TEXT_LAYERS: Final = ("TextVectorization", "StringLookup")


class NotAModel(TypeError):
    """A factory returned something that is no model. Where it does so for some sizes alone, that is a finding."""


def short(value: object) -> str:
    """Return a value as it is shown in a sentence: cut where it is long, its type where it cannot be shown."""
    try:
        return _cut(repr(value))
    except Exception:  # whatever the ``repr`` of a user's own class raises
        return f"a {type(value).__name__}"


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def raised_text(error: BaseException, tracker: Tracker) -> str:
    """Return an exception as a sentence shows it: class, message, and the user's own line."""
    raised = describe(error, tracker)
    message = _cut(raised.message)
    frame = raised.frames[-1] if raised.frames else raised.call_site
    place = f" ({frame.place})" if frame is not None else ""
    return f"{raised.exception}: {message}{place}" if message != raised.exception else f"{raised.exception}{place}"


def refuse_factory(name: str, factory: Function) -> None:
    """Raise :class:`SpecError` for what a target names and is no function that builds a model."""
    if not callable(factory):
        kind = "a module" if isinstance(factory, ModuleType) else type(factory).__name__
        raise SpecError(f"{name} is {kind} and no factory: a fuzz target is a function that builds a model.")
    if any(waits(factory) for waits in (inspect.iscoroutinefunction, inspect.isasyncgenfunction)):
        raise SpecError(f"{name} is an async function, and nobody awaits it: write 'def' in place of 'async def'.")
    if inspect.isgeneratorfunction(factory):
        raise SpecError(
            f"{name} is a generator: a fuzz target returns one model, so write 'return' in place of 'yield'."
        )


def checked_model(name: str, model: Model) -> Model:
    """Return what a factory returned; raises :class:`NotAModel` with the sentence for what is no model."""
    wanted = "it should return a keras.Model, an EncoderDecoder, or a function of the inputs."
    kind = type(model).__name__
    if isinstance(model, EncoderDecoder):
        for part in ("encoder", "decoder"):
            value: object = getattr(model, part)
            if not callable(value) or isinstance(value, type):
                raise NotAModel(
                    f"The factory {name} returned an EncoderDecoder whose {part} is {short(value)}: give a model."
                )
    elif isinstance(model, type):
        raise NotAModel(
            f"The factory {name} returned the class {model.__name__} and no model that is made of it: return "
            f"{model.__name__}(...)."
        )
    elif isinstance(model, list | tuple | Mapping):
        parts = list(model.values() if isinstance(model, Mapping) else model)
        held = ", ".join(type(part).__name__ for part in parts[:6]) + (", ..." if len(parts) > 6 else "")
        apart = "fuzzseq.EncoderDecoder(encoder, decoder) for two that are run step by step."
        alone = f"return the model that is trained alone, or {apart}"
        how = alone if any(map(KERAS.is_layer, parts)) else wanted
        raise NotAModel(f"The factory {name} returned a {kind} ({held}), and fuzzseq runs one model: {how}")
    elif not callable(model):
        shown = f" {short(model)}" if isinstance(model, str | int | float) else ""
        raise NotAModel(f"The factory {name} returned {kind}{shown}, which cannot be called: {wanted}")
    return model


def always_raises(name: str, error: Exception, tracker: Tracker, sizes: Mapping[str, int], tried: int) -> SpecError:
    """Return the error for a factory that built no model for any of the sizes that were tried."""
    if isinstance(error, NotAModel):
        return SpecError(str(error))
    with_ = ", ".join(f"{key}={value}" for key, value in sizes.items())
    every = f"for every one of {tried} settings that were tried, {with_} among them" if with_ else "when it is called"
    declare = " or declare the ranges that it supports, as in @fuzz_target(units=dim(1, 64))" if with_ else ""
    return SpecError(
        f"The factory {name} raises {every}, so there is no model to fuzz: {raised_text(error, tracker)}. Have it "
        f"build a model{declare}."
    )


def refuse_input(name: str, role: str, rank: int | None, dtype: str | None) -> None:
    """Raise :class:`SpecError` for an input that plays a role and takes what fuzzseq does not make."""
    if dtype == "string":
        if role in ("source", "decoder_input", "labels") and rank in (None, 1, 2):
            return
        raise SpecError(f"The model takes an input {name!r} of strings as its {role}, and {_FED}: {_WRAP}.")
    if rank is not None and rank not in _RANKS.get(role.rpartition("_")[2], (rank,)):
        raise SpecError(
            f"The model takes an input {name!r} of rank {rank} as its {role}, and {_FED}: if it is something else of "
            f"{', '.join(ROLES)}, say so, @fuzz_target(inputs={{{name!r}: '...'}}); else {_WRAP}."
        )


def refuse_unfed(name: str, fed: Nest, error: Exception, layers: tuple[LayerFrame, ...], tracker: Tracker) -> None:
    """Raise :class:`SpecError` where a first call raised because of what was fed, and not because of the model.

    That is so where nothing of the model had run, where ids were taken for text, and where the one tensor that was fed
    was taken for several. ``layers`` are those that were running when it raised.
    """
    if any(each.kind in _TEXT_LAYERS for each in layers) or FrameworkMessage(text_of(error)).takes_ids_for_text:
        raise SpecError(
            f"The model of {name} takes strings ({raised_text(error, tracker)}), and fuzzseq feeds ids: declare "
            '@fuzz_target(text=True), or text="source" where its target are ids, and it is given sentences.'
        )
    refuse_taken_apart(name, fed, error, tracker)
    # A layer or an operation inside of it counts as the model's own; so does a line of the user's.
    if len(layers) <= 1 and not user_frames(error.__traceback__):
        raise SpecError(
            f"The model of {name} cannot be fed: given {_shown(fed)}, it raises before any of it has run, "
            f"{raised_text(error, tracker)}. Say what its inputs are, @fuzz_target(inputs={{'name': 'source', ...}}), "
            f"or {_WRAP}."
        )


def refuse_taken_apart(name: str, fed: Nest, error: Exception | None, tracker: Tracker) -> None:
    """Raise :class:`SpecError` where the user's own code raised by taking the one tensor for a tuple or a dict."""
    if not tf.is_tensor(fed) or not isinstance(error, _OF_PYTHON):
        return
    frames = [frame for frame in walk_tb(error.__traceback__) if is_users(frame[0].f_code.co_filename)]
    if not frames or not FrameworkMessage(text_of(error)).takes_tensor_apart:
        return
    last, number = frames[-1]
    line = linecache.getline(last.f_code.co_filename, number)
    names = "|".join(re.escape(variable) for variable, value in last.f_locals.items() if value is fed)
    unpacks = rf",.*=\s*({names})\s*(#|$)|\*({names})\b|\bin\s+({names})\b"
    reads_by_name = rf"\b({names})\s*(\[\s*['\"]|\.\s*(keys|items|values|get|pop)\b)"
    if names and re.search(f"{unpacks}|{reads_by_name}", line):
        raise SpecError(
            f"The model of {name} takes its input apart in a way that fuzzseq cannot read, "
            f"{raised_text(error, tracker)}: name the parts, each with what it is, as in "
            "@fuzz_target(inputs={'ids': 'source', 'previous': 'decoder_input'}), or let its call have a parameter for "
            "each."
        )


def refuse_source(name: str, source: Nest) -> None:
    """Raise :class:`SpecError` where preprocessing returned something that is no array of numbers."""
    kind = getattr(source, "dtype", None)
    try:
        kind = tf.as_dtype(tf.convert_to_tensor(source).dtype if kind is None and isinstance(source, list) else kind)
        good = kind.is_floating or kind.is_integer or kind.is_bool
    except Exception:  # whatever TensorFlow raises for what is no tensor
        good = False
    if not good:
        raise SpecError(
            f"preprocess of {name} returned {_shown(source)}, which is not an array of numbers: it gets rows of ids "
            "and returns the model's source, an array (batch, steps)."
        )


def refuse_output(name: str, scores: Nest, raw: Nest) -> None:
    """Raise :class:`SpecError` for an output that is no array of numbers; ``raw`` is all that the model returned."""
    how = "return a tensor of scores (batch, steps, words), or say which output holds them, @fuzz_target(output=...)."
    try:
        kind = tf.as_dtype(scores.dtype)
    except (AttributeError, TypeError):
        shown = _shown(raw if scores is None else scores)
        raise SpecError(f"The model of {name} returned {shown}, which holds no array of numbers: {how}") from None
    if not (kind.is_floating or kind.is_integer):
        raise SpecError(f"The model of {name} returned an array of type {kind.name}, which holds no numbers: {how}")


def no_such_output(name: str, which: object, raw: Nest) -> SpecError:
    """Return the error for scores that are declared to be in an output that the model does not have."""
    return SpecError(
        f"output={which!r} is declared for {name}, and its model returned {_shown(raw)}: name an output that is there."
    )


def declared_raises(name: str, option: str, error: Exception, tracker: Tracker) -> SpecError:
    """Return the error for a function or an object that was declared, and raises when it is used for a first look."""
    return SpecError(f"{option} of {name} cannot be used: {raised_text(error, tracker)}.")


def parameters_of(function: Function, what: str) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a callable; raises :class:`SpecError` where Python does not know them."""
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise SpecError(
            f"{what} is {short(function)}, whose parameters Python does not know: return a function that names them."
        ) from None


def _shown(value: object) -> str:
    """Return what is fed, or was returned, by its structure, shapes and types."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_shown(part)}" for key, part in list(value.items())[:8]) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_shown, value[:8]))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if value is None or isinstance(value, str | int | float | bool):
        return short(value)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return f"a {type(value).__name__}"
    return f"an array {tuple(shape)} of {getattr(dtype, 'name', dtype)}"
