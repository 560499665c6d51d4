"""What a run tells a person: a `Finding` for each distinct failure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

import attrs

from fuzzseq.case import Case, Domain
from fuzzseq.outcome import Frame, Raised, Severity, Stage

#: The version of the recipe of :func:`finding_id`; it is part of the id.
ID_VERSION: Final = 1


@attrs.frozen(kw_only=True)
class Intervention:
    """One factor of the minimal case changed, and what came of it: ``passes``, ``same``, ``other`` or ``refused``."""

    factor: str
    change: str
    result: Literal["passes", "same", "other", "refused"]


@attrs.frozen(kw_only=True)
class Diagnosis:
    """Why a case fails: the cause from the catalogue, what spoke for it, and the next best."""

    cause: str
    explanation: str
    evidence: tuple[str, ...] = ()
    runner_up: str | None = None
    advice: str = ""
    interventions: tuple[Intervention, ...] = ()


@attrs.frozen(kw_only=True)
class Proof:
    """The counts behind a minimal case: how many neighbours one step simpler there are, and that all of them passed."""

    one_minimal: bool
    neighbours: int
    executions: int


@attrs.frozen(kw_only=True)
class Finding:
    """One distinct failure of a fuzz target.

    ``check`` is the first check that it broke, ``checks`` are all; ``case`` is minimal; ``location`` is the user's
    line; ``exceptions`` are the messages by mode, where eager and graph mode differ.
    """

    id: str
    target: str
    check: str
    checks: tuple[str, ...]
    cause: str
    group: str
    stage: Stage
    domain: Domain
    severity: Severity
    message: str
    exception: Raised | None
    location: Frame | None
    position: str
    case: Case
    sizes: Mapping[str, int]
    proof: Proof
    diagnosis: Diagnosis
    signature: str
    flaky: bool = False
    exceptions: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def one_minimal(self) -> bool:
        """Whether every neighbour one step simpler was tried and none fails in the same way."""
        return self.proof.one_minimal

    @property
    def executions(self) -> int:
        """The executions that shrinking took."""
        return self.proof.executions


def finding_id(target: str, family: str, cause: str, position: str) -> str:
    """Return the stable id of a finding: it holds no message, no line number and no automatic layer name."""
    text = "\x1f".join((str(ID_VERSION), target, family, cause, position))
    return f"{cause}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
