"""The rules that name a cause: each looks at the evidence and returns how strongly it speaks, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from fuzzseq.diagnosis.evidence import FailureEvidence, is_silent
from fuzzseq.diagnosis.rules import decoder, general, inputs, scoring, states
from fuzzseq.diagnosis.rules.vote import CauseScore

RULES: Final[tuple[Callable[[FailureEvidence], Iterator[CauseScore]], ...]] = (
    general.process,
    general.silent,
    general.graph,
    inputs.empty,
    inputs.vocabulary,
    inputs.ragged,
    inputs.lengths,
    decoder.source_and_target,
    decoder.size_one,
    states.batch,
    states.layer_count,
    decoder.heads,
    states.states,
    states.structure,
    decoder.widths,
    decoder.masks,
    general.types,
    general.no_gradient,
    scoring.loss,
    general.stage_alone,
)

#: Those that speak of a promise that is broken without an exception.
SILENT_RULES: Final = (general.silent, inputs.empty, states.silent_layers)


def votes(e: FailureEvidence) -> list[CauseScore]:
    """Return the votes of all rules, the strongest first."""
    # What two runs that disagree depend on is no sign of what would raise.
    rules = SILENT_RULES if is_silent(e.verdict) else RULES
    found = [vote for rule in rules for vote in rule(e)]
    return sorted(found, key=lambda vote: -vote.weight)
