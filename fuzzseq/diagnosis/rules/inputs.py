"""Padding, lengths, vocabularies, embeddings and types of the input."""

from __future__ import annotations

from collections.abc import Iterator

from fuzzseq.cases.edge import EMPTY_BATCH, EMPTY_ROW, has_empty_batch, has_empty_row
from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.patterns import Pattern
from fuzzseq.diagnosis.rules.vote import CauseScore, unequal_lengths
from fuzzseq.protocol.framework_messages import Topic


def empty(e: FailureEvidence) -> Iterator[CauseScore]:
    """An edge case: a row without ids, a batch without rows."""
    if e.case.domain == "edge" and has_empty_row(e.case, e.spec.contract):
        yield CauseScore("input-empty", 99, f"{EMPTY_ROW}: {e.sentence}")
    elif e.case.domain == "edge" and has_empty_batch(e.case):
        yield CauseScore("input-empty", 99, f"{EMPTY_BATCH}: {e.sentence}")


def vocabulary(e: FailureEvidence) -> Iterator[CauseScore]:
    """An id is looked up beyond a table."""
    if not e.message.beyond_table:
        return
    if e.stage in ("loss", "gradient"):
        yield CauseScore("loss-vocabulary", 95, f"a label lies outside the output's classes: {e.message.text}")
        return
    ids = [side for side in ("source", "target") if e.passes(f"{side}_ids")]
    if ids:
        yield CauseScore(
            "input-vocabulary",
            97,
            f"it passes with the lowest {ids[0]} ids: the table has fewer rows than the vocabulary",
        )
    tables = [
        n for n in (e.spec.contract.vocabulary("source"), e.spec.contract.vocabulary("target")) if n and e.passes(n)
    ]
    if tables and not ids:
        yield CauseScore(
            "input-vocabulary", 97, f"it passes with another {tables[0]}: a table is smaller than its vocabulary"
        )
    by_length = [n for n in ("source_length", "target_length") if e.pattern(n).kind == "above"]
    for name in by_length:
        yield CauseScore("input-fixed-length", 96, f"it fails whenever {e.pattern(name).sentence(name)}")
    if not ids and not tables and not by_length:
        yield CauseScore("input-vocabulary", 70, "an id is looked up beyond its table")


def ragged(e: FailureEvidence) -> Iterator[CauseScore]:
    """Rows of different lengths are not padded."""
    said = e.message.speaks_of(Topic.RAGGED_ROWS)
    if e.passes("ragged"):
        strong = said or e.stage == "preprocess"
        yield CauseScore("input-unpadded", 96 if strong else 60, "it passes when all rows are of equal length")
    elif said:
        yield CauseScore("input-unpadded", 75, f"the message speaks of rows of different lengths: {e.message.short}")


def lengths(e: FailureEvidence) -> Iterator[CauseScore]:
    """A length beyond a constant, or no multiple of one."""
    if unequal_lengths(e) or e.matters("batch_size") or e.stage in ("loss", "gradient"):
        return
    for name in ("source_length", "target_length"):
        found = e.pattern(name)
        if found.kind in ("only", "mixed") and e.any_failure(name).kind == "below":
            found = e.any_failure(name)  # Each length may fail in words of its own.
        if found.kind == "above":
            # A constant of one is that of a step which is meant to be alone, and no limit that anybody chose.
            weight = 90 if found.constant > 1 else 60
            yield CauseScore("input-fixed-length", weight, f"it fails whenever {_when(e, name, found)}")
        elif found.kind == "multiple":
            yield CauseScore("input-length-multiple", 92, f"it fails whenever {_when(e, name, found)}")
        elif found.kind == "except":
            yield CauseScore("input-fixed-length", 82, f"it fails whenever {_when(e, name, found)}")
        elif found.kind == "below" and found.constant > 2:
            yield CauseScore("input-fixed-length", 55, f"it fails whenever {_when(e, name, found)}")


def _when(e: FailureEvidence, name: str, found: Pattern) -> str:
    """Return when it fails by one length: as the region says, where that speaks of nothing else."""
    alone = e.region is not None and len(e.region.conditions) == 1 and e.region.conditions[0][0] == name
    return e.region.expression if e.region is not None and alone else found.sentence(name)
