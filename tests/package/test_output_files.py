"""A file is there whole or stays as it was, whatever the machine does, and no link is written through."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzseq import baseline
from fuzzseq.cli import main
from fuzzseq.errors import OutputError
from fuzzseq.executors.scratch import Scratch, remove_leftovers
from fuzzseq.executors.zygote import Zygote
from fuzzseq.files import output_files

KNOWN = {"state-units-12345678": baseline.BaselineEntry("my_model.py:build")}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names() -> set[str]:
    """Return what the folder holds."""
    return {file.name for file in Path().iterdir()}


def test_a_baseline_is_replaced_whole():
    """A baseline says its version first, keeps its permissions, and leaves nothing beside it."""
    Path("known.txt").write_text("# mine\n")
    Path("known.txt").chmod(0o640)
    Path(".fuzzseq-0123456789abcdef.part").write_text("left by a kill")
    baseline.write(Path("known.txt"), KNOWN)
    assert Path("known.txt").read_text().startswith("# fuzzseq-baseline: 2\n")
    assert baseline.read(Path("known.txt")) == KNOWN
    assert stat.S_IMODE(Path("known.txt").stat().st_mode) == 0o640
    assert names() == {"known.txt"}


def test_permissions_of_a_new_file():
    """A new file may be read by whom the user lets read new files."""
    before = os.umask(0o027)
    try:
        baseline.write(Path("known.txt"), KNOWN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("known.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda place: place.symlink_to("precious"), "it is a link, and links are not followed here"),
        (lambda place: place.mkdir(), "a folder is in its place"),
        (os.mkfifo, "it is not a regular file"),
    ],
    ids=["link", "folder", "pipe"],
)
def test_a_baseline_that_is_no_file(make, reason):
    """A link, a folder or a pipe in the place of a baseline is a sentence, and nothing changes."""
    Path("precious").write_text("mine")
    make(Path("known.txt"))
    with pytest.raises(OutputError, match=f"The baseline known.txt cannot be written: {reason}. Give another file."):
        baseline.write(Path("known.txt"), KNOWN)
    assert Path("precious").read_text() == "mine"
    assert names() == {"precious", "known.txt"}


@pytest.mark.parametrize("place", ["nowhere/known.txt", "x" * 300, "a\0b", "\ud800"])
def test_a_baseline_that_cannot_be(place):
    """A folder that is not there, or a name that no file can have, is a sentence."""
    with pytest.raises(OutputError, match="The baseline .* cannot be written: "):
        baseline.write(Path(place), KNOWN)
    assert names() == set()


@pytest.mark.parametrize("call", ["write", "rename", "fsync"])
def test_a_disk_that_fills_up(monkeypatch, call):
    """Whatever step fails, the file before stays whole, and no half of a new one is left."""
    baseline.write(Path("known.txt"), {})
    before = Path("known.txt").read_bytes()
    real = getattr(os, call)

    def full(*arguments, **_):
        if call == "write":
            real(arguments[0], arguments[1][:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OutputError, match="no space left on device"):
        baseline.write(Path("known.txt"), KNOWN)
    assert (Path("known.txt").read_bytes(), names()) == (before, {"known.txt"})


def test_init_follows_no_link():
    """What init writes goes into this folder, and the settings are added to a project's file whole."""
    Path("model.py").write_text("def build(units):\n    return 1\n")
    Path("precious").write_text("[project]\nname = 'mine'\n")
    Path("pyproject.toml").symlink_to("precious")
    result = CliRunner().invoke(main, ["init", "model.py:build"])
    assert result.exit_code == 2
    assert "pyproject.toml cannot be written: it is a link" in result.output
    assert Path("precious").read_text() == "[project]\nname = 'mine'\n"


def test_half_a_line_is_none():
    """What is added to a file of lines begins one of its own; a line that only lacks its end keeps it."""
    with output_files.opened(Path()) as place:
        for before, after in (
            (b'{"a": 1}\n{"b": ', b'{"a": 1}\n{"c": 3}\n'),
            (b'{"a": 1}', b'{"a": 1}\n{"c": 3}\n'),
            (b"", b'{"c": 3}\n'),
            (b"{" * 200_000, b'{"c": 3}\n'),
        ):
            Path("lines").write_bytes(before)
            output_files.append(place, "lines", b'{"c": 3}\n', lines=True)
            assert Path("lines").read_bytes() == after


def test_lines_of_several_processes():
    """Processes that add to one file at one moment add whole lines."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom fuzzseq.files import output_files\n"
        "with output_files.opened(Path()) as place:\n"
        "    for number in range(50):\n"
        "        output_files.append(place, 'lines', b'\"%d\"\\n' % (number + 10**3000), lines=True)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    lines = Path("lines").read_text().splitlines()
    assert (len(lines), {len(line) for line in lines}) == (200, {3003})


KILLED = """
import os, sys, time
from pathlib import Path
from fuzzseq import baseline
def held(*_, **__):
    print("now", flush=True)
    time.sleep(60)
os.rename = held
baseline.write(Path("known.txt"), {"state-batch-12345678": baseline.BaselineEntry("a.py:b")})
"""


def test_a_kill_before_the_rename():
    """Whoever is killed with a file written and not yet in place leaves the old one; the next one tidies up."""
    baseline.write(Path("known.txt"), KNOWN)
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        baseline.write(Path("known.txt"), KNOWN)
        assert len(names()) == 2, "what is being written is nobody's leftover"
        process.send_signal(signal.SIGKILL)
    assert baseline.read(Path("known.txt")) == KNOWN
    baseline.write(Path("known.txt"), KNOWN)
    assert names() == {"known.txt"}


OWNER = """
import sys
from fuzzseq.executors.scratch import Scratch
scratch = Scratch()
open(scratch.path + "/left", "w").close()
print(scratch.path, flush=True)
sys.stdin.read()
"""


def test_temporary_folders_of_killed_runs(tmp_path, monkeypatch):
    """The next run takes away what a killed one left, and neither what a run uses nor what is somebody else's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/mine").write_text("mine")
    (tmp_path / "fuzzseq-run-a_link__").symlink_to(tmp_path / "precious")
    (tmp_path / "fuzzseq-run-opened__").mkdir(mode=0o755)
    (tmp_path / "fuzzseq-run-longer-name").mkdir(mode=0o700)
    (tmp_path / "fuzzseq-run-a_file__").write_text("mine")
    before = names()
    pipe = subprocess.PIPE
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=pipe, stdout=pipe, text=True)
    left = Path(owner.stdout.readline().strip())
    mine = Scratch()
    remove_leftovers()
    assert left.is_dir(), "its run is alive"
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    deadline = time.monotonic() + 30
    while left.exists() and time.monotonic() < deadline:
        remove_leftovers()
    assert not left.exists()
    assert Path(mine.path).is_dir()
    mine.close()
    assert names() == before
    assert (tmp_path / "precious/mine").read_text() == "mine"


def test_every_run_tidies_up(tmp_path, monkeypatch):
    """A run begins with taking away what killed runs left, and leaves nothing of its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "fuzzseq-run-12345678").mkdir(mode=0o700)
    zygote = Zygote()
    (mine,) = names()
    assert mine != "fuzzseq-run-12345678"
    zygote.close()
    assert names() == set()


#: Where a file may be written otherwise, and why.
ELSEWHERE = {
    "fuzzseq/files/output_files.py": "the one place",
    "fuzzseq/reporting/run_files.py": "the list of a run's files is locked, and so is written in its place",
    "fuzzseq/cli/standard_streams.py": "standard output itself, and the null device where that is closed",
    "fuzzseq/cli/front.py": "a new file in the temporary folder, for a report of a bug",
}
WRITING = re.compile(
    r"\.write_(?:text|bytes)\(|\bos\.(?:p?write|rename|replace|truncate)\(|NamedTemporaryFile|"
    r"open\([^)]*[\"'](?:[wax]|r\+)b?\+?[\"']|O_(?:WRONLY|RDWR)"
)


def test_everything_is_written_in_one_place(root):
    """Nothing else of fuzzseq opens a file to write it."""
    files = sorted((root / "fuzzseq").rglob("*.py"))
    found = {str(file.relative_to(root)) for file in files if WRITING.search(file.read_text(encoding="utf-8"))}
    assert found == set(ELSEWHERE)
