"""Reading ``<id>.json``, the file of a finding: what it takes to run its minimal case again, and nothing else."""

from __future__ import annotations

from pathlib import Path

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import why_not
from fuzzseq.errors import ReplayError
from fuzzseq.files.format_versions import FINDING, KEY, other_version
from fuzzseq.files.input_files import NotJson, json_of, read_text
from fuzzseq.grammar import CauseSlug, CheckName, FindingId, Misfit, Reference
from fuzzseq.protocol.serialization import from_data
from fuzzseq.targets.spec import Spec

_GIVE = "Give one of the <id>.json files of a run's output folder"
_AS_WRITTEN = "take the file as the run wrote it"


@attrs.frozen(kw_only=True)
class ReplayFile:
    """What a replay needs of a finding: the case that fails, the check that it fails, and the key of the failure."""

    id: FindingId
    target: Reference
    check: CheckName
    checks: tuple[CheckName, ...]
    cause: CauseSlug
    signature: str
    case: Case
    spec: Spec
    message: str = ""

    def objection(self) -> str:
        """Return what does not fit together in a file that was read; nothing where all does."""
        why = why_not(self.case, self.spec.contract)
        return f"the case cannot be: {why}" if why else ""


def read_finding(path: Path) -> ReplayFile:
    """Return what stands in a finding's file; raises :class:`ReplayError` with one sentence where it is none."""
    try:
        document = json_of(read_text(path, advice=_GIVE, error=ReplayError))
    except NotJson as why:
        if why.cut_off:
            line = str(why).partition(":")[0]
            raise ReplayError(f"{path} is cut off in {line}: copy the whole file, or run its target again.") from None
        raise ReplayError(f"{path} is not JSON ({why}). {_GIVE}.") from None
    if not isinstance(document, dict) or KEY not in document:
        raise ReplayError(f"{path} is not a finding of fuzzseq. {_GIVE}.")
    if why_other := other_version(document[KEY], FINDING):
        raise ReplayError(f"{path} {why_other}.")
    if "targets" in document:
        raise ReplayError(
            f"{path} is the report of a whole run: replay the <id>.json files next to it, one per finding."
        )
    try:
        return from_data(document, ReplayFile)
    except Misfit as why_not_one:
        raise ReplayError(f"{path} cannot be replayed: {why_not_one}; {_AS_WRITTEN}.") from None
