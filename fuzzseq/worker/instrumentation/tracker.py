"""Which layer is running, with what shapes, and where in the user's code a layer was called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from weakref import ref

import numpy as np
import tensorflow as tf

from fuzzseq.checks.base import DropoutCall, LayerOutput, Softmax
from fuzzseq.protocol.outcome import Frame, LayerFrame
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.worker.frames import calling_frame
from fuzzseq.worker.instrumentation.call_trace import CallTrace
from fuzzseq.worker.instrumentation.lineage import Lineage
from fuzzseq.worker.instrumentation.recording import Recording, layer_frame
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Function, Kwargs, Layer, Nest
from fuzzseq.worker.naming import names

#: Hears the path, the output, the layer and the arguments of a call that has ended.
OutputListener = Callable[[str, Nest, Layer, Args], None]
#: Hears the path, the layer, the arguments and the result of a call that has ended, and returns its result.
CallListener = Callable[[str, Layer, Args, Kwargs, Nest], Nest]


class Tracker:
    """The layers that are running now, and what is remembered of those that raised or were called at build.

    It hears of what models do while the framework's hooks have it for their listener.
    """

    def __init__(self) -> None:
        self.trace = CallTrace()
        self._running: list[tuple[Layer, Args, Kwargs]] = []
        #: The layers that were running when a call raised, and the user's line of the innermost that has one.
        self.raised: tuple[LayerFrame, ...] = ()
        self.raised_site: Frame | None = None
        #: What that layer was given.
        self.raised_given: Nest = ()
        #: What tensors are made of, where that is followed.
        self.lineage: Lineage | None = None
        self._sites: dict[int, tuple[ref[Layer], Frame]] = {}
        #: Where in the user's code the model was given its loss.
        self.loss_site: Frame | None = None
        #: What kind of run is going on, and those kinds in which TensorFlow's global generator was drawn from.
        self.kind: object = None
        self._drawing: set[object] = set()
        self._drawn_anywhere = False
        self.builds_eagerly = False
        #: The numbers of Python's that each ``tf.function`` of the user's own was given in this run.
        self.traced_for: dict[str, set[tuple[float, ...]]] = {}
        #: Called with each layer that a ``build`` of its own has just built.
        self.on_build: Callable[[Layer], None] | None = None
        self._on_output: OutputListener | None = None
        self._on_call: CallListener | None = None
        self._record: Recording | None = None

    @contextmanager
    def building_eagerly(self) -> Iterator[None]:
        """Leave Keras' dry run of lazy layers out for the length of a block."""
        self.builds_eagerly = True
        try:
            yield
        finally:
            self.builds_eagerly = False

    @contextmanager
    def recording(self, graph: object = None) -> Iterator[Recording]:
        """Keep the outputs of layers and softmaxes for the length of a block; of one that traces ``graph``, softmaxes.

        In an eager run those in traced loops have no values.
        """
        self._record = record = Recording(graph)
        try:
            yield record
        finally:
            self._record = None

    @contextmanager
    def following(self) -> Iterator[Lineage]:
        """Follow what tensors are made of for the length of a block."""
        self.lineage = lineage = Lineage()
        try:
            with lineage.followed():
                yield lineage
        finally:
            self.lineage = None

    @contextmanager
    def watching(self, listener: OutputListener) -> Iterator[None]:
        """Call ``listener(path, output, layer, args)`` after each layer in a block."""
        self._on_output = listener
        try:
            yield
        finally:
            self._on_output = None

    @contextmanager
    def answering(self, listener: CallListener) -> Iterator[None]:
        """Have ``listener(path, layer, args, kwargs, result)`` say what each call of a layer in a block returns."""
        self._on_call = listener
        try:
            yield
        finally:
            self._on_call = None

    def draws(self) -> bool:
        """Say whether the kind of run that is going on is known to draw from the global generator."""
        return self._drawn_anywhere or self.kind in self._drawing

    def reset(self) -> None:
        """Forget the last failure."""
        self._running.clear()
        self.traced_for.clear()
        self.raised, self.raised_site, self.raised_given = (), None, ()

    def site_of(self, layer: Layer) -> Frame | None:
        """Return where in the user's code a layer or an operation became part of a functional model."""
        kept, site = self._sites.get(id(layer), (None, None))
        return site if kept is not None and kept() is layer else None  # Another may have had its number before.

    def site_of_call(self, layer: Layer) -> Frame | None:
        """Return where in the user's code a layer that is running is called."""
        return self.site_of(layer) or calling_frame() or self._site_in_model()

    def layer_called(self, call: Function, layer: Layer, args: Args, kwargs: Kwargs) -> Nest:
        """Call a layer under watch."""
        if self._running and self._running[-1][0] is layer:
            return call(layer, *args, **kwargs)
        if any(map(KERAS.is_symbolic, tf.nest.flatten((args, kwargs)))):
            self._joined_model(layer)
        depth = len(self._running)
        self._running.append((layer, args, kwargs))
        try:
            result = self.trace.call(
                self._path, type(layer).__name__, (args, kwargs), lambda: call(layer, *args, **kwargs)
            )
        except BaseException:
            if not self.raised:
                frames = zip(names([entry[0] for entry in self._running]), self._running, strict=True)
                self.raised = tuple(layer_frame(name, *entry) for name, entry in frames)
                self.raised_site = self._site_in_model()
                self.raised_given = args, kwargs
            raise
        else:
            self.raised, self.raised_site = (), None
            if self._on_call is not None:
                result = self._on_call(self._path(), layer, args, kwargs, result)
            if self.lineage is not None:
                self.lineage.called(layer, result)
            if self._on_output is not None:
                self._on_output(self._path(), result, layer, args)
            self._record_layer(call, layer, args, kwargs, result)
            return result
        finally:
            del self._running[depth:]

    def operation_added(self, operation: Layer) -> None:
        """Remember where in the user's code an operation became part of a functional model."""
        if self.site_of(operation) is None:
            self._joined_model(operation)

    def model_compiled(self) -> None:
        """Remember where in the user's code the model was given its loss: one that is a name has no other line."""
        self.loss_site = calling_frame()

    def layer_built(self, layer: Layer) -> None:
        """Pass on that a ``build`` of a layer's own has ended."""
        if self.on_build is not None:
            self.on_build(layer)

    def random_drawn(self) -> None:
        """Take note of a draw from the global generator, whose reset costs every compiled kernel.

        One inside of another graph than that of a run, a function of the user's own, may be called in any kind of run.
        """
        traced = self._record.graph if self._record is not None else None
        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is traced:
            self._drawing.add(self.kind)
        else:
            self._drawn_anywhere = True

    def function_called(self, code: CodeType, args: Nest) -> None:
        """Take note of the numbers of Python's that a function of the user's own is given: each costs a trace."""
        if not is_users(code.co_filename):
            return
        numbers = tuple(v for v in tf.nest.flatten(args) if isinstance(v, int | float) and not isinstance(v, bool))
        if numbers:
            self.traced_for.setdefault(code.co_name, set()).add(numbers)

    def softmax_computed(self, result: Nest, axis: int) -> None:
        """Keep the result of a softmax, where a run is recorded."""
        record = self._record
        if record is None:
            return
        if record.graph is None and isinstance(result, tf.Tensor) and hasattr(result, "numpy"):
            result = np.asarray(result)
        elif record.graph is None or getattr(result, "graph", None) is not record.graph:
            record.hidden = True
            return
        site = calling_frame() or self._site_in_model()
        ended = len(record.layers)
        record.softmaxes.append(Softmax(path=self._path(), value=result, axis=axis, layers_before=ended, site=site))

    def _record_layer(self, call: Function, layer: Layer, args: Args, kwargs: Kwargs, result: Nest) -> None:
        if self._record is None or self._record.graph is not None:
            return
        self._record_dropout(self._record, call, layer, args, kwargs, result)
        # What a layer of Keras' own is made of says nothing that the layer does not; a cell runs once a step besides.
        if any(KERAS.is_builtin(type(outer)) and not KERAS.is_model(outer) for outer, *_ in self._running[:-1]):
            return
        values = [value for value in tf.nest.flatten(result) if hasattr(value, "numpy")]
        path = self._path()
        frame = layer_frame(path.rsplit("/", 1)[-1], layer, args, kwargs)
        site = self.site_of_call(layer)
        output = LayerOutput(path=path, layer=frame, values=tuple(np.asarray(value) for value in values), site=site)
        self._record.layers.append(output)

    def _record_dropout(
        self, record: Recording, call: Function, layer: Layer, args: Args, kwargs: Kwargs, result: Nest
    ) -> None:
        """Keep whether a layer dropped anything, where that can be told; a frozen one need not."""
        rate = KERAS.dropout_rate(layer)
        if not rate or not args or getattr(layer, "stateful", False):
            return
        frozen = any(
            not getattr(outer, "trainable", True)
            or (depth and KERAS.is_model(outer) and given.get("training") is False)
            for depth, (outer, _, given) in enumerate(self._running)
        )
        if frozen:
            return
        # What a function of the user's own traces drops when that runs, and nobody sees it.
        drops: bool | None = True
        if all(hasattr(value, "numpy") for value in tf.nest.flatten((args[0], result))):
            given = args[: 3 if KERAS.is_recurrent(layer) else 1]  # What stands behind them says training.
            self._record = None
            without, dropped = (call(layer, *given, **{**kwargs, "training": way}) for way in (False, True))
            self._record = record
            # With dropout zeros stay zeros, and so does a state that nothing has changed yet.
            drops = not _equal(result, without) if not _equal(dropped, without) else None
        if drops is not None:
            site = self.site_of_call(layer)
            switched_off = self._running[0][2].get("training") is False
            record.dropouts.append(
                DropoutCall(path=self._path(), rate=rate, drops=drops, switched_off=switched_off, site=site)
            )

    def _path(self) -> str:
        return "/".join(names([entry[0] for entry in self._running]))

    def _joined_model(self, layer: Layer) -> None:
        """Remember the user's line that made a layer or an operation part of a functional model."""
        site = calling_frame()
        if site is not None:
            self._sites[id(layer)] = ref(layer), site

    def _site_in_model(self) -> Frame | None:
        """Return the user's line where the innermost of the running layers became part of a functional model."""
        sites = (self.site_of(entry[0]) for entry in reversed(self._running))
        return next((site for site in sites if site is not None), None)


def _equal(one: Nest, two: Nest) -> bool:
    pairs = zip(tf.nest.flatten(one), tf.nest.flatten(two), strict=True)
    return all(np.array_equal(np.asarray(left), np.asarray(right)) for left, right in pairs)
