"""The gradients of a step, by the weights that they are of, and where the layers of these are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from fuzzseq.checks.base import Gradient
from fuzzseq.protocol.outcome import Frame
from fuzzseq.reproduce.runtime import path_of
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Layer, Nest, Tensor
from fuzzseq.worker.subject import as_numpy


def gradients_of(built: ModelInstance, values: Sequence[Tensor | None]) -> tuple[Gradient, ...]:
    """Return what a step gave for each trainable weight, in order."""
    pairs = zip(built.trainable, values, strict=True)
    return tuple(Gradient(path=path_of(weight), value=as_numpy(value)) for weight, value in pairs)


def with_sites(
    gradients: tuple[Gradient, ...], built: ModelInstance, forward: Callable[[], object]
) -> tuple[Gradient, ...]:
    """Return gradients, those of nothing with the user's line that calls the layer of their weight.

    ``forward`` runs the model once more, eagerly.
    """
    wanted = {id(weight) for weight, each in zip(built.trainable, gradients, strict=True) if each.is_zero}
    sites: dict[int, Frame | None] = {}

    def listener(_path: str, _output: Nest, layer: Layer, _given: Args) -> None:
        for weight in KERAS.own_weights(layer):
            if id(weight) in wanted:
                sites.setdefault(id(weight), built.tracker.site_of_call(layer))

    with built.tracker.watching(listener):
        forward()
    pairs = zip(built.trainable, gradients, strict=True)
    return tuple(attrs.evolve(each, site=sites.get(id(weight))) for weight, each in pairs)
