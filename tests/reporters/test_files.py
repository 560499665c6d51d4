from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from fuzzseq.errors import OutputError, ReplayError, UsageError
from fuzzseq.events import FindingReported, RunFinished, TargetLoaded, WarningEmitted
from fuzzseq.outgoing import fit
from fuzzseq.replay_file import read_finding
from fuzzseq.reporting import format_named
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.finding_files import FindingFiles, finding_document, pretty
from fuzzseq.reporting.folder import Folder, default_folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.spec import Spec


def test_written_at_once(tmp_path, run_events, crash_finding):
    """A finding's file stands as soon as the finding is made, long before the run is over."""
    record, folder = RunState(), Folder(tmp_path / "out")
    fan = Dispatcher(record, [FindingFiles(record, folder)])
    for event in run_events(crash_finding):
        fan.on_event(event)
        if isinstance(event, FindingReported):
            break
    file = read_finding(tmp_path / "out" / f"{crash_finding.id}.json")
    assert file.case == crash_finding.case
    assert file.spec == record.specs[crash_finding.target]


def test_a_finding_says_what_its_own_target_ran_on(tmp_path, run_events, crash_finding):
    """Where another target of the run is made of another Keras, the run has both versions, and the finding its own."""
    record, folder = RunState(), Folder(tmp_path / "out")
    fan = Dispatcher(record, [FindingFiles(record, folder)])
    fan.on_event(TargetLoaded(target="old.py:build", spec=Spec(), versions={"tf-keras": "2.21.0"}))
    for event in run_events(crash_finding):
        fan.on_event(event)
    document = json.loads((tmp_path / "out" / f"{crash_finding.id}.json").read_text())
    assert set(document["versions"]) == {"fuzzseq", "python", "tensorflow", "keras"}
    assert {"keras", "tf-keras"} <= set(record.versions)


def test_default_folder(tmp_path, monkeypatch):
    """The default folder is named after the time, and two runs of one second do not share it."""
    monkeypatch.chdir(tmp_path)
    now = datetime(2026, 1, 31, 12, 5, 1, tzinfo=timezone.utc)
    first = default_folder(now)
    folder = Folder(first)
    assert folder.path.is_dir()
    assert (first, default_folder(now)) == (Path("reports/2026-01-31T120501"), Path("reports/2026-01-31T120501-2"))


def test_a_folder_opened_by_several_at_once(tmp_path):
    """The processes of one pytest run open its folder at one moment and all write to it; nothing of that is left."""
    owner = Folder(tmp_path / "out", waits=True)
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: Folder(tmp_path / "out", "join", waits=True), range(300)))
    assert len(opened) == 300
    owner.close()
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written(tmp_path):
    """A file in the place of the folder is one sentence that names it and the option."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"taken/out cannot be written: .* Give another one with --output\.$"):
        Folder(tmp_path / "taken" / "out")


class Broken:
    """A reporter that fails on every event."""

    def on_event(self, _):
        """Fail."""
        raise RuntimeError("a bug in a reporter")


class Gone:
    """A reporter that nobody reads any more."""

    heard = 0

    def on_event(self, _):
        """Count, and find the pipe closed."""
        self.heard += 1
        raise BrokenPipeError


class Heard:
    """A reporter that keeps what it hears."""

    def __init__(self):
        self.events = []

    def on_event(self, event):
        """Keep an event."""
        self.events.append(event)


def test_reporter_that_raises(run_events, crash_finding):
    """A reporter that raises keeps the others from nothing, and is an internal error that is reported once."""
    record, heard, events = RunState(), Heard(), [fit(event) for event in run_events(crash_finding)]
    fan = Dispatcher(record, [Broken(), heard])
    for event in events:
        fan.on_event(event)
    assert [event for event in heard.events if event in events] == events
    assert [error.message for error in record.errors] == ["Broken failed: RuntimeError: a bug in a reporter"]
    assert "RuntimeError" in record.errors[0].traceback


def test_closed_pipe_is_no_error(run_events):
    """A reader who has left, as of a pipe to head, is no error: the reporter gets no more events."""
    record, gone = RunState(), Gone()
    fan = Dispatcher(record, [gone])
    for event in run_events():
        fan.on_event(event)
    assert gone.heard == 1
    assert not record.errors


def test_folder_lost_half_way(tmp_path, run_events, crash_finding, monkeypatch):
    """An output folder that is lost half way is a warning, said once; the other reporters hear everything."""
    monkeypatch.chdir(tmp_path)
    folder, record, heard = Folder(Path("out")), RunState(), Heard()
    fan = Dispatcher(record, [FindingFiles(record, folder), heard])
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").write_text("")
    for event in run_events(crash_finding):
        fan.on_event(event)
    said = [event.message for event in heard.events if isinstance(event, WarningEmitted) and not event.target]
    assert len(said) == 1
    assert "cannot be written" in said[0]
    assert record.misuses == said
    assert any(isinstance(event, FindingReported) for event in heard.events)
    assert isinstance(heard.events[-1], RunFinished)


@pytest.fixture
def document(crash_finding):
    """Return a finding's document."""
    return finding_document(
        crash_finding, Spec(contract=Contract(padding="pre", initial_state="lstm")), {"keras": "3.15.1"}
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text[: len(text) // 2], "is cut off in line"),
        (lambda text: "", "is cut off in line 1"),
        (lambda text: "hello", "is not JSON (line 1: Expecting value)"),
        (lambda text: "[1, 2]", "is not a finding of fuzzseq"),
        (lambda text: "{}", "is not a finding of fuzzseq"),
        (
            lambda text: text.replace('"format_version": 1', '"format_version": 2'),
            "has format version 2, and this fuzzseq",
        ),
        (lambda text: json.dumps({"format_version": 1, "targets": []}), "is the report of a whole run"),
        (lambda text: text.replace('"signature"', '"sign"'), "cannot be replayed: signature is missing"),
        (lambda text: text.replace('"batches"', '"bunches"'), "cannot be replayed: case: batches is missing"),
    ],
)
def test_bad_replay_file(tmp_path, document, change, sentence):
    """A replay file that is none, cut off or of another version is answered in one sentence that names the file."""
    file = tmp_path / "finding.json"
    file.write_text(change(pretty(document)))
    with pytest.raises(ReplayError) as caught:
        read_finding(file)
    assert str(caught.value).startswith(f"{file} {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_no_replay_file(tmp_path, content):
    """A file that is not there, or is no text, is answered in one sentence."""
    file = tmp_path / "finding.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ReplayError, match=r"Give one of the <id>\.json files"):
        read_finding(file)


def test_unknown_format():
    """An unknown report format is answered with the nearest one."""
    with pytest.raises(UsageError, match=r"There is no report format 'jsn'\. Did you mean 'json'\?"):
        format_named("jsn")
