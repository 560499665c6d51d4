"""One folder holds one run: whole, alone, and begun with its first target."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.errors import OutputError
from fuzzseq.events import (
    FindingReported,
    InternalError,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
)
from fuzzseq.files import output_files
from fuzzseq.reporting.event_log import events_in
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_files import NAME as LIST
from fuzzseq.reporting.run_files import OURS
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason

SETTINGS = Settings(profile="quick", max_cases=60)
TARGET = "my_model.py:build"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(events, output="out", formats=("json",), past=()):
    """Run events into a folder, and return the exit code."""
    place = Path(output) if output else None
    return runner.run([TARGET], SETTINGS, output=place, formats=formats, events=events, past=past)


def said(*arguments: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it prints."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def files(place: str = "out") -> set[str]:
    """Return the names of what a folder holds, but for the list of it."""
    return {file.name for file in Path(place).iterdir()} - {LIST}


def reported(place: str = "out") -> list[str]:
    """Return the ids of the findings that are reported of a folder's run, made again from its log."""
    code, output = said("report", place, "--output", "again")
    assert code == 0, output
    return [finding["id"] for finding in json.loads(Path("again/report.json").read_text())["findings"]]


@pytest.fixture
def other_finding(crash_finding):
    """Return another finding of the target."""
    diagnosis = attrs.evolve(crash_finding.diagnosis, cause="state-units")
    return attrs.evolve(crash_finding, id="state-units-12345678", cause="state-units", diagnosis=diagnosis)


# A second run into one folder.


def test_a_second_run_replaces_the_first(run_events, crash_finding, other_finding):
    """Nothing of an earlier run is left: its log, its findings, and formats that are not asked for again."""
    run(run_events(crash_finding), formats=("json", "html", "junit"))
    Path("out/notes.txt").write_text("mine")
    Path("out/__pycache__").mkdir()
    run(run_events(other_finding))
    there = {"events.ndjson", "report.json", f"{other_finding.id}.json", f"{other_finding.id}.py"}
    assert files() == there | {"notes.txt", "__pycache__"}
    assert sum(isinstance(event, RunStarted) for event in events_in(Path("out"))) == 1
    assert reported() == [other_finding.id]
    code, output = said("baseline", "update", "known.txt", "out")
    assert (code, output.splitlines()[0]) == (0, f"+ {other_finding.id}")
    assert crash_finding.id not in Path("known.txt").read_text()


@pytest.mark.parametrize("name", ["events.ndjson", "junit.xml", "state-units-12345678.py"])
def test_what_is_not_ours_is_not_touched(run_events, name):
    """A file that no run is known to have written, and that one might write over, is a sentence; it stays as it is."""
    Path("out").mkdir()
    Path("out", name).write_text("mine")
    with pytest.raises(OutputError, match=f"out holds {name}, which no run is known to have written there"):
        run(run_events())
    assert {file.name: file.read_text() for file in Path("out").iterdir()} == {name: "mine"}


def test_a_list_names_only_what_fuzzseq_makes(run_events, tmp_path):
    """A list that was made to attack deletes nothing but files that fuzzseq could have written, in its own folder."""
    Path("out/inside").mkdir(parents=True)
    for name in ("mine.txt", "out/mine.txt", "out/inside/report.json"):
        Path(name).write_text("mine")
    Path("link").write_text("mine")
    Path("out/report.md").symlink_to(tmp_path / "link")
    names = ("../mine.txt", "mine.txt", "inside/report.json", str(tmp_path / "mine.txt"), "..", "inside", "report.md")
    Path("out", LIST).write_text("\n".join(("# fuzzseq-run: 1", "run", *names)) + "\n")
    run(run_events())
    for name in ("mine.txt", "out/mine.txt", "out/inside/report.json", "link"):
        assert Path(name).read_text() == "mine"
    assert not os.path.lexists("out/report.md")


def test_a_list_of_another_version(run_events):
    """A folder of a newer fuzzseq is left as it is, in a sentence."""
    run(run_events())
    before = {name: Path("out", name).read_bytes() for name in files()}
    Path("out", LIST).write_text("# fuzzseq-run: 2\nrun\nevents.ndjson\n")
    with pytest.raises(OutputError, match=r"\.fuzzseq-run has format version 2, and this fuzzseq reads 1"):
        run(run_events())
    assert {name: Path("out", name).read_bytes() for name in files()} == before
    assert Path("out", LIST).read_text().startswith("# fuzzseq-run: 2\n")


def test_every_file_has_a_known_name(run_events, crash_finding):
    """Whatever a run writes has a name that the next one takes for one of fuzzseq's."""
    from fuzzseq.files.report_formats import FORMATS

    error = InternalError(target="", message="boom", traceback="")
    events = run_events(crash_finding)
    run([*events[:-1], error, events[-1]], formats=sorted(FORMATS))
    assert len(files()) == len(FORMATS) + 4
    assert all(OURS.fullmatch(name) for name in files())


# A run that never begins.


def unusable():
    """Return the events of a run of which no target can be used."""
    report = TargetReport(
        name="gone.py:build", spec=None, stop_reason=StopReason.UNUSABLE, error="There is no file 'gone.py'."
    )
    return [
        RunStarted(targets=("gone.py:build",), settings=SETTINGS, started="2026-01-31T12:05:01"),
        TargetFinished(report=report),
        RunFinished(stop_reason=StopReason.COMPLETED, seconds=1.0),
    ]


def test_no_target_leaves_nothing(capsys):
    """A run of which no target could be used leaves no folder and no line in the history, and names no folder."""
    assert run(unusable(), output=None, formats=("json", "html", "junit")) == 2
    assert not Path("reports").exists()
    out, said = capsys.readouterr()
    assert said == "fuzzseq: gone.py:build: There is no file 'gone.py'.\n"
    assert "Results written" not in out


def test_no_target_leaves_the_run_before(run_events, crash_finding):
    """The results of the last run are not lost to one that finds no target; it can be reported and replaced still."""
    run(run_events(crash_finding))
    before = {file.name: file.read_bytes() for file in Path("out").iterdir()}
    assert run(unusable()) == 2
    assert {file.name: file.read_bytes() for file in Path("out").iterdir()} == before
    assert reported() == [crash_finding.id]
    run(run_events())
    assert reported() == []


@pytest.mark.skipif(os.getuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere")
def test_a_folder_without_permission(run_events, tmp_path):
    """A folder that cannot be written is a sentence before the run, and leaves nothing."""
    (tmp_path / "closed").mkdir(mode=0o555)
    program = "from pathlib import Path\nfrom fuzzseq.reporting.folder import Folder\nFolder(Path('closed/a/b'))"
    command = [sys.executable, "-c", program]
    if os.getuid() == 0:
        tmp_path.chmod(0o755)
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Permission denied" in done.stderr and "fuzzseq.errors.OutputError" not in done.stderr:
        pytest.skip("nobody else may read the environment of these tests")
    assert "The output folder closed/a/b cannot be written: permission denied. Give another" in done.stderr
    assert not list((tmp_path / "closed").iterdir())


def test_a_name_that_is_too_long(run_events):
    """A folder that no system has a name for is a sentence."""
    with pytest.raises(OutputError, match=r"cannot be written: file name too long\. Give another one with --output"):
        run(run_events(), output="x" * 300)


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_is_none(run_events, name):
    """A folder of a name that no file system takes is a sentence."""
    with pytest.raises(OutputError, match=r"cannot be written: no folder can have this name\. Give another one"):
        run(run_events(), output=name)


# Two runs at once.


def test_one_of_two_at_once(run_events, crash_finding):
    """A folder that a run is writing to is refused to another, in a sentence; what comes of the first is whole."""

    def events():
        for event in run_events(crash_finding):
            if isinstance(event, FindingReported):
                with pytest.raises(OutputError, match="Another run is writing to out: wait for its end, or give"):
                    run(run_events())
                code, output = said("report", "out")
                assert (code, "Another run is writing to out" in output) == (2, True)
                assert said("report", "out", "--output", "beside")[0] == 0
            yield event

    assert run(events()) == 1
    assert reported() == [crash_finding.id]


PROGRAM = """
import sys
from pathlib import Path
from fuzzseq.errors import OutputError
from fuzzseq.reporting.folder import Folder
try:
    folder = Folder(Path(sys.argv[1]), waits=True) if len(sys.argv) > 1 else Folder.of_now()
except OutputError as error:
    print("refused", error, flush=True)
else:
    print("has", folder.shown, flush=True)
    sys.stdin.read()
    folder.close()
"""


def processes(*arguments: str, count: int = 6) -> list[subprocess.Popen[str]]:
    """Return processes that open a folder at one moment, and keep it until their input ends."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    return [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(count)]


def test_a_race_for_one_folder():
    """Of several processes that open one folder at one moment exactly one gets it; killed, it leaves it to the next."""
    racing = processes("out")
    answers = [process.stdout.readline() for process in racing]
    assert sorted(answer.split()[0] for answer in answers) == ["has", *["refused"] * 5]
    for process in racing:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    Folder(Path("out"), waits=True).close()
    assert not Path("out").exists() or files() == set()


def test_a_run_that_was_killed_before_it_began(run_events, crash_finding):
    """A run that was killed before it had a target leaves the one before as it was: to report, resume and replace."""
    for use in (reported, lambda: run(run_events(crash_finding), past=events_in(Path("out")))):
        run(run_events(crash_finding), formats=("json", "html"))
        before = files()
        (killed,) = processes("out", count=1)
        assert killed.stdout.readline().startswith("has")
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        assert files() == before
        use()
        assert reported() == [crash_finding.id]
    run(run_events())
    assert files() == {"events.ndjson", "report.json"}


def test_a_folder_that_came_without_its_list(run_events, crash_finding):
    """A run whose list is lost, as hidden files are in an archive, is resumed, and the next run replaces it."""
    run(run_events(crash_finding), formats=("json", "html"))
    Path("out", LIST).unlink()
    assert run(run_events(crash_finding), past=events_in(Path("out"))) == 1
    assert "report.html" not in files()
    run(run_events())
    assert files() == {"events.ndjson", "report.json"}


def test_a_race_for_the_default_folder():
    """Runs that begin in one second have a folder each, which nobody made before."""
    racing = processes()
    answers = {process.stdout.readline() for process in racing}
    assert len(answers) == 6
    assert {answer.split()[0] for answer in answers} == {"has"}
    for process in racing:
        process.communicate()
    assert not list(Path().glob("reports/*"))


def test_processes_of_one_pytest_run(crash_finding):
    """Those that join a run write into its folder side by side; the run before goes once, with the first of them."""
    before = Folder(Path("out"))
    for name in ("events.ndjson", "report.html", f"{crash_finding.id}.json"):
        before.write(name, "before")
    before.close()
    owner = Folder(Path("out"), waits=True)
    joined = [Folder(Path("out"), "join", waits=True) for _ in range(8)]
    assert "report.html" in files()

    def write(number: int) -> None:
        place = joined[number]
        place.append(f"events-gw{number}.ndjson", "{}\n")
        place.begin()
        place.write(f"{crash_finding.id[:-1]}{number}.json", "now")

    threads = [threading.Thread(target=write, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owner.close()
    parts = {f"events-gw{number}.ndjson" for number in range(8)}
    assert files() == parts | {f"{crash_finding.id[:-1]}{number}.json" for number in range(8)}
    Folder(Path("out")).begin()
    assert files() == set()


# What the machine does.


def test_links_in_a_folder_are_not_followed(run_events, crash_finding, tmp_path):
    """A link in the place of a report is replaced, and one in the place of a log is refused; where it leads is safe."""
    (tmp_path / "precious").write_text("mine")

    def events(name):
        for event in run_events(crash_finding):
            yield event
            if isinstance(event, TargetLoaded):
                Path("out", name).unlink(missing_ok=True)
                Path("out", name).symlink_to(tmp_path / "precious")

    for name in ("report.json", f"{crash_finding.id}.json", f"{crash_finding.id}.py"):
        assert run(events(name)) == 1
        assert not Path("out", name).is_symlink()
    assert run(events("events.ndjson")) == 2
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_link_or_pipe_for_a_history(run_events, tmp_path, capsys):
    """A history that is a link is not followed, and one that is a pipe is not waited for: a sentence each."""
    (tmp_path / "precious").write_text("mine")
    Path("reports").mkdir()
    history = Path("reports/history.jsonl")
    for make, reason in (
        (lambda: history.symlink_to(tmp_path / "precious"), "it is a link, and links are not followed here"),
        (lambda: os.mkfifo(history), "it is not a regular file"),
    ):
        make()
        assert run(run_events(), output=None) == 2
        assert f"history.jsonl cannot be written: {reason}" in " ".join(capsys.readouterr().out.split())
        history.unlink()
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_report_folder_that_is_a_strangers(run_events, crash_finding, tmp_path):
    """What is reported of a folder from elsewhere goes into it alone, wherever its entries lead, and adds no list."""
    run(run_events(crash_finding))
    shutil.copytree("out", "theirs", ignore=lambda *_: {LIST, "report.json", f"{crash_finding.id}.py"})
    (tmp_path / "precious").write_text("mine")
    Path("theirs/report.json").symlink_to(tmp_path / "precious")
    Path(f"theirs/{crash_finding.id}.py").symlink_to(tmp_path / "precious")
    assert said("report", "theirs")[0] == 0
    assert (tmp_path / "precious").read_text() == "mine"
    assert not Path("theirs", LIST).exists()
    assert json.loads(Path("theirs/report.json").read_text())["findings"]


def test_reports_go_to_no_other_run(run_events, crash_finding):
    """The reports of one run are not written into the folder of another; by another name a folder is the same."""
    for name in ("one", "two"):
        run(run_events(crash_finding), output=name)
    before = {name: Path("two", name).read_bytes() for name in files("two")}
    assert said("report", "one", "--output", "two")[1].startswith("fuzzseq: two holds another run")
    assert {name: Path("two", name).read_bytes() for name in files("two")} == before
    Path("link").symlink_to("one")
    assert said("report", "one", "--output", "link", "--format", "html")[0] == 0
    assert {"events.ndjson", "report.html", "report.json"} <= files("one")


def test_a_full_disk(run_events, crash_finding, monkeypatch, capsys):
    """Where a disk fills up in the middle, what stood there stays whole, no half is left, and the run says so once."""
    run(run_events(crash_finding))
    before = Path("out/report.json").read_bytes()
    written = os.write

    def write(descriptor, data):
        if len(data) > 1000:
            written(descriptor, data[:500])
            raise OSError(28, "No space left on device")
        return written(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    code, output = said("report", "out")
    assert (code, "cannot be written: no space left on device" in output) == (2, True)
    assert Path("out/report.json").read_bytes() == before
    assert not [name for name in files() if name.startswith(".")]
    log = Path("out/events.ndjson").read_bytes()
    assert run(run_events(crash_finding), output="other") == 2
    printed = " ".join(capsys.readouterr().out.split())
    assert "finding 1 - my_model.py:build" in printed
    assert Path("out/events.ndjson").read_bytes() == log
    lines = Path("other/events.ndjson").read_bytes().splitlines(keepends=True)
    assert all(json.loads(line) for line in lines)


def test_a_disk_with_room_again(run_events, crash_finding, monkeypatch):
    """What a log could not take while a disk was full stands there once there is room: no event is missing."""
    events = run_events(crash_finding)
    run(events, output="whole")
    appended = output_files.append

    def full(folder, name, data, **how):
        if b"FindingReported" in data and data.count(b"\n") < 3:
            raise OSError(28, "No space left on device")
        appended(folder, name, data, **how)

    monkeypatch.setattr(output_files, "append", full)
    assert run(events) == 2
    logged = [event for event in events_in(Path("out")) if "no space left" not in getattr(event, "message", "")]
    assert logged == events_in(Path("whole"))


def test_a_folder_that_goes(run_events, crash_finding, capsys):
    """A folder that is taken away is not made again without what it held: the findings are printed, with a sentence."""

    def events():
        for event in run_events(crash_finding):
            if isinstance(event, FindingReported):
                shutil.rmtree("out")
            yield event

    assert run(events()) == 2
    assert "was removed during the run" in " ".join(capsys.readouterr().out.split())
    assert not Path("out").exists()


def test_leftovers_of_killed_runs(run_events, tmp_path):
    """What a run was killed in the middle of writing goes with the next run; what another process writes stays."""
    run(run_events())
    Path("out/.fuzzseq-0123456789abcdef.part").write_text("half")
    Path("out/.fuzzseq-mine.part").write_text("mine")
    with Path("out/.fuzzseq-fedcba9876543210.part").open("w") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        run(run_events())
    assert {name for name in files() if name.startswith(".")} == {
        ".fuzzseq-mine.part",
        ".fuzzseq-fedcba9876543210.part",
    }
