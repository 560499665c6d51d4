"""Why the work on a target or a whole run ended, what is said of it, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class ExitCode(IntEnum):
    """How ``fuzzseq`` ends, and a pytest run that has shown nothing."""

    CLEAN = 0
    FOUND = 1
    USAGE_ERROR = 2
    INTERNAL_ERROR = 3
    INCONCLUSIVE = 4
    INTERRUPTED = 130


class StopReason(str, Enum):
    """Why the work on a target or a run ended, those that say less of a whole run first; its value stands in reports.

    Attributes:
        label: What the terminal and the page show.
        exit_code: What a run that stopped so ends with; None where its findings decide.
        resumable: Whether a target that stopped so is not done: a run that is resumed goes on with it.
        before_any_case: What kept a target from being judged, empty where the reason does not tell.
        before_its_turn: What kept a check from having a case, empty likewise.
    """

    label: str
    exit_code: ExitCode | None
    resumable: bool
    before_any_case: str
    before_its_turn: str

    def __new__(
        cls,
        value: str,
        label: str,
        exit_code: ExitCode | None = None,
        resumable: bool = False,
        before_any_case: str = "",
        before_its_turn: str = "",
    ) -> Self:
        """Make a member of its value and what else there is to know of it."""
        member = str.__new__(cls, value)
        member._value_, member.label, member.exit_code, member.resumable = value, label, exit_code, resumable
        member.before_any_case, member.before_its_turn = before_any_case, before_its_turn
        return member

    COMPLETED = "completed", "completed"
    NO_CASE_RAN = "no_case_ran", "no case reached the model"
    MAX_CASES = "max_cases", "completed"
    MAX_FAILURES = (
        "max_failures",
        "max failures reached",
        None,
        False,
        "",
        "the target reached --maxfail before its turn",
    )
    BUDGET = (
        "budget",
        "time limit reached",
        None,
        True,
        "the time limit was reached before any case",
        "the time limit was reached before its turn",
    )
    UNUSABLE = "unusable", "unusable target", ExitCode.USAGE_ERROR, True
    INTERRUPTED = (
        "interrupted",
        "interrupted",
        ExitCode.INTERRUPTED,
        True,
        "the run was interrupted",
        "the run was interrupted before its turn",
    )
    ERROR = (
        "error",
        "internal error",
        ExitCode.INTERNAL_ERROR,
        True,
        "an internal error ended it",
        "an internal error ended the target before its turn",
    )

    def __str__(self) -> str:
        return str(self.value)  # On every version of Python.

    @classmethod
    def of_parts(cls, reasons: Iterable[StopReason]) -> StopReason:
        """Return why a whole run ended, of the reasons why its parts did: the one that says most."""
        return max(reasons, key=list(cls).index, default=cls.COMPLETED)
