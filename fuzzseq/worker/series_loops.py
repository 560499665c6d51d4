"""What a decode loop of a series gives, held to the model that is fed all at once what the loop fed step by step."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from fuzzseq.cases.arrays import Array, Arrays
from fuzzseq.checks.decoded import Decoded
from fuzzseq.checks.produced import read_series
from fuzzseq.protocol.runs import DecodeRun
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.keras_api.objects import Function, Nest
from fuzzseq.worker.loop_watch import Watch


def held_series(
    spec: Spec, arrays: Arrays, returned: Sequence[Nest], watches: Sequence[Watch], run: DecodeRun, score: Function
) -> Decoded:
    """Return the values of a loop, and those of teacher forcing on what it fed; ``score`` runs the model on arrays.

    Raises ValueError where it gives no values for each row.
    """
    given: dict[tuple[int, int], list[Array]] = {}
    for watch in watches:
        for key, calls in watch.fed.items():
            given.setdefault(key, []).extend(calls)
    values, fed = read_series(returned, given.values(), len(arrays.source), arrays.decoder_input.shape[-1])
    found = Decoded(values=values[:, : run.steps], whole=_scored(score, arrays))
    if not spec.contract.float_decoder:
        return attrs.evolve(found, unaligned="the model reads no target")
    if fed is None:
        return attrs.evolve(found, unaligned="nobody saw it feed the model, step by step, what it returns")
    fed = fed[:, : run.steps]
    try:
        lengths = range(1, fed.shape[1] + 1) if run.by_prefix else [fed.shape[1]]
        parts = [_forced(spec, arrays, fed[:, :length], values.shape[-1], score) for length in lengths]
    except ValueError as error:
        return attrs.evolve(found, unaligned=str(error))
    forced = np.concatenate([part[:, -1:] for part in parts], axis=1) if run.by_prefix else parts[0]
    return attrs.evolve(found, forced=forced)


def _forced(spec: Spec, arrays: Arrays, fed: Array, channels: int, score: Function) -> Array:
    """Return what the model gives (rows, steps, channels) for what a loop fed; raises ValueError where it does not."""
    rows, steps = fed.shape[:2]
    width = arrays.decoder_input.shape[1] if "target_length" in spec.contract.static else steps
    steps = min(steps, width)
    given = np.zeros((rows, width, fed.shape[-1]), np.float32)
    given[:, :steps] = fed[:, :steps]
    changed = attrs.evolve(
        arrays,
        decoder_input=given,
        labels=np.zeros((rows, width, *arrays.labels.shape[2:]), arrays.labels.dtype),
        target_mask=np.tile(np.arange(width) < steps, (rows, 1)),
        target_length=np.full(rows, steps, np.int32),
    )
    values = _scored(score, changed)
    if values is None or values.shape[:2] != (rows, width):
        raise ValueError("the model gives no values for each step of what it feeds")
    if values.shape[-1] != channels:
        raise ValueError(f"it returns {channels} values for a step, and the model gives {values.shape[-1]}")
    return values[:, :steps]


def _scored(score: Function, arrays: Arrays) -> Array | None:
    """Return what the model gives for arrays, with an axis of channels; None where it raises or gives no steps."""
    try:
        values = np.asarray(score(arrays))
    except Exception:  # Other checks say what the model raises.
        return None
    return values if values.ndim == 3 else values[..., None] if values.ndim == 2 else None
