"""A run from its events to its exit code, and what happens to it when it is interrupted or breaks."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest

from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.errors import UsageError, WorkerError
from fuzzseq.events import FindingReported, InternalError, RunFinished, TargetFinished
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

SETTINGS = Settings(profile="quick", max_cases=60)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs events in an empty folder and gives the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda events: runner.run(["my_model.py:build"], SETTINGS, output=Path("out"), events=events)


def report():
    """Return the report of the run."""
    return json.loads(Path("out/report.json").read_text(encoding="utf-8"))


def test_exit_codes(run, run_events, crash_finding, leak_finding):
    """The exit code is 0 without an error, 1 with one, 2 with misuse, 3 when fuzzseq breaks, 130 when interrupted."""
    broken = InternalError(target="", message="boom", traceback="")
    gone = "There is no file 'gone.py'."
    assert run(run_events()) == 0
    assert run(run_events(leak_finding)) == 0
    assert run(run_events(crash_finding, leak_finding)) == 1
    assert run(run_events(crash_finding, error=gone)) == 2
    assert run(run_events(crash_finding, stop="interrupted", error=gone)) == 130
    events = run_events(crash_finding, stop="interrupted", error=gone)
    assert run([*events[:-1], broken, events[-1]]) == 3


def test_internal_error(run, run_events, crash_finding, capsys):
    """What was found before an internal error is printed and written, and the traceback has a file."""

    def events():
        yield from run_events(crash_finding)[:-2]
        raise ZeroDivisionError("a bug")

    assert run(events()) == 3
    out = capsys.readouterr().out
    assert "internal error: ZeroDivisionError: a bug" in out
    assert "traceback in out/internal-error.txt" in " ".join(out.split())
    assert "ZeroDivisionError: a bug" in Path("out/internal-error.txt").read_text()
    assert Path("out", f"{crash_finding.id}.json").exists()
    assert (report()["stop_reason"], report()["counts"]["findings"]) == ("error", 1)
    assert report()["targets"][0]["stop_reason"] == "error"


def test_worker_error(run, run_events, capsys):
    """A worker that cannot be started ends the run as an error of fuzzseq, in a sentence."""

    def events():
        yield run_events()[0]
        raise WorkerError("No worker could be started.")

    assert run(events()) == 3
    assert "internal error: No worker could be started." in capsys.readouterr().out


def test_misuse_before_the_start(run):
    """Misuse that the engine sees before it starts is raised, and leaves no folder behind."""

    def events():
        raise UsageError("There is no target.")
        yield

    with pytest.raises(UsageError, match="There is no target"):
        run(events())
    assert not Path("out").exists()


def test_misuse_half_way(run, run_events, crash_finding, capsys):
    """Misuse that shows half way is exit code 2; what was found is printed and written."""

    def events():
        yield from run_events(crash_finding)[:-2]
        raise UsageError("The second target has no function.")

    assert run(events()) == 2
    assert "The second target has no function." in capsys.readouterr().out
    assert report()["counts"]["findings"] == 1


def test_folder_lost_half_way(run, run_events, crash_finding, capsys):
    """When the output folder goes half way, findings are printed all the same, and the exit code is 2."""

    def events():
        for event in run_events(crash_finding):
            if isinstance(event, FindingReported):
                shutil.rmtree("out")
                Path("out").write_text("")
            yield event

    assert run(events()) == 2
    out = capsys.readouterr().out
    assert "input-vocabulary  An embedding is smaller than its vocabulary" in out
    assert "its file could not be written" in out
    assert "cannot be written" in out


def test_events_that_stop_short(run, run_events, crash_finding):
    """Events that end without an end are finished for the reporters."""
    assert run(run_events(crash_finding)[:-1]) == 1
    assert report()["stop_reason"] == "completed"


@pytest.mark.parametrize("place", ["engine", "list", "again"])
def test_interrupted(run, run_events, crash_finding, place, capsys):
    """An interrupt is the engine's to wind up; where it cannot, the reporters hear of it all the same."""
    begun = run_events(crash_finding)[:-2]

    def engine():
        try:
            yield from plain()
        except KeyboardInterrupt:
            if place == "again":
                raise
            yield RunFinished(stop_reason=StopReason.INTERRUPTED, seconds=1.5)

    def plain():
        yield from begun
        raise KeyboardInterrupt

    assert run(plain() if place == "list" else engine()) == 130
    assert "1 finding (1 error); interrupted" in capsys.readouterr().out
    assert report()["stop_reason"] == "interrupted"
    assert report()["seconds"] == (1.5 if place == "engine" else 0.0)


PROGRAM = """
import importlib.util, sys, time
from pathlib import Path
from fuzzseq import runner
from fuzzseq.events import RunFinished
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
found = importlib.util.spec_from_file_location("a_run", {conftest!r})
a_run = importlib.util.module_from_spec(found)
found.loader.exec_module(a_run)
def events():
    try:
        yield from a_run.example_run(a_run.crash())[:-2]
        Path("ready").write_text("")
        time.sleep(60)
    except KeyboardInterrupt:
        Path("wound-up").write_text("")
        yield RunFinished(stop_reason=StopReason.INTERRUPTED, seconds=1.0)
sys.exit(runner.run(["x"], Settings(profile="quick", max_cases=60), output=Path("out"), events=events()))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_signals(tmp_path, number):
    """Ctrl-C, SIGTERM and SIGHUP print and write what was found so far, let the engine wind up, and end with 130."""
    program = PROGRAM.format(conftest=str(Path(__file__).with_name("conftest.py")))
    process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "1 finding (1 error); interrupted" in out
    assert (tmp_path / "wound-up").exists()
    assert json.loads((tmp_path / "out/report.json").read_text())["stop_reason"] == "interrupted"


def test_a_signal_that_is_ignored(run, run_events, crash_finding):
    """A run that was begun under nohup, or in the background of a shell, goes on whatever they keep from it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:

        def events():
            signal.raise_signal(signal.SIGHUP)
            yield from run_events(crash_finding)

        assert run(events()) == 1
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_before_the_run(tmp_path, monkeypatch, capsys):
    """A signal that comes while a command is still being read is an interruption, and no folder is left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "settings_of", lambda _: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as leaving:
        main(["run", "a.py:b", "--in-process"], prog_name="fuzzseq")
    assert leaving.value.code == 130
    assert capsys.readouterr().err.strip() == "fuzzseq: interrupted"
    assert list(tmp_path.iterdir()) == []


def test_interrupt_while_an_event_is_told(run, run_events, crash_finding, monkeypatch):
    """An interrupt that comes while reporters work waits until all have heard the event."""
    thrown = []

    def events():
        try:
            yield from run_events(crash_finding)
        except KeyboardInterrupt:
            thrown.append(True)
            yield RunFinished(stop_reason=StopReason.INTERRUPTED, seconds=1.0)

    written = runner.Folder.write

    def write(folder, name, text):
        if name == f"{crash_finding.id}.json" and not thrown:
            signal.raise_signal(signal.SIGINT)
        written(folder, name, text)

    monkeypatch.setattr(runner.Folder, "write", write)
    assert run(events()) == 130
    assert thrown
    assert Path("out", f"{crash_finding.id}.json").exists()
    assert report()["counts"]["findings"] == 1


def test_signal_handlers_are_given_back(run, run_events):
    """After a run the signals are handled as before."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    run(run_events())
    assert [signal.getsignal(number) for number in numbers] == before


def test_target_alone_in_its_report(run, run_events):
    """A target that is unusable and the only one is misuse, not a clean run."""
    events = [event for event in run_events(error="No such file.") if getattr(event, "report", None) is None]
    unusable = next(e for e in run_events(error="No such file.")[::-1] if isinstance(e, TargetFinished))
    assert run([*events[:-1], unusable, attrs.evolve(events[-1], stop_reason=StopReason.UNUSABLE)]) == 2
