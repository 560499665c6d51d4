"""Which layer is running, with what shapes, and where in the user's code a layer was called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import attrs
import keras
import numpy as np
import tensorflow as tf

from fuzzseq.checks.base import LayerOutput, Softmax
from fuzzseq.protocol.outcome import Frame, LayerCall, LayerFrame
from fuzzseq.worker.frames import caller
from fuzzseq.worker.naming import names

#: More calls of layers than a person reads.
_MOST_CALLS = 400


class Recording:
    """The layers and softmaxes of one eager run, in the order in which they were done; or the softmaxes of a trace.

    Those of a trace have symbolic values, which ``graph`` can give back. ``hidden`` says that there was one in another
    graph inside of it, as in the body of a loop.
    """

    def __init__(self, graph: Any = None) -> None:
        """Begin with none."""
        self.layers: list[LayerOutput] = []
        self.softmaxes: list[Softmax] = []
        self.graph, self.hidden = graph, False


class Tracker:
    """The layers that are running now, and what is remembered of those that raised or were called at build."""

    def __init__(self) -> None:
        """Start with nothing running."""
        self.stack: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.raised: tuple[LayerFrame, ...] = ()
        self.raised_site: Frame | None = None
        self._sites: dict[int, tuple[ref[Any], Frame]] = {}
        self.loss_site: Frame | None = None
        #: What kind of run is going on, and those kinds in which TensorFlow's global generator was drawn from.
        self.kind: Any = None
        self._drawing: set[Any] = set()
        self._drawn_anywhere = False
        #: Whether lazy layers are built by the eager call itself, with no dry run before it.
        self.eager_builds = False
        #: The numbers of Python's that each ``tf.function`` of the user's own was given in this run.
        self.traced_for: dict[str, set[tuple[float, ...]]] = {}
        self.on_output: Callable[[str, Any, Any, tuple[Any, ...]], None] | None = None
        #: Called with each layer that a ``build`` of its own has just built.
        self.on_build: Callable[[Any], None] | None = None
        self._record: Recording | None = None
        self._calls: list[LayerCall] | None = None
        self._open: list[int] = []

    @contextmanager
    def tracing(self) -> Iterator[Callable[[], tuple[LayerCall, ...]]]:
        """Keep the calls of layers for the length of a block; what is given returns those since the last restart."""
        self._calls = []
        try:
            yield lambda: tuple(self._calls or ())
        finally:
            self._calls = None

    @contextmanager
    def building_eagerly(self) -> Iterator[None]:
        """Leave Keras' dry run of lazy layers out for the length of a block."""
        self.eager_builds = True
        try:
            yield
        finally:
            self.eager_builds = False

    def restart_trace(self) -> None:
        """Forget the calls so far: another batch begins."""
        if self._calls is not None:
            self._calls.clear()

    def traced(self, path: str, kind: str, given: Any, function: Callable[[], Any]) -> Any:
        """Return what a function gives; where calls are kept, as the call of a layer."""
        calls = self._calls
        if calls is None or len(calls) >= _MOST_CALLS:
            return function()
        call = LayerCall(path=path, kind=kind, inputs=shapes(given))
        # Keras calls a layer that it has to build with symbols first, and goes on when that raises.
        # Only what has come since the call around this one began can be that.
        since = self._open[-1] + 1 if self._open else 0
        again = next((i for i, other in enumerate(calls) if i >= since and other == call), None)
        if again is not None:
            del calls[again:]
        at = len(calls)
        calls.append(call)
        self._open.append(at)
        try:
            result = function()
        finally:
            self._open.pop()
        if at < len(calls):
            calls[at] = attrs.evolve(call, outputs=shapes(result))
            if calls[at] in calls[:at]:
                del calls[at:]  # A cell that runs once a step is told once.
        return result

    @contextmanager
    def recording(self, graph: Any = None) -> Iterator[Recording]:
        """Keep the outputs of layers and softmaxes for the length of a block; of one that traces ``graph``, softmaxes.

        In an eager run those in traced loops have no values.
        """
        self._record = record = Recording(graph)
        try:
            yield record
        finally:
            self._record = None

    def record_softmax(self, value: Any, axis: int) -> None:
        """Keep the result of a softmax, where a run is watched, or traced."""
        record = self._record
        if record is None:
            return
        if record.graph is None and isinstance(value, tf.Tensor) and hasattr(value, "numpy"):
            value = np.asarray(value)
        elif record.graph is None or getattr(value, "graph", None) is not record.graph:
            record.hidden = True
            return
        site = caller(sys._getframe(2)) or self._site_in_model()
        record.softmaxes.append(Softmax(path=self.path(), value=value, axis=axis, site=site))

    def _site_in_model(self) -> Frame | None:
        """Return the user's line where the innermost of the running layers became part of a functional model."""
        sites = (self.site_of(entry[0]) for entry in reversed(self.stack))
        return next((site for site in sites if site is not None), None)

    def _record_layer(self, layer: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Keep the output of a layer, where a run is watched."""
        # What a layer of Keras' own is made of says nothing that the layer does not; a cell runs once a step besides.
        if self._record is None or self._record.graph is not None:
            return
        if any(_is_closed(entry[0]) for entry in self.stack[:-1]):
            return
        values = [value for value in tf.nest.flatten(result) if hasattr(value, "numpy")]
        path = self.path()
        frame = _layer_frame(path.rsplit("/", 1)[-1], layer, args, kwargs)
        site = self.site_of(layer) or caller(sys._getframe(3)) or self._site_in_model()
        output = LayerOutput(path=path, layer=frame, values=tuple(np.asarray(value) for value in values), site=site)
        self._record.layers.append(output)

    def drew(self) -> None:
        """Take note that an operation drew from the global generator, or was traced that will.

        One inside of another graph than that of a run, a function of the user's own, may be called in any kind of run.
        """
        traced = self._record.graph if self._record is not None else None
        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is traced:
            self._drawing.add(self.kind)
        else:
            self._drawn_anywhere = True

    def draws(self) -> bool:
        """Say whether the kind of run that is going on is known to draw from the global generator."""
        return self._drawn_anywhere or self.kind in self._drawing

    def reset(self) -> None:
        """Forget the last failure."""
        self.stack.clear()
        self.traced_for.clear()
        self.raised, self.raised_site = (), None

    def path(self) -> str:
        """Return the path of the layers that are running."""
        return "/".join(names([entry[0] for entry in self.stack]))

    def call(self, original: Callable[..., Any], layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a layer under watch."""
        if self.stack and self.stack[-1][0] is layer:
            return original(layer, *args, **kwargs)
        if _symbolic((args, kwargs)):
            self.called_at(layer, caller(sys._getframe(2)))
        depth = len(self.stack)
        self.stack.append((layer, args, kwargs))
        try:
            result = self.traced(
                self.path() if self._calls is not None else "",
                type(layer).__name__,
                (args, kwargs),
                lambda: original(layer, *args, **kwargs),
            )
        except BaseException:
            if not self.raised:
                self._remember()
            raise
        else:
            self.raised, self.raised_site = (), None
            if self.on_output is not None:
                self.on_output(self.path(), result, layer, args)
            self._record_layer(layer, args, kwargs, result)
            return result
        finally:
            del self.stack[depth:]

    def called_at(self, layer: Any, site: Frame | None) -> None:
        """Remember where in the user's code a layer or an operation became part of a functional model."""
        if site is not None:
            self._sites[id(layer)] = ref(layer), site

    def site_of(self, layer: Any) -> Frame | None:
        """Return where in the user's code a layer or an operation became part of a functional model."""
        kept, site = self._sites.get(id(layer), (None, None))
        return site if kept is not None and kept() is layer else None  # Another may have had its number before.

    def compiled_at(self, site: Frame | None) -> None:
        """Remember where in the user's code the model was given its loss."""
        self.loss_site = site

    def _remember(self) -> None:
        """Keep the stack of the layer that raises first, the innermost."""
        layers = [entry[0] for entry in self.stack]
        self.raised = tuple(_layer_frame(name, *entry) for name, entry in zip(names(layers), self.stack, strict=True))
        self.raised_site = self._site_in_model()


#: The one tracker of a process.
TRACKER = Tracker()


@contextmanager
def watching(listener: Callable[[str, Any, Any, tuple[Any, ...]], None]) -> Iterator[None]:
    """Call ``listener(path, output, layer, args)`` after each layer in a block."""
    TRACKER.on_output = listener
    try:
        yield
    finally:
        TRACKER.on_output = None


def _is_closed(layer: Any) -> bool:
    """Say whether a layer is one of Keras' own, and no model: what it is made of is nobody's to look at."""
    return type(layer).__module__.startswith("keras.") and not isinstance(layer, keras.Model)


def _symbolic(nest: Any) -> bool:
    """Say whether a call is part of building a functional model."""
    return any(isinstance(value, keras.KerasTensor) for value in tf.nest.flatten(nest))


def shapes(nest: Any) -> tuple[tuple[int, ...], ...]:
    """Return the shapes of the arrays in a structure; -1 for an unknown size."""
    found = []
    for value in tf.nest.flatten(nest):
        shape = getattr(value, "shape", None)
        if shape is None or isinstance(value, str):
            continue
        try:
            found.append(tuple(-1 if size is None else int(size) for size in shape))
        except (TypeError, ValueError):
            continue
    return tuple(found)


def _layer_frame(name: str, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> LayerFrame:
    """Return what is known of a layer's call."""
    states = kwargs.get("initial_state")
    if states is None and len(args) > 1 and isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
        states = args[1:]
    masks = [kwargs[key] for key in kwargs if "mask" in key and kwargs[key] is not None]
    others = {key: value for key, value in kwargs.items() if "mask" not in key and key != "initial_state"}
    weights = tuple(
        (str(weight.path).rsplit("/", 1)[-1], tuple(int(size) for size in weight.shape))
        for weight in getattr(layer, "_trainable_variables", [])
        if hasattr(weight, "path")
    )
    return LayerFrame(
        name=name,
        kind=type(layer).__name__,
        inputs=shapes((args[:1] if states is args[1:] else args, others)),
        states=shapes(states),
        masks=shapes(masks),
        weights=weights,
        units=units if isinstance(units := getattr(layer, "units", None), int) else None,
    )


def finite(value: Any) -> bool:
    """Say whether a tensor holds no NaN and no plus infinity; anything that is no float tensor is finite."""
    if not tf.is_tensor(value) or not getattr(value, "dtype", tf.int32).is_floating or not hasattr(value, "numpy"):
        return True
    array = np.asarray(tf.cast(value, tf.float64))
    return not bool((np.isnan(array) | (array == np.inf)).any())
