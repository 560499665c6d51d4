"""Which layer is running, with what shapes, and where in the user's code a layer was called."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from fuzzseq.checks.check import LayerOutput, Softmax
from fuzzseq.outcome import Frame, LayerFrame
from fuzzseq.worker.naming import names

_PACKAGE = Path(__file__).resolve().parent.parent
_FOREIGN = tuple(
    {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)


@lru_cache(maxsize=4096)
def is_users(file: str) -> bool:
    """Say whether a source file is the user's own: no framework, no standard library, and not fuzzseq itself."""
    if file.startswith("<frozen") or file == "<string>" or "autograph_generated_file" in file:
        return False
    path = str(Path(file).resolve()) if not file.startswith("<") else file
    if path.startswith(str(_PACKAGE)):
        return path.startswith(str(_PACKAGE / "examples"))
    return not path.startswith(_FOREIGN) and "site-packages" not in path and "dist-packages" not in path


def user_frames(trace: TracebackType | None) -> tuple[Frame, ...]:
    """Return the user's own frames of a traceback, outermost first."""
    return tuple(
        Frame(file=frame.filename, line=frame.lineno or 0, function=frame.name, source=(frame.line or "").strip())
        for frame in traceback.extract_tb(trace)
        if is_users(frame.filename)
    )


def caller(start: FrameType | None) -> Frame | None:
    """Return the innermost frame of the user's on the stack that leads to ``start``."""
    while start is not None and not is_users(start.f_code.co_filename):
        start = start.f_back
    if start is None:
        return None
    found = traceback.extract_stack(start, limit=1)[0]
    return Frame(file=found.filename, line=found.lineno or 0, function=found.name, source=(found.line or "").strip())


class Recording:
    """The layers and softmaxes of one eager run, in the order in which they were done."""

    def __init__(self) -> None:
        """Begin with none."""
        self.layers: list[LayerOutput] = []
        self.softmaxes: list[Softmax] = []


class Tracker:
    """The layers that are running now, and what is remembered of those that raised or were called at build."""

    def __init__(self) -> None:
        """Start with nothing running."""
        self.stack: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.raised: tuple[LayerFrame, ...] = ()
        self.raised_site: Frame | None = None
        self.call_sites: dict[int, Frame] = {}
        self.drew_random = False
        #: The numbers of Python's that each ``tf.function`` of the user's own was given in this run.
        self.traced_for: dict[str, set[tuple[float, ...]]] = {}
        self.on_output: Callable[[str, Any, Any, tuple[Any, ...]], None] | None = None
        self._record: Recording | None = None

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Keep the outputs of layers and softmaxes for the length of a block; those in traced loops have no values."""
        self._record = record = Recording()
        try:
            yield record
        finally:
            self._record = None

    def record_softmax(self, value: Any, axis: int) -> None:
        """Keep the result of a softmax, where a run is watched."""
        if self._record is not None and hasattr(value, "numpy"):
            site = caller(sys._getframe(2)) or self._site_in_model()
            self._record.softmaxes.append(Softmax(path=self.path(), value=np.asarray(value), axis=axis, site=site))

    def _site_in_model(self) -> Frame | None:
        """Return the user's line where the innermost of the running layers became part of a functional model."""
        sites = (self.call_sites.get(id(entry[0])) for entry in reversed(self.stack))
        return next((site for site in sites if site is not None), None)

    def _record_layer(self, layer: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Keep the output of a layer, where a run is watched."""
        # What a layer of Keras' own is made of says nothing that the layer does not; a cell runs once a step besides.
        if self._record is None or any(_is_closed(entry[0]) for entry in self.stack[:-1]):
            return
        values = [value for value in tf.nest.flatten(result) if hasattr(value, "numpy")]
        path = self.path()
        frame = _layer_frame(path.rsplit("/", 1)[-1], layer, args, kwargs)
        site = self.call_sites.get(id(layer)) or caller(sys._getframe(3)) or self._site_in_model()
        output = LayerOutput(path=path, layer=frame, values=tuple(np.asarray(value) for value in values), site=site)
        self._record.layers.append(output)

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
            result = original(layer, *args, **kwargs)
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
            self.call_sites[id(layer)] = site

    def _remember(self) -> None:
        """Keep the stack of the layer that raises first, the innermost."""
        layers = [entry[0] for entry in self.stack]
        self.raised = tuple(_layer_frame(name, *entry) for name, entry in zip(names(layers), self.stack, strict=True))
        sites = [self.call_sites[id(layer)] for layer in layers if id(layer) in self.call_sites]
        self.raised_site = sites[-1] if sites else None


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
