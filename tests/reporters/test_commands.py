"""The commands that a run prints name the code that would not be imported unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzseq.cli import main
from fuzzseq.errors import UsageError
from fuzzseq.loading.outside import imports_named_in
from fuzzseq.outgoing import Outgoing, called
from fuzzseq.reporting.commands import Commands


@pytest.fixture
def away(tmp_path, monkeypatch) -> str:
    """Return a target outside of the current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return f"{tmp_path}/a model/my_model.py:build"


def test_a_target_elsewhere(away):
    """A command names a target outside of the current folder as it was named for the run, and no other."""
    commands, name = Commands([away, "mine.py", len]), called(away)
    assert str(Path(away).parents[1]) not in name
    named = f"--target '{away}'"
    assert commands.replay(Path("out/x.json"), name) == f"fuzzseq replay out/x.json {named}"
    assert commands.replay(Path("out/x.json"), "mine.py:build") == "fuzzseq replay out/x.json"
    assert commands.resume("out", [name, "mine.py:build"]) == f"fuzzseq run --resume out {named} --target mine.py:build"
    assert Commands(["mine.py"]).resume("out", ["mine.py:build"]) == "fuzzseq run --resume out"


def test_what_a_log_calls_so(away):
    """A target that a log knows by the end of its path is the one that is called so when its run is resumed."""
    names = Outgoing()
    assert names.name(called(away)) == names.name(away)
    assert names.name(away.replace("/a model/", "/elsewhere/a model/")) == f"{called(away)} (2)"


def test_a_path_that_is_not_whole(away):
    """What a file names by the end of a path cannot be found, and is not looked for: it has to be named."""
    with pytest.raises(UsageError, match="lies outside of the project, and holds no more of its path: name what to"):
        imports_named_in("x.json", [called(away)], trust=True)


@pytest.mark.parametrize("place", ["reddis://u:hunter2@host/0", "redis://u:hunter2@host:abc/0", "redis:/u:hunter2@h"])
def test_a_place_that_cannot_be(away, place):
    """A corpus that cannot be stored is refused before anything starts, and its password is not shown."""
    Path("mine.py").write_text("def build(vocab_size):\n    ...\n")
    done = CliRunner().invoke(main, ["run", "mine.py:build", "--corpus", place, "--in-process"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("fuzzseq: The corpus cannot be stored at ")
    assert "hunter2" not in done.stderr
    assert [path.name for path in Path().iterdir()] == ["mine.py"]
