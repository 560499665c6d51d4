"""A folder or a file of a stranger is data: it is read, and nothing that it names is run, changed or shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzseq.cli import main
from fuzzseq.reporting.finding_files import finding_document, pretty
from tests.benchmarks.damage import EVIL, TARGET, finding, log_of, run_of, without_workers
from tests.benchmarks.html import SPEC

OUTSIDE = (
    "../elsewhere/evil.py:build",
    "link.py:build",
    "linked/evil.py:build",
    "evil:build",
    "os:system",
    "json:loads",
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a folder with the stranger's folder, which is the current one, and a module elsewhere that tells of it."""
    for folder in ("stranger/run", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "elsewhere" / "evil.py").write_text(EVIL)
    (tmp_path / "keep.txt").write_text("the user's own")
    monkeypatch.chdir(tmp_path / "stranger")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    Path("model.py").write_text(EVIL)
    Path("link.py").symlink_to("../elsewhere/evil.py")
    Path("linked").symlink_to("../elsewhere")
    write()
    return tmp_path


def write(old: str = "", new: str = "") -> None:
    """Write a log and a replay file with one thing changed in each."""
    found = finding(0)
    log = "".join(f"{json.dumps(line)}\n" for line in log_of(run_of(found)))
    Path("run/events.ndjson").write_text(log.replace(old, new) if old else log)
    replay = pretty(finding_document(found, SPEC, {}))
    Path("x.json").write_text(replay.replace(old, new) if old else replay)


def outside(home: Path) -> dict[str, bytes]:
    """Return every file outside of the stranger's folder, with what it holds."""
    inside = home / "stranger"
    files = [place for place in home.rglob("*") if place.is_file() and not place.is_relative_to(inside)]
    return {str(place): place.read_bytes() for place in files if "__pycache__" not in place.parts}


def said(*arguments: str) -> tuple[int, str]:
    """Run a command up to where a worker would start, and return its exit code and what it prints."""
    with without_workers():
        result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


@pytest.mark.parametrize("target", OUTSIDE)
@pytest.mark.parametrize("command", [("replay", "x.json"), ("run", "--resume", "run")], ids=" ".join)
def test_nothing_is_imported_from_outside(home, target, command):
    """A target outside of the current folder is refused in a sentence: behind a link, on the path, or installed."""
    write(TARGET, target)
    code, output = said(*command)
    assert code == 2
    assert "as far as a worker" not in output
    assert "--target FILE:NAME" in output
    assert "--trust" in output
    assert len(output.strip().splitlines()) == 1
    assert not (home / "elsewhere" / "witness").exists()


@pytest.mark.parametrize("command", [("replay", "x.json"), ("run", "--resume", "run")], ids=" ".join)
def test_what_is_imported_is_said(home, command):
    """What a file names is said before it is imported; what the user names instead, or trusts, may lie anywhere."""
    named = command[-1] if command[0] == "replay" else "run/events.ndjson"
    code, output = said(*command)
    assert output.splitlines()[0] == f"importing model.py (named in {named})"
    assert (code, "as far as a worker" in output) == (2, True)
    write(TARGET, OUTSIDE[0])
    code, output = said(*command, "--trust")
    assert output.splitlines()[0] == f"importing ../elsewhere/evil.py (named in {named})"
    assert "as far as a worker" in output
    code, output = said(*command, "--target", "model.py:build")
    assert "importing" not in output
    assert "as far as a worker" in output


def test_a_check_elsewhere_is_not_imported(home):
    """A check of the user's own that a log or settings name is held to the same rule as a target."""
    write('"custom_checks": []', '"custom_checks": ["../elsewhere/evil.py:build"]')
    code, output = said("run", "--resume", "run")
    assert (code, "names '../elsewhere/evil.py'" in output) == (2, True)
    write()
    Path("pyproject.toml").write_text('[tool.fuzzseq]\ncustom_checks = ["../elsewhere/evil.py:build"]\n')
    code, output = said("replay", "x.json")
    assert (code, "pyproject.toml names '../elsewhere/evil.py'" in output) == (2, True)
    assert not (home / "elsewhere" / "witness").exists()


@pytest.mark.parametrize(
    "id_", ["../../keep", "/etc/passwd", "x/../../y", "a\nb", "", "INPUT-unpadded-12345678", "input-12345678.json"]
)
@pytest.mark.parametrize(
    "command", [("report", "run"), ("baseline", "update", "known.txt", "run"), ("run", "--resume", "run")], ids=" ".join
)
def test_an_id_is_no_path(home, id_, command):
    """An id that is none is refused wherever it stands, and nothing is written for it."""
    before, files = outside(home), sorted(Path("run").iterdir())
    write(f'"id": "{finding(0).id}"', f'"id": {json.dumps(id_)}')
    code, output = said(*command)
    assert (code, "is not the id of a finding" in output) == (2, True)
    assert (outside(home), sorted(Path("run").iterdir())) == (before, files)
    assert not Path("known.txt").exists()


@pytest.mark.parametrize("target", [TARGET, *OUTSIDE, "/dev/zero.py:build", "fifo.py:build"])
def test_reports_of_a_stranger_read_and_change_nothing(home, target, monkeypatch):
    """Reports are made of what the log says: no source file outside of the current folder is read, none imported."""
    os.mkfifo("fifo.py")
    write(TARGET, target)
    opened: list[str] = []
    real = os.open

    def watched(path, *rest, **more):
        opened.append(os.path.realpath(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    before = outside(home)
    names = [part for name in ("json", "html", "junit", "markdown", "sarif", "tests") for part in ("--format", name)]
    code, output = said("report", "run", *names)
    assert code == 0, output
    assert said("baseline", "update", "known.txt", "run")[0] == 0
    assert outside(home) == before
    assert not Path("witness").exists()
    assert str(home / "elsewhere" / "evil.py") not in opened


def test_a_function_that_no_file_holds(home):
    """A closure or a notebook's function cannot be run again from a file: that is a sentence, and another one helps."""
    write(TARGET, "make.model")
    for command in (("replay", "x.json"), ("run", "--resume", "run")):
        code, output = said(*command)
        assert (code, "'make.model', which is in no file" in output) == (2, True)
        assert "as far as a worker" in said(*command, "--target", TARGET)[1]


@pytest.mark.parametrize("command", [("report", "run", "--format", "html"), ("run", "--resume", "run")], ids=" ".join)
def test_links_are_not_written_through(home, command):
    """A link in the place of a file that a command writes is not followed: what it leads to stays as it is."""
    names = [f"{finding(0).id}.json", f"{finding(0).id}.py", "report.json", "report.html", "internal-error.txt"]
    for name in names:
        Path("run", name).symlink_to("../../keep.txt")
    before = outside(home)
    code, output = said(*command)
    assert code in (0, 2), output
    assert "Traceback" not in output
    assert outside(home) == before


def test_a_baseline_that_is_a_link(home):
    """A baseline is written in its own place: a file elsewhere that a link there leads to is not changed."""
    (home / "elsewhere" / "known.txt").write_text("# fuzzseq-baseline: 1\n")
    Path("known.txt").symlink_to("../elsewhere/known.txt")
    before = outside(home)
    said("baseline", "update", "known.txt", "run")
    assert outside(home) == before
