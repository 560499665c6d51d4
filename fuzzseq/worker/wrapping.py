"""Keras and TensorFlow wrapped, once a process, so that the tracker hears of layers, softmaxes, draws and traces."""

from __future__ import annotations

import inspect
import sys
from functools import wraps
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework import random_seed

from fuzzseq.protocol.user_frames import is_users
from fuzzseq.worker.frames import caller
from fuzzseq.worker.tracking import TRACKER


def install() -> None:
    """Watch this process: the two ``__call__`` that all layers and operations of Keras go through, and the rest."""
    _watch_random_operations()
    _watch_softmaxes()
    _watch_symbolic_calls()
    _watch_functions()
    _skip_symbolic_builds()
    _watch_builds()
    _watch_compile()
    for owner in (keras.Layer, keras.Operation):
        original = owner.__call__
        if getattr(original, "watched", False):
            continue

        def watched(self: Any, *args: Any, original: Any = original, **kwargs: Any) -> Any:
            return TRACKER.call(original, self, args, kwargs)

        watched.watched = True  # type: ignore[attr-defined]
        watched.__wrapped__ = original  # type: ignore[attr-defined]
        owner.__call__ = watched


def _watch_symbolic_calls() -> None:
    """Take note where ``keras.ops`` functions put an operation into a model: those are never called themselves."""
    original = keras.Operation.symbolic_call
    if getattr(original, "watched", False):
        return

    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        if TRACKER.site_of(self) is None:
            TRACKER.called_at(self, caller(sys._getframe(1)))
        return original(self, *args, **kwargs)

    noted.watched = True  # type: ignore[attr-defined]
    keras.Operation.symbolic_call = noted


def _watch_compile() -> None:
    """Take note where a model was compiled: a loss that is a name there has no other line of the user's.

    The method is replaced where it is defined, for Keras asks whether a model's own is that one.
    """
    owner = next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind))
    original = owner.compile
    if getattr(original, "watched", False):
        return

    @wraps(original)
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        TRACKER.compiled_at(caller(sys._getframe(1)))
        return original(self, *args, **kwargs)

    noted.watched = True  # type: ignore[attr-defined]
    owner.compile = noted


def _skip_symbolic_builds() -> None:
    """Let an eager call make a lazy layer's weights, as Keras does where its own dry run with symbols has failed.

    The dry run takes three quarters of the first call of a model that fails, and nobody hears of it.
    """
    original = getattr(keras.Layer, "_maybe_build", None)
    if original is None or getattr(original, "watched", False):
        return

    def maybe_build(self: Any, *args: Any) -> Any:
        lazy = not self.built and getattr(self.build, "_is_default", False)
        if TRACKER.eager_builds and lazy and any(not layer.built for layer in self._layers):
            return None
        return original(self, *args)

    maybe_build.watched = True  # type: ignore[attr-defined]
    keras.Layer._maybe_build = maybe_build


def _watch_builds() -> None:
    """Take note when a layer was built by a ``build`` of its own: Keras locks its variables then."""
    original = keras.Layer._lock_state
    if getattr(original, "watched", False):
        return

    def noted(self: Any) -> None:
        original(self)
        if TRACKER.on_build is not None and not getattr(self.build, "_is_default", False):
            TRACKER.on_build(self)

    noted.watched = True  # type: ignore[attr-defined]
    keras.Layer._lock_state = noted


def _watch_random_operations() -> None:
    """Take note when an operation draws from TensorFlow's global generator, whose reset costs every compiled kernel."""
    original = random_seed.get_seed
    if getattr(original, "watched", False):
        return

    def noted(op_seed: Any) -> Any:
        TRACKER.drew()
        return original(op_seed)

    noted.watched = True  # type: ignore[attr-defined]
    random_seed.get_seed = noted


def _watch_functions() -> None:
    """Take note of the numbers of Python's that a ``tf.function`` of the user's own is given: each costs a trace."""
    function = type(tf.function(lambda: None))
    original = function.__call__
    if getattr(original, "watched", False):
        return

    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        code = getattr(inspect.unwrap(self.python_function), "__code__", None)
        if code is not None and is_users(code.co_filename) and (given := _numbers((args, kwargs))):
            TRACKER.traced_for.setdefault(code.co_name, set()).add(given)
        return original(self, *args, **kwargs)

    noted.watched = True  # type: ignore[attr-defined]
    function.__call__ = noted


def _numbers(nest: Any) -> tuple[float, ...]:
    """Return the numbers of Python's in a structure: a function is traced for each value of them."""
    return tuple(v for v in tf.nest.flatten(nest) if isinstance(v, int | float) and not isinstance(v, bool))


def _watch_softmaxes() -> None:
    """Take note of every softmax, Keras' own among them: they all go through one function of TensorFlow's."""
    original = tf.nn.softmax
    if getattr(original, "watched", False):
        return

    @wraps(original)
    def noted(logits: Any, axis: Any = None, name: Any = None) -> Any:
        result = original(logits, axis=axis, name=name)
        TRACKER.record_softmax(result, -1 if axis is None else int(axis))
        return result

    noted.watched = True  # type: ignore[attr-defined]
    tf.nn.softmax = noted
