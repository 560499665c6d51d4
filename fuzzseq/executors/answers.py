"""What a worker answers, made out and held to what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fuzzseq.machine import is_full_disk
from fuzzseq.outcome import Outcome, Request
from fuzzseq.serialization import from_data
from fuzzseq.wire import Corrupted

T = TypeVar("T")


def outcome_in(answer: Any, request: Request) -> Outcome:
    """Return what an answer says of a request; raises ``ValueError`` where it is about other checks."""
    outcome = from_data(answer, Outcome)
    if [verdict.check for verdict in outcome.verdicts] != list(request.checks):
        raise ValueError("it is about other checks")
    return outcome


def understood(made: Callable[[], T]) -> T:
    """Return what is made of an answer; raises :class:`Corrupted` where it is nothing that a worker says."""
    try:
        return made()
    except Exception as error:  # noqa: BLE001 (cattrs raises what the data makes it raise)
        raise Corrupted(f"an answer that means nothing: {error}"[:200]) from None


def no_room(outcome: Outcome) -> str:
    """Return what an outcome says of a disk that is full; nothing where it does not."""
    return next((v.raised.message for v in outcome.verdicts if v.raised and is_full_disk(v.raised.message)), "")
