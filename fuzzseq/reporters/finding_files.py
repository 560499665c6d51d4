"""The files of one finding: ``<id>.json``, which can be replayed, and ``<id>.py``, which needs no fuzzseq."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fuzzseq import __version__
from fuzzseq.case import Case
from fuzzseq.causes import CAUSES
from fuzzseq.errors import ReplayError
from fuzzseq.events import Event, FindingMade, InternalError
from fuzzseq.findings import Finding
from fuzzseq.reporters.folder import Folder
from fuzzseq.reporters.record import Record
from fuzzseq.sanitize import command
from fuzzseq.serialization import from_data, to_data
from fuzzseq.spec import Spec

FORMAT_VERSION: Final = 1

_TITLES: Final = {cause.slug: cause.title for cause in CAUSES}
#: What a finding says of its diagnosis and its proof, lifted to the level of the rest.
_LIFTED: Final = (
    *("cause", "explanation", "evidence", "confidence", "runner_up", "against", "advice", "interventions"),
    *("named", "nameless", "region", "trace"),
)


def pretty(document: Mapping[str, Any]) -> str:
    """Return a document as JSON for people and for diffs: sorted keys, two spaces."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def finding_entry(finding: Finding) -> dict[str, Any]:
    """Return a finding as it stands in ``report.json`` and in its own file."""
    data = to_data(finding)
    diagnosis, proof = data.pop("diagnosis"), data.pop("proof")
    return {
        **{name: diagnosis[name] for name in _LIFTED},
        **data,
        **proof,
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


def finding_document(finding: Finding, spec: Spec, versions: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands in a finding's file: the finding, and what it takes to replay it."""
    return {
        "format_version": FORMAT_VERSION,
        **finding_entry(finding),
        "spec": to_data(spec),
        "versions": {**versions, "fuzzseq": __version__},
    }


class FindingFiles:
    """Writes ``<id>.json`` as soon as a finding is made, and the traceback of an internal error."""

    def __init__(self, record: Record, folder: Folder) -> None:
        """Keep what is known of the run, and where to write."""
        self._record, self._folder = record, folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, FindingMade):
            finding, record = event.finding, self._record
            document = finding_document(finding, record.specs.get(finding.target, Spec()), record.versions)
            self._folder.write(f"{finding.id}.json", pretty(document))
        elif isinstance(event, InternalError):
            text = "\n".join(
                f"{error.target or 'fuzzseq'}: {error.message}\n{error.traceback}" for error in self._record.errors
            )
            self._folder.write("internal-error.txt", text)


class Scripts:
    """Writes ``<id>.py`` as soon as a finding is made."""

    def __init__(self, record: Record, folder: Folder) -> None:
        """Keep what is known of the run, and where to write."""
        self._record, self._folder = record, folder

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, FindingMade):
            return
        try:
            from fuzzseq.reporters.script import reproduction  # noqa: PLC0415 (only a run with a finding needs it)
        except ModuleNotFoundError as error:
            if error.name != "fuzzseq.reporters.script":
                raise
            return
        spec = self._record.specs.get(event.finding.target, Spec())
        self._folder.write(f"{event.finding.id}.py", reproduction(event.finding, spec))


#: What a replay cannot do without.
_NEEDED: Final = ("case", "cause", "check", "checks", "id", "signature", "spec", "target")


def read_finding(path: Path) -> dict[str, Any]:
    """Return the document of a finding's file; raises :class:`ReplayError` with one sentence where it is none."""
    document = _parsed(path)
    if not isinstance(document, dict) or "format_version" not in document:
        raise ReplayError(f"{path} is no finding of fuzzseq: give one of the <id>.json files of a run's output folder.")
    version = document["format_version"]
    if version != FORMAT_VERSION:
        raise ReplayError(
            f"{path} has format version {version!r}, and fuzzseq {__version__} reads {FORMAT_VERSION}: "
            "replay it with the version of fuzzseq that wrote it, or run its target again."
        )
    if "targets" in document:
        raise ReplayError(
            f"{path} is the report of a whole run: replay the <id>.json files beside it, one for each finding."
        )
    missing = [name for name in _NEEDED if name not in document]
    if missing:
        raise ReplayError(f"{path} lacks {', '.join(missing)}: take the file as the run wrote it.")
    for name, kind in (("case", Case), ("spec", Spec)):
        if not _readable(document[name], kind):
            raise ReplayError(f"{path} holds a {name} that cannot be read: take the file as the run wrote it.")
    return document


def _readable(data: Any, kind: type[Any]) -> bool:
    """Say whether data stands for a value of a kind."""
    try:
        from_data(data, kind)
    except Exception:  # noqa: BLE001 (what cattrs raises depends on what is wrong)
        return False
    return True


def _parsed(path: Path) -> Any:
    """Return the JSON of a file, or raise a sentence that says why there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReplayError(
            f"There is no file {path}: give one of the <id>.json files of a run's output folder."
        ) from None
    except UnicodeDecodeError:
        raise ReplayError(
            f"{path} is no text file: give one of the <id>.json files of a run's output folder."
        ) from None
    except OSError as error:
        raise ReplayError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise ReplayError(
                f"{path} is cut off in line {error.lineno}: copy the whole file, or run its target again."
            ) from None
        raise ReplayError(
            f"{path} is not JSON (line {error.lineno}: {error.msg}): "
            "give one of the <id>.json files of a run's output folder."
        ) from None
