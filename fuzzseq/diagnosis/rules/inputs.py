"""Padding, lengths, vocabularies, embeddings and types of the input."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from fuzzseq.cases.edge import EMPTY_BATCH, EMPTY_ROW, has_empty_batch, has_empty_row
from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.patterns import Kind
from fuzzseq.diagnosis.rules.rule import LENGTHS, Rule, always, only_where, passes, speaks_of, unequal_lengths
from fuzzseq.protocol.framework_messages import Topic
from fuzzseq.targets.contract import SIDES


def _empty(e: FailureEvidence) -> list[str]:
    if e.case.domain != "edge":
        return []
    kinds = {EMPTY_ROW: has_empty_row(e.case, e.spec.contract), EMPTY_BATCH: has_empty_batch(e.case)}
    return [text for text, holds in kinds.items() if holds][:1]


_FEWER_ROWS: Final = "it passes with the lowest {0} ids: the table has fewer rows than the vocabulary"
_NO_ROW: Final = (
    "it passes with other {0} ids: one between the special ids, as of unknown words, is looked up elsewhere"
)
#: An edge case: a row without ids, a batch without rows.
EMPTY: Final = (Rule("input-empty", 99, _empty, "{0}: {e.sentence}"),)


def _passing_ids(e: FailureEvidence) -> Sequence[str]:
    return [side for side in SIDES if e.passes(f"{side}_ids") and side not in _unknown_words(e)][:1]


def _unknown_words(e: FailureEvidence) -> Sequence[str]:
    """Return the side whose ids all lie between special ones, or have a name, where others pass."""
    low = {side: e.spec.contract.plain_id(side) for side in SIDES}
    ids = {side: {word for pair in e.case.batches[-1].pairs for word in getattr(pair, side)} for side in SIDES}
    return [side for side in SIDES if e.passes(f"{side}_ids") and ids[side] and max(ids[side]) < low[side]][:1]


def _passing_tables(e: FailureEvidence) -> list[str]:
    tables = (e.spec.contract.vocabulary(side) for side in SIDES)
    return [] if _passing_ids(e) else [e.written[name] for name in tables if name and e.passes(name)][:1]


def _lengths_above(e: FailureEvidence) -> list[str]:
    return [e.pattern(name).sentence(e.written[name]) for name in LENGTHS if e.pattern(name).kind == "above"]


def _highest_ids(e: FailureEvidence) -> list[str]:
    """Return the side whose highest id decides whether it raises, with or without the size of a table."""
    parts = e.region.conditions if e.region else ()
    sides: list[str] = [side for side in SIDES if any(f"max_{side}_id" in part for part in parts)]
    return sides[:1] if len(parts) == 1 and e.passes(f"{sides[0]}_ids" if sides else "") else []


_REFUSED: Final = "it raises for the highest {0} ids alone, and passes with the lowest: the table has no rows for them"
#: An id is looked up beyond a table, or a model looks at its ids itself and refuses some.
VOCABULARY: Final = (
    *only_where(
        lambda e: e.verdict.raised is not None and not e.message.beyond_table and not e.scoring,
        Rule("input-vocabulary", 95, _highest_ids, _REFUSED),
    ),
    *only_where(
        lambda e: e.message.beyond_table and e.scoring,
        Rule("loss-vocabulary", 95, always, "a label lies outside the output's classes: {e.message.text}"),
    ),
    *only_where(
        lambda e: e.message.beyond_table and not e.scoring,
        Rule("input-vocabulary", 97, _passing_ids, _FEWER_ROWS),
        Rule("input-vocabulary", 97, _unknown_words, _NO_ROW),
        Rule(
            "input-vocabulary",
            97,
            _passing_tables,
            "it passes with another {0}: a table is smaller than its vocabulary",
        ),
        Rule("input-fixed-length", 96, _lengths_above, "it fails whenever {0}"),
        Rule(
            "input-vocabulary",
            70,
            lambda e: not (_passing_ids(e) or _unknown_words(e) or _passing_tables(e) or _lengths_above(e)),
            "an id is looked up beyond its table",
        ),
    ),
)


_EQUAL_ROWS: Final = "it passes when all rows are of equal length"
_ROWS_DIFFER: Final = "the message speaks of rows of different lengths: {e.message.short}"
#: Rows of different lengths are not padded.
RAGGED: Final = (
    *only_where(
        passes("ragged"),
        Rule("input-unpadded", 96, speaks_of(Topic.RAGGED_ROWS), _EQUAL_ROWS),
        Rule("input-unpadded", 96, lambda e: e.stage == "preprocess", _EQUAL_ROWS),
        Rule("input-unpadded", 60, always, _EQUAL_ROWS),
    ),
    *only_where(
        lambda e: not e.passes("ragged"), Rule("input-unpadded", 75, speaks_of(Topic.RAGGED_ROWS), _ROWS_DIFFER)
    ),
)


def _lengths(kind: Kind, beyond: int, e: FailureEvidence) -> list[str]:
    """Return when it fails by one length, its constant ``beyond`` another; as the region says, where that says it."""
    found = []
    for name in LENGTHS:
        pattern = e.pattern(name)
        if pattern.kind in ("only", "mixed") and e.any_failure(name).kind == "below":
            pattern = e.any_failure(name)  # Each length may fail in words of its own.
        if pattern.kind == kind and pattern.constant > beyond:
            region = e.region if e.region and [part[:1] for part in e.region.conditions] == [(name,)] else None
            said = region.expression if region else pattern.sentence(name)
            found.append(e.spec.contract.in_written_names(said))
    return found


#: A length beyond a constant, or no multiple of one. A constant of one is that of a step which is meant to be alone,
#: and no limit that anybody chose.
LENGTHS_ALONE: Final = (
    Rule("input-fixed-length", 92, speaks_of(Topic.OPEN_WEIGHT), "a weight has as many rows as there are steps"),
    *only_where(
        lambda e: not (unequal_lengths(e) or e.matters("batch_size") or e.scoring),
        Rule("input-fixed-length", 90, partial(_lengths, "above", 1), "it fails whenever {0}"),
        Rule("input-fixed-length", 60, partial(_lengths, "above", 0), "it fails whenever {0}"),
        Rule("input-length-multiple", 92, partial(_lengths, "multiple", 0), "it fails whenever {0}"),
        Rule("input-fixed-length", 82, partial(_lengths, "except", -1), "it fails whenever {0}"),
        Rule("input-fixed-length", 55, partial(_lengths, "below", 2), "it fails whenever {0}"),
    ),
)
