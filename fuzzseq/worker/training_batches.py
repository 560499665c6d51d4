"""What a training step is given: inputs, labels and weights, in the form in which the user's own step takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays, step_arrays
from fuzzseq.cases.case import Case
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import WIDTH_AXIS, label_tensor
from fuzzseq.worker.instrumentation.lineage import FED_AS
from fuzzseq.worker.keras_api.objects import Function, Nest, Tensor
from fuzzseq.worker.losses import as_targets


@attrs.frozen(kw_only=True)
class BatchArrays:
    """The arrays of a batch, and what functions of the user's are given of it by name."""

    seen: Arrays
    given: Mapping[str, Array]

    @classmethod
    def of(cls, built: ModelInstance, case: Case, seen: Arrays, batch: int = -1) -> BatchArrays:
        """Return those of a batch of a case, whose arrays are ``seen``."""
        return cls(seen=seen, given=step_arrays(case, built.spec.contract, seen, batch))

    def weights(self, built: ModelInstance) -> Tensor:
        """Return what each label weighs, float32: what the user's function says, else 1 at real steps, 0 at padding."""
        function = built.target.option("sample_weight")
        if callable(function):
            built.subject.mark.enter("loss")
            made = self._called(function, built.spec.contract.weight_arguments)
        else:
            made = self.seen.target_mask
        weights: Tensor = tf.cast(tf.convert_to_tensor(made), tf.float32)
        setattr(weights, WIDTH_AXIS, None)
        setattr(weights, FED_AS, "sample_weight")
        return weights

    def training_batch(self, built: ModelInstance, inputs: Nest, weights: Tensor) -> Nest:
        """Return a batch as the training step takes it; labels are None where nobody knows those of all outputs."""
        contract, model = built.spec.contract, built.model
        if contract.calling == "arguments":
            inputs = tuple(inputs.values())
        if callable(function := built.target.option("batch")):
            made = self._called(function, contract.batch.arguments, inputs=inputs, weights=np.asarray(weights))
            return tf.nest.map_structure(tf.convert_to_tensor, made)
        values = self._values(inputs=inputs, labels=as_targets(model, label_tensor(built.spec, self.seen)))
        parts = [
            tuple(_tensor(values[name]) for name in names) if len(names) > 1 else _tensor(values[names[0]])
            for names in contract.batch.parts
        ]
        if contract.batch.keys or not parts:
            return dict(zip(contract.batch.keys, parts, strict=True))
        weighed = (as_targets(model, weights),) if contract.sample_weight else ()
        return (*parts, *weighed)

    def _called(self, function: Function, arguments: Sequence[str], **more: Nest) -> Nest:
        values = self._values(**more)
        return function(**{name: values[name] for name in arguments})

    def _values(self, **more: Nest) -> dict[str, Nest]:
        return {**self.given, **more}


def _tensor(value: Nest) -> Nest:
    return tf.constant(value) if isinstance(value, np.ndarray) else value
