"""What a test is failed with: one exception class for each cause, so that two mistakes are never taken for one."""

from __future__ import annotations

from typing import Any

from fuzzseq.causes.catalog import CAUSES
from fuzzseq.events import Unjudged
from fuzzseq.findings import Finding

__all__ = ["FuzzFailure", "Inconclusive", "failure_of"]


class FuzzFailure(AssertionError):
    """A model was found to fail. Its subclasses are the causes of the catalog: ``fuzzseq.failures.StateUnits``."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        # Both are positional and passed on, so that the exception can be pickled and copied.
        super().__init__(message, findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings, in the order in which they were made."""
        found: tuple[Finding, ...] = self.args[1]
        return found

    def __str__(self) -> str:
        return str(self.args[0])


class Inconclusive(AssertionError):
    """A check was never judged, so that a model without findings has not been shown to be right. It is no finding."""

    def __init__(self, message: str, unjudged: tuple[Unjudged, ...] = ()) -> None:
        super().__init__(message, unjudged)

    @property
    def unjudged(self) -> tuple[Unjudged, ...]:
        """The checks that were never judged, each with what kept it from that."""
        found: tuple[Unjudged, ...] = self.args[1]
        return found

    def __str__(self) -> str:
        return str(self.args[0])


def failure_of(message: str, findings: tuple[Finding, ...]) -> FuzzFailure:
    """Return the exception for findings, of the class of the first one's cause."""
    failure: FuzzFailure = __getattr__(_class_name(findings[0].cause))(message, findings)
    return failure


def _class_name(cause: str) -> str:
    """Return how the class of a cause is called: ``state-units`` is StateUnits."""
    return "".join(word.capitalize() for word in cause.split("-"))


def __getattr__(name: str) -> Any:
    """Make the class of a cause on first use; from then on it stands in this module, where pickle finds it."""
    for cause in CAUSES:
        if _class_name(cause.slug) == name:
            made = type(name, (FuzzFailure,), {"__module__": __name__, "__doc__": f"{cause.title}."})
            return globals().setdefault(name, made)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
