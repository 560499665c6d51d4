"""The files of one finding: ``<id>.json``, which can be replayed, and ``<id>.py``, which needs no fuzzseq."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fuzzseq import __version__
from fuzzseq.causes.catalog import CAUSES
from fuzzseq.events import Event, FindingReported, InternalError, Reporter, TargetFinished
from fuzzseq.files.format_versions import FINDING
from fuzzseq.findings import Finding
from fuzzseq.protocol.serialization import to_data
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.sanitize import command, inert
from fuzzseq.targets.spec import Spec

FORMAT_VERSION: Final = FINDING

_TITLES: Final = {cause.slug: cause.title for cause in CAUSES}
#: What a finding says of its diagnosis and its minimality, lifted to the level of the rest.
LIFTED: Final = (
    *("cause", "explanation", "evidence", "confidence", "runner_up", "confidence_reasons", "advice", "interventions"),
    *("symbolic_message", "unresolved_sizes", "region", "trace"),
)


def pretty(document: Mapping[str, object]) -> str:
    """Return a document as JSON for people and for diffs: sorted keys, two spaces."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def finding_entry(finding: Finding) -> dict[str, object]:
    """Return a finding as it stands in ``report.json`` and in its own file."""
    data = to_data(finding)
    diagnosis, minimality = data.pop("diagnosis"), data.pop("minimality")
    return {
        **{name: diagnosis[name] for name in LIFTED},
        **data,
        **minimality,
        "diagnosis_executions": diagnosis["executions"],
        "diagnosis_stopped": diagnosis["stopped"],
        "region_sentence": finding.diagnosis.region.sentence if finding.diagnosis.region else "",
        "title": _TITLES.get(finding.cause, finding.cause),
    }


def replaying(finding: Finding) -> str:
    """Return the command that replays a finding, for a report that says the same wherever it is written.

    It is one for where fuzzseq was run, as the target is named from there.
    """
    return command("fuzzseq replay", f"DIR/{finding.id}.json")


def finding_document(finding: Finding, spec: Spec, versions: Mapping[str, str]) -> dict[str, object]:
    """Return what stands in a finding's file: the finding, and what it takes to replay it."""
    return {
        "format_version": FORMAT_VERSION,
        **finding_entry(finding),
        "spec": to_data(spec),
        "versions": {**versions, "fuzzseq": __version__},
    }


def finding_reporters(record: RunState, folder: Folder, definition: str = "") -> list[Reporter]:
    """Return what writes the files of each finding; ``definition`` is code of a factory that no file holds."""
    return [FindingFiles(record, folder), Scripts(record, folder, definition)]


class FindingFiles:
    """Writes ``<id>.json`` as soon as a finding is made, and the traceback of an internal error.

    The files of a finding that a resumed run has superseded are taken away.
    """

    def __init__(self, record: RunState, folder: Folder) -> None:
        self._record, self._folder = record, folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, FindingReported):
            finding, record = event.finding, self._record
            versions = record.versions_of.get(finding.target, {})
            document = finding_document(finding, record.spec_of(finding), versions)
            self._folder.write(f"{finding.id}.json", pretty(document))
        elif isinstance(event, TargetFinished):
            for id_ in self._record.superseded:
                if id_ not in self._record.findings:
                    self._folder.remove(f"{id_}.json")
                    self._folder.remove(f"{id_}.py")
        elif isinstance(event, InternalError):
            text = "\n".join(
                f"{error.target or 'fuzzseq'}: {error.message}\n{error.traceback}" for error in self._record.errors
            )
            self._folder.write("internal-error.txt", inert(text))


class Scripts:
    """Writes ``<id>.py`` as soon as a finding is made."""

    def __init__(self, record: RunState, folder: Folder, definition: str) -> None:
        self._record, self._folder, self._definition = record, folder, definition

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, FindingReported):
            return
        from fuzzseq.reproduce.script import reproduction  # noqa: PLC0415 (only a run with a finding needs it)

        spec = self._record.spec_of(event.finding)
        self._folder.write(f"{event.finding.id}.py", reproduction(event.finding, spec, self._definition))
