"""Graph mode: a model traced once with unknown batch and time, then run on every shape."""

from __future__ import annotations

from types import TracebackType

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.checks.base import Softmax
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.feeding import WIDTH_AXIS
from fuzzseq.worker.instrumentation import Recording, Tracker
from fuzzseq.worker.instrumentation.lineage import FED_AS
from fuzzseq.worker.keras_api.objects import Args, Function, Nest, Tensor
from fuzzseq.worker.stages import StageBeacon


def signature(nest: Nest, spec: Spec, known: bool = False) -> Nest:
    """Return a structure's tensor specs: batch and time unknown, unless the model fixes them or ``known`` is asked.

    The width of features, states and one-hot rows stays.
    """
    fixed = spec.contract.fixed()
    # A batch size that stands in a model is no part of a trace that takes others.
    rows_fixed = spec.contract.fixes_rows()
    lengths_fixed = bool(fixed & {"source_length", "target_length"})

    def relaxed(value: Nest) -> Nest:
        if not tf.is_tensor(value):
            return value
        shape: list[int | None] = list(value.shape)
        usual = None if value.dtype.is_integer or value.dtype.is_bool else len(shape) - 1
        width = getattr(value, WIDTH_AXIS, usual)
        for axis, size in enumerate(value.shape):
            # A mask has axes of one put in; a source or labels of one step may have more steps the next time.
            kept = axis == width or lengths_fixed or (size == 1 and width is None and len(shape) > 2)
            if not known and not (kept if axis else rows_fixed):
                shape[axis] = None
        return tf.TensorSpec(shape, value.dtype)

    return tf.nest.map_structure(relaxed, nest)


class Traced:
    """A function traced for the shapes of an example, left open as :func:`signature` says.

    What is no tensor in the arguments is fixed by the trace. A trace that fails is not tried again: calling it raises
    what it raised, with the layers that were running then.
    """

    def __init__(
        self, function: Function, example: Args, spec: Spec, mark: StageBeacon, tracker: Tracker, known: bool = False
    ) -> None:
        """Trace at once; ``stage`` is the one that this failed in, or that of a run of the whole."""
        self.stage = mark.current
        self._error: Exception | None = None
        self._trace: TracebackType | None = None
        self._tracker = tracker
        try:
            self._graph, self._record = _concrete(function, example, spec, known, tracker)
        except Exception as error:  # whatever a model raises while it is traced
            self._error, self._trace = error, error.__traceback__
            self.stage = mark.current
        self._where = tracker.raised, tracker.raised_site

    def __call__(self, *arguments: Nest) -> Nest:
        """Run on the tensors among the arguments."""
        return self._run(arguments)[0]

    def watched(self, *arguments: Nest) -> tuple[Nest, tuple[Softmax, ...]] | None:
        """Run likewise, and return every softmax as well; None where one is out of reach, as in the body of a loop."""
        if self._error is None and self._record.hidden:
            return None
        result, values = self._run(arguments)
        seen = zip(self._record.softmaxes, values, strict=True)
        return result, tuple(attrs.evolve(softmax, value=np.asarray(value)) for softmax, value in seen)

    def _run(self, arguments: Args) -> Nest:
        if self._error is not None:
            self._tracker.raised, self._tracker.raised_site = self._where
            raise self._error.with_traceback(self._trace)
        return self._graph(*[value for value in tf.nest.flatten(arguments) if tf.is_tensor(value)])


def _concrete(
    function: Function, example: Args, spec: Spec, known: bool, tracker: Tracker
) -> tuple[Function, Recording]:
    specs = signature(example, spec, known)
    flat = [part for part in tf.nest.flatten(specs) if isinstance(part, tf.TensorSpec)]
    records: list[Recording] = []

    def on_tensors(*tensors: Tensor) -> Nest:
        for tensor, shown in zip(tensors, filter(tf.is_tensor, tf.nest.flatten(example)), strict=True):
            setattr(tensor, FED_AS, getattr(shown, FED_AS, None))
        given = iter(tensors)
        filled = [next(given) if isinstance(part, tf.TensorSpec) else part for part in tf.nest.flatten(specs)]
        with tracker.recording(tf.compat.v1.get_default_graph()) as record:
            result = function(*tf.nest.pack_sequence_as(specs, filled))
        records.append(record)
        return result, [softmax.value for softmax in record.softmaxes]

    # Keras 3 does not convert Python control flow either when it fits a model; plain functions convert themselves.
    graph = tf.function(on_tensors, input_signature=flat, autograph=False)
    graph.get_concrete_function()
    return graph, records[-1]
