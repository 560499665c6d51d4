"""Batches made wrong in one way, and given to a model."""

from __future__ import annotations

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays, encoded
from fuzzseq.cases.case import Case
from fuzzseq.protocol.outcome import Outcome, Verdict
from fuzzseq.protocol.runs import ForwardRun, LossRun, Run
from fuzzseq.reproduce.runtime import is_shape
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.execution import init_weights
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.runs import BatchRun


def try_invalid_input(built: ModelInstance, case: Case, kind: str) -> Outcome:
    """Give a model one batch that is wrong, up to its loss where labels are, and say what it raised."""
    labels = kind.startswith("label")
    run = (LossRun if labels else ForwardRun)(batches=case.batches)
    try:
        init_weights(built, case)
        built.reset(run)
        _Wrong(built, case, run, kind).observe()
    except BaseException as error:  # whatever a model raises
        raised = describe(error, built.tracker, built.subject.mark.current)
        verdict = Verdict(check="accepts", status="raised", stage=raised.stage, raised=raised)
        return Outcome(verdicts=(verdict,))
    return Outcome(verdicts=(Verdict(check="accepts", status="passed"),))


class _Wrong(BatchRun):
    def __init__(self, built: ModelInstance, case: Case, run: Run, kind: str) -> None:
        super().__init__(built, case, run, 0, False)
        self.kind = kind
        self.arrays = wrong_arrays(self.arrays, kind, case, built.spec)
        if kind == "source_unpadded" and built.target.option("preprocess") is None:
            self.source = tf.ragged.constant([list(pair.source) for pair in case.batches[0].pairs], dtype=tf.int32)

    def state_shapes(self) -> Nest:
        return wrong_shapes(super().state_shapes(), self.kind)

    def initial_state(self, shapes: Nest) -> Nest:
        states = super().initial_state(shapes)
        if self.kind != "state_integers" or states is None:
            return states
        return tf.nest.map_structure(lambda state: tf.cast(state, tf.int32), states)


def wrong_shapes(shapes: Nest, kind: str) -> Nest:
    """Return a nested list of shapes with the first of them wrong, or with one more."""
    if is_shape(shapes):
        rows, *rest = shapes
        return {
            "state_count": [shapes, shapes],
            "state_units": (rows, *rest[:-1], rest[-1] + 1),
            "state_batch": (rows + 1, *rest),
            "state_batch_of_one": (1, *rest),
        }.get(kind, shapes)
    if kind == "state_count" and shapes and isinstance(shapes[-1], tuple):
        return [*shapes, shapes[-1]]
    return [wrong_shapes(part, kind) for part in shapes or ()]


def wrong_arrays(arrays: Arrays, kind: str, case: Case, spec: Spec) -> Arrays:
    """Return the arrays of a batch with one of them wrong."""
    side, _, what = kind.partition("_")
    if what in ("id_too_large", "id_negative"):
        of_source = side == "source"
        target = "labels" if spec.contract.takes_labels else "decoder_input"
        name, mask = ("source", arrays.source_mask) if of_source else (target, arrays.target_mask)
        size = case.dimensions.get(str(spec.contract.vocabulary("source" if of_source else "target")), 0)
        ids = getattr(arrays, name).copy()
        ids[0, int(mask[0].argmax())] = size if what == "id_too_large" else -1
        return attrs.evolve(arrays, **{name: ids})
    if kind == "source_ids_float":
        return attrs.evolve(arrays, source=arrays.source.astype(np.float32))
    if kind == "source_rank":
        return attrs.evolve(arrays, source=arrays.source[..., None])
    if kind == "target_rows":
        return attrs.evolve(arrays, decoder_input=_once_more(arrays.decoder_input, 0))
    if kind == "mask_steps":
        return attrs.evolve(
            arrays, source_mask=_once_more(arrays.source_mask, 1), target_mask=_once_more(arrays.target_mask, 1)
        )
    return attrs.evolve(arrays, labels=wrong_labels(arrays.labels, kind, case, spec))


def wrong_labels(labels: Array, kind: str, case: Case, spec: Spec) -> Array:
    """Return labels that are wrong; they are as they were for a kind that is not theirs."""
    classes = case.dimensions.get(str(spec.contract.vocabulary("target")), 0)
    if kind == "label_steps":
        return _once_more(labels, 1)
    if kind == "label_encoding":
        return labels.argmax(axis=-1) if labels.ndim == 3 else encoded(labels, "one_hot", case, spec.contract)
    if kind == "label_too_large":
        if labels.ndim == 3:
            return np.concatenate([labels, labels[..., :1]], axis=-1)
        changed: Array = labels.copy()
        changed[0, 0] = classes
        return changed
    return labels


def _once_more(value: Array, axis: int) -> Array:
    return np.concatenate([value, np.take(value, [-1], axis=axis)], axis=axis)
