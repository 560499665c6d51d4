"""Every variable of a model: set in general position once, and put back before each run."""

from __future__ import annotations

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.reproduce.runtime import owners_of, path_of, unique, variables_of
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Layer, Model, Nest, Variable

#: What a layer may keep numbers and tensors in.
_Container = list[object] | dict[object, object]


def owners(subject: Model) -> list[Model]:
    """Return the Keras layers, modules and variables that a model, a callable or a closure is made of."""
    return owners_of(subject, KERAS.variable_owners)


def all_variables(subject: Model) -> list[Variable]:
    """Return every variable of a model, each once."""
    return variables_of(subject, "variables", KERAS.variable_owners)


def trainable_variables(subject: Model) -> list[Variable]:
    """Return the variables that training is meant to change, each once."""
    return variables_of(subject, "trainable_variables", KERAS.variable_owners)


def perturb_ulp(variables: list[Variable], draw: int) -> None:
    """Move every float weight to the next number of its type, up or down by chance: what rounding may do to it."""
    rng = np.random.default_rng(draw)
    for variable in variables:
        value = np.asarray(variable)
        if value.dtype.kind == "f":
            ways = np.where(rng.random(value.shape) < 0.5, -np.inf, np.inf).astype(value.dtype)
            variable.assign(np.nextafter(value, ways))


class Snapshot:
    """The values of all variables, and of plain attributes of the user's own layers, to put back before each run."""

    def __init__(self, subject: Model) -> None:
        everything = all_variables(subject)
        for owner in owners(subject):
            optimizer = getattr(owner, "optimizer", None)
            if optimizer is not None and hasattr(optimizer, "build"):
                optimizer.build(owner.trainable_variables)
                everything += list(optimizer.variables)
        trainable = {id(v) for v in trainable_variables(subject)}
        taken = [(v, np.asarray(v)) for v in unique(everything)]
        # One that is not initialized yet has no value to put back.
        there = [(v, tf.constant(value)) for v, value in taken if value.shape == tuple(v.shape)]
        self._still = [(v, value) for v, value in there if id(v) in trainable]
        self._moving = [(v, value) for v, value in there if id(v) not in trainable]
        layers = every_layer(subject)
        self._stateful = [layer for layer in layers if getattr(layer, "stateful", False)]
        self._counters = [(layer, n) for layer in layers if (n := KERAS.seed_counter(layer)) is not None]

    @property
    def rows(self) -> int | None:
        """The rows of the states that a recurrent layer of Keras' keeps from batch to batch; None where none does."""
        kept = (state for layer in self._stateful for state in KERAS.kept_states(layer))
        return next((int(state.shape[0]) for state in kept), None)

    def restore(self) -> None:
        """Put everything back."""
        for variable, value in (*self._moving, *self._still):
            # Keras' own ``assign`` takes twenty times as long, which was half of a traced case.
            tf.raw_ops.AssignVariableOp(resource=KERAS.handle(variable), value=value)
        for layer in self._stateful:
            KERAS.reset_states(layer)
        for layer, count in self._counters:
            KERAS.set_seed_counter(layer, count)

    def advance_rng(self, repetition: int) -> None:
        """Move the random generators on, so that a run differs from another in them alone."""
        for variable, value in self._moving:
            if repetition and KERAS.is_seed(path_of(variable)):
                variable.assign(value + tf.cast(repetition, value.dtype))
        for layer, count in self._counters:
            KERAS.set_seed_counter(layer, count + repetition)


def every_layer(subject: Model) -> list[Layer]:
    """Return all layers of a model, nested ones included."""
    return unique(layer for owner in owners(subject) for layer in KERAS.layers(owner))


@attrs.frozen
class _Taken:
    """What is kept of one layer: its plain attributes, what its lists and dicts of plain values hold, all its names."""

    layer: Layer
    kept: dict[str, object]
    contents: tuple[tuple[_Container, Nest], ...]
    names: frozenset[str]


class PlainAttributes:
    """The numbers and tensors that the user's own layers keep in attributes, and in lists and dicts there.

    They are put back before each run.
    """

    def __init__(self, subject: Model) -> None:
        self._taken: dict[int, _Taken] = {}
        for layer in every_layer(subject):
            self.take(layer)

    def take(self, layer: Layer) -> None:
        """Take those of a layer as they are now: its ``build`` may have made some, and is not called again."""
        if KERAS.is_builtin(type(layer)):
            return
        frameworks, now = KERAS.framework_attributes(layer), vars(layer)
        # TensorFlow's wrappers of lists and dicts only say that they are such: their content cannot be put back.
        containers = {name: v for name, v in now.items() if issubclass(type(v), list | dict)}
        kept = {
            name: v
            for name, v in now.items()
            if name not in frameworks and all(map(_is_plain, _parts(v) if name in containers else (v,)))
        }
        contents = tuple((v, v.copy()) for name, v in kept.items() if name in containers)
        self._taken[id(layer)] = _Taken(layer, kept, contents, frozenset(now))

    def restore(self) -> None:
        """Put changed attributes back, and take away tensors that appeared since.

        What is made lazily, a layer or a variable where there was None, stays.
        """
        for taken in self._taken.values():
            now = vars(taken.layer)
            for name, value in taken.kept.items():
                if now.get(name) is not value and _passes(now.get(name)):
                    setattr(taken.layer, name, value)
            for name in [n for n, v in now.items() if n not in taken.names and _holds_tensors(v)]:
                delattr(taken.layer, name)
            for container, content in taken.contents:
                if not _passes(container):
                    continue
                if isinstance(container, dict):  # It stays the same object, and Keras does not hear of it.
                    dict.clear(container)
                    dict.update(container, content)
                else:
                    list.__setitem__(container, slice(None), content)


def _parts(value: Nest) -> list[object]:
    return list(value.values() if isinstance(value, dict) else value)


def _holds_tensors(value: object) -> bool:
    """Say whether a value is a tensor and no variable, or a list, tuple or dict of such tensors."""
    if isinstance(value, list | tuple | dict):
        return len(value) > 0 and all(map(_holds_tensors, _parts(value)))
    return bool(tf.is_tensor(value)) and not KERAS.is_variable(value)


def _passes(value: object) -> bool:
    """Say whether a value may be of one run alone: a number, None or a tensor, or a nest of such."""
    if isinstance(value, list | tuple | dict):
        return all(map(_passes, _parts(value)))
    return _is_plain(value)


def _is_plain(value: object) -> bool:
    """Say whether an attribute is a number, None or a tensor, and no part of the framework's own bookkeeping."""
    plain = isinstance(value, int | float | np.ndarray | None)
    return plain or (tf.is_tensor(value) and not KERAS.is_variable(value))
