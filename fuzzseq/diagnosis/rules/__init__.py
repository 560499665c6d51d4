"""The rules that name a cause: tables of what is asked of the evidence, and of what that speaks for."""

from __future__ import annotations

from typing import Final

from fuzzseq.checks.custom import check_of
from fuzzseq.diagnosis.evidence import FailureEvidence, is_silent
from fuzzseq.diagnosis.rules import decoder, general, inputs, scoring, states
from fuzzseq.diagnosis.rules.rule import CauseScore, Rule

#: Those of a failure that shows sizes. Of rules that speak as strongly as another the first decides.
RULES: Final[tuple[Rule, ...]] = (
    *general.PROCESS,
    *decoder.LOOPS,
    *inputs.EMPTY,
    *inputs.VOCABULARY,
    *inputs.RAGGED,
    *inputs.LENGTHS_ALONE,
    *decoder.LENGTHS_AND_SIZES,
    *states.BATCHES,
    *states.LAYER_COUNT,
    *decoder.HEADS,
    *states.STATES,
    *decoder.WIDTHS,
    *decoder.MASKS,
    *decoder.SCORES,
    *general.TYPES,
    *scoring.LOSS,
    *general.STAGES,
)


def votes(e: FailureEvidence) -> list[CauseScore]:
    """Return the votes of all rules, the strongest first."""
    found = []
    rules = RULES
    if e.verdict.raised is None:
        check = check_of(e.verdict.check, e.spec)
        found.append(CauseScore(check.cause, check.cause_weight, e.sentence))
        # What two runs that disagree depend on is no sign of what would raise.
        rules = (*general.SEEN, *((*inputs.EMPTY, *states.SILENT) if is_silent(e.verdict) else RULES))
    found += [score for rule in rules for score in rule.scores(e)]
    return sorted(found, key=lambda score: -score.weight)
