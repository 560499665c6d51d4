"""The properties that a model is checked for, one small module each.

To add a check: write a module with a ``CHECK``, and name it here.
"""

from __future__ import annotations

from typing import Final

from fuzzseq.checks import (
    accepts,
    attention_normalized,
    batch_independent,
    builds,
    causal,
    decodes,
    decoding_agrees,
    decoding_invariant,
    deterministic,
    finite,
    graph_agrees,
    inference_agrees,
    labels_hidden,
    loss_encoding,
    loss_ignores_padding,
    loss_logits,
    loss_pairs_steps,
    loss_per_token,
    metrics_ignore_padding,
    mixed_precision,
    output_shape,
    padding_invariant,
    predict_agrees,
    ragged_agrees,
    saves,
    state_chunked,
    state_handed_over,
    state_reset,
    state_used,
    state_wiring,
    stepwise,
    training_differs,
    trains,
    uses_source,
    xla_agrees,
)
from fuzzseq.checks.base import Check
from fuzzseq.errors import UsageError, nearest
from fuzzseq.protocol.outcome import Stage

#: Every check that ships, in the order of reports.
CHECKS: tuple[Check, ...] = (
    builds.CHECK,
    accepts.CHECK,
    output_shape.CHECK,
    finite.CHECK,
    trains.CHECK,
    training_differs.CHECK,
    deterministic.CHECK,
    batch_independent.CHECK,
    padding_invariant.CHECK,
    causal.CHECK,
    uses_source.CHECK,
    state_used.CHECK,
    state_handed_over.CHECK,
    state_chunked.CHECK,
    state_reset.CHECK,
    state_wiring.CHECK,
    stepwise.CHECK,
    inference_agrees.CHECK,
    decodes.CHECK,
    decoding_agrees.CHECK,
    decoding_invariant.CHECK,
    attention_normalized.CHECK,
    labels_hidden.CHECK,
    loss_encoding.CHECK,
    loss_ignores_padding.CHECK,
    loss_per_token.CHECK,
    loss_logits.CHECK,
    loss_pairs_steps.CHECK,
    metrics_ignore_padding.CHECK,
    graph_agrees.CHECK,
    xla_agrees.CHECK,
    predict_agrees.CHECK,
    ragged_agrees.CHECK,
    mixed_precision.CHECK,
    saves.CHECK,
)

#: Judged on any case, and asked beside every other check: what raises before that one belongs to one of these.
PREREQUISITES: Final = (builds.CHECK.name, accepts.CHECK.name)


def with_prerequisites(*names: str) -> tuple[str, ...]:
    """Return the names of checks, each once, after those of the checks that have to be asked beside them."""
    return tuple(dict.fromkeys((*PREREQUISITES, *names)))


def owner_of(stage: Stage) -> str:
    """Return the check that an exception of a stage belongs to."""
    return next(check.name for check in CHECKS if stage in check.owns)


def check_named(name: str) -> Check:
    """Return a check by its name; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    for check in CHECKS:
        if check.name == name:
            return check
    known = [check.name for check in CHECKS]
    raise UsageError(f"There is no check {name!r}.{nearest(name, known)} Checks: {', '.join(known)}.")
