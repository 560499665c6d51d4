"""The command line on a machine that refuses things: a sentence and exit code 2, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FUZZSEQ = f"{sys.executable} -m fuzzseq"
#: A run of canned events through the front door; it needs no model, and prints, writes and ends as any other.
PROGRAM = """
import importlib.util, sys
from fuzzseq import engine
from fuzzseq.cli import main
found = importlib.util.spec_from_file_location("a_run", {conftest!r})
a_run = importlib.util.module_from_spec(found)
found.loader.exec_module(a_run)
engine.start_campaign = lambda *_, **__: iter(a_run.example_run({findings}))
main(["run", "my_model.py:build", "--in-process", "--no-corpus", "--output", "out"], prog_name="fuzzseq")
"""
CONFTEST = Path(__file__).resolve().parents[1] / "reporters" / "conftest.py"

#: How the standard streams may be, and what a shell writes for it.
MANNERS = {
    "closed output": ">&-",
    "full output": ">/dev/full",
    "closed error": "2>&-",
    "closed input": "<&-",
    "all closed": "<&- >&- 2>&-",
    "pipe that ends": "| head -c 5",
}


def shell(script, folder, **environment):
    """Return how a script of bash ended, and what it printed."""
    command = ["bash", "-c", f"set -o pipefail; {script}"]
    settings = {"cwd": folder, "capture_output": True, "text": True, "timeout": 120}
    return subprocess.run(command, check=False, env={**os.environ, **environment}, **settings)


def isolated(script, folder):
    """Do the same where mounts are seen by nobody else; skips where this user cannot mount."""
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("a file system can be mounted by root alone, on Linux")
    command = ["unshare", "--mount", "bash", "-c", script]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)


def program(folder, findings):
    """Write the run of canned events, and return the command of it."""
    (folder / "my_model.py").write_text("def build(vocab_size):\n    ...\n")
    (folder / "a_run.py").write_text(PROGRAM.format(conftest=str(CONFTEST), findings=findings))
    return f"{sys.executable} a_run.py"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--help", 0),
        ("list checks", 0),
        ("replay nothing.json", 2),
    ],
)
@pytest.mark.parametrize("manner", MANNERS)
def test_standard_streams(tmp_path, command, code, manner):
    """Whatever is closed, full or gone: no traceback, and no other exit code but 2 where what was asked is lost."""
    if "full" in MANNERS[manner] and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    lost = manner in ("closed output", "full output", "all closed")
    done = shell(f"{FUZZSEQ} {command} {MANNERS[manner]}", tmp_path)
    assert done.returncode == (2 if lost else code), done.stderr
    assert "Traceback" not in done.stderr
    if lost and not code and manner != "all closed":
        (line,) = done.stderr.splitlines()
        assert line.startswith("fuzzseq: Standard output ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["report nowhere", "explain state-units", "trend", "baseline update x", "init"])
def test_no_stream_at_all(tmp_path, command):
    """What is started without any stream says nothing, and ends with an exit code of its own all the same."""
    done = shell(f"{FUZZSEQ} {command} {MANNERS['all closed']}", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """Return the names of the files of a run of canned events that somebody listens to."""
    folder = tmp_path_factory.mktemp("heard")
    done = shell(program(folder, "a_run.crash()"), folder)
    assert done.returncode == 1, done.stderr
    return {path.name for path in (folder / "out").iterdir()}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_run_that_nobody_listens_to(tmp_path, heard, manner):
    """A run writes its folder and ends with its own exit code, whatever becomes of what it prints."""
    if "full" in MANNERS[manner] and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    done = shell(f"{program(tmp_path, 'a_run.crash()')} {MANNERS[manner]}", tmp_path)
    assert done.returncode == 1, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == heard
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", ["run a.py:b", "init", "replay x.json", "baseline update x", "report x", "trend", "list checks"]
)
def test_a_current_folder_that_is_gone(tmp_path, command):
    """A folder that was deleted under the shell is a sentence; what needs no folder works."""
    (tmp_path / "gone").mkdir()
    done = shell(f"cd gone && rmdir ../gone && {FUZZSEQ} {command}", tmp_path)
    assert done.returncode == (0 if command == "list checks" else 2)
    assert len(done.stderr.splitlines()) == (0 if command == "list checks" else 1)
    assert "internal error" not in done.stderr


@pytest.mark.parametrize(
    "command", ["run {}.py:b", "run a.py --output {}", "init {}.py:b", "baseline update {} out", "trend {}"]
)
def test_a_name_that_is_too_long(tmp_path, command):
    """A name that no file system takes is a sentence."""
    done = shell(f"{FUZZSEQ} {command.format('a' * 300)}", tmp_path)
    assert done.returncode == 2
    assert "internal error" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["init --ci github my_model.py:build", "baseline update base out"])
def test_a_folder_that_cannot_be_written(tmp_path, command):
    """A folder of somebody else's is a sentence, and stays as it is."""
    shell(program(tmp_path, "a_run.crash()"), tmp_path)
    script = f"mount --bind . . && mount -o remount,bind,ro . && cd $PWD && {FUZZSEQ} {command}"
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = isolated(script, tmp_path)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert "read-only file system" in line.lower()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_full_disk(tmp_path):
    """Where the folder of a run has no room, what was found is printed all the same, and the exit code is 2."""
    command = program(tmp_path, "a_run.crash()")
    done = isolated(f"mkdir out && mount -t tmpfs -o size=16k tmpfs out && {command}", tmp_path)
    assert done.returncode == 2, done.stderr
    assert "no space left on device" in done.stdout
    assert "input-vocabulary  An embedding is smaller than its vocabulary" in done.stdout
    assert "internal error" not in done.stdout + done.stderr


def test_no_temporary_folder(tmp_path):
    """Where nothing can be put aside, that is a sentence, before anything is begun."""
    full = "mount -t tmpfs -o size=4k tmpfs {0} && (head -c 9999 /dev/zero >{0}/x || true)"
    places = [place for place in ("/tmp", "/var/tmp", "/usr/tmp") if Path(place).is_dir()]  # noqa: S108
    root = Path(__file__).resolve().parents[2]
    if any(
        Path(needed).is_relative_to(place) for needed in (sys.executable, sys.base_prefix, root) for place in places
    ):
        pytest.skip("Python or fuzzseq lies in the temporary folder that would be hidden")
    mounts = " && ".join(full.format(place) for place in places)
    python = f"TMPDIR=/nowhere PYTHONPATH={root} {FUZZSEQ}"
    target = "mount -t tmpfs tmpfs /mnt && echo 'def b(vocab_size): ...' >/mnt/a.py"
    current = "mount -t tmpfs -o ro tmpfs /dev/shm && cd /dev/shm"
    done = isolated(f"{mounts} && {target} && {current} && {python} run /mnt/a.py:b --output /mnt/out", tmp_path)
    assert done.returncode == 2, done.stderr
    assert "fuzzseq: No temporary folder can be written: set TMPDIR" in done.stderr


def test_a_terminal_that_shows_little(tmp_path):
    """A terminal without color, size, or any character but ASCII shows what it can."""
    poor = {"TERM": "dumb", "LC_ALL": "C", "LANG": "C", "NO_COLOR": "1", "PYTHONIOENCODING": "ascii"}
    done = shell(f"env -u HOME {FUZZSEQ} explain state-units", tmp_path, **poor)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_modules_of_the_current_folder(tmp_path):
    """A file that is called as what fuzzseq imports is not taken for it."""
    for name in ("click", "random", "json", "typing", "attrs", "rich", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('this is not the one')\n")
    done = shell(f"{FUZZSEQ} list profiles", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
