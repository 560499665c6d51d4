"""The compiled metrics of scores whose values at padding are replaced."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api.objects import Nest, Tensor
from fuzzseq.worker.losses import as_targets, compared
from fuzzseq.worker.subject import ForwardOutput


def metrics_of_fillings(
    built: ModelInstance, fed: Nest, labels: Tensor, real: Tensor, weights: Tensor, output: ForwardOutput
) -> Iterator[dict[str, float]]:
    """Yield the metrics with the first class at padding, with the last, and with the first again.

    Values of one channel are 0, 1, and 0.

    Nothing where the scores are not of the steps that labels are for.
    """
    model, scores = built.model, output.scores
    if scores.shape[:2] != real.shape or as_targets(model, labels) is None:
        return
    for place in (0, -1, 0):
        filling = np.zeros(scores.shape[-1], scores.dtype.as_numpy_dtype)
        filling[place] = 1 if len(filling) > 1 else -place
        model.reset_metrics()
        filled = output.of(tf.where(real[..., None], scores, filling))
        given = compared(built.spec, model, fed, labels, filled, weights)
        if built.spec.traits.step_measures:
            weighed = built.spec.traits.step_measures == "weighted"
            given["sample_weight"] = as_targets(model, weights) if weighed else None
        found = model.compute_metrics(**given)
        yield {name: float(np.mean(value)) for name, value in found.items()}
