"""What an executor is, and how the death of a worker becomes an outcome."""

from __future__ import annotations

import signal
from typing import Protocol

from fuzzseq.outcome import Ending, Frame, Outcome, Raised, Request, Stage, Verdict, owner_of


class Executor(Protocol):
    """Carries out the requests of one fuzz target."""

    def run(self, request: Request, limit: float | None = None) -> Outcome:
        """Answer one request within ``limit`` seconds; a worker that dies is an outcome."""

    def renew(self) -> None:
        """Go on with a fresh worker."""

    def close(self) -> None:
        """Leave no process behind."""


def death(
    request: Request, ending: Ending, stage: Stage, reason: str, output: str, frames: tuple[Frame, ...] = ()
) -> Outcome:
    """Return the outcome of a request that its worker did not survive; ``frames`` are where it was, outermost first."""
    exception = {"crashed": reason, "exited": "SystemExit", "hung": "Timeout", "out_of_memory": "OutOfMemory"}[ending]
    message = {
        "crashed": f"the process was ended by {reason}",
        "exited": f"the process ended itself: {reason}",
        "hung": f"no answer within {reason}",
        "out_of_memory": f"the process ran past its memory limit: {reason}",
    }[ending]
    raised = Raised(
        stage=stage, exception=exception, message=message, ending=ending, output=output[-2000:], frames=frames
    )
    owner = owner_of(stage)
    owner = owner if owner in request.checks else request.checks[0]
    return Outcome(
        ending=ending,
        verdicts=tuple(
            Verdict(check=name, status="raised", stage=stage, message=message, raised=raised)
            if name == owner
            else Verdict(check=name, status="not_reached", stage=stage)
            for name in request.checks
        ),
    )


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
