"""What is read may be damaged, made by another version, or no file at all: a sentence, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fuzzseq.files import format_versions
from tests.benchmarks import damage
from tests.benchmarks.damage import HUNG, TARGET, Input, ended, finding, over, readers, without_workers, wrong

STRATEGIES = readers()
#: A command for each reader, with the file that it reads.
COMMANDS = {
    "x.json": ["replay", "x.json"],
    "run/events.ndjson": ["report", "run"],
    "known.txt": ["baseline", "update", "known.txt", "run"],
    "history.jsonl": ["trend", "history.jsonl"],
    "pyproject.toml": ["replay", "x.json"],
}


@pytest.mark.parametrize("reader", sorted(STRATEGIES))
def test_damaged_input(reader, tmp_path):
    """No damaged input ends in an internal error, a hang or a traceback, or changes anything of the user's."""
    places = iter(range(10_000))

    def each(damaged: Input) -> None:
        ending = ended(damaged, tmp_path / str(next(places)))
        assert not (why := wrong(ending)), (damaged.arguments, damaged.files, why)

    with without_workers():
        over(40, STRATEGIES[reader], each)


@pytest.mark.parametrize("kind", damage.KINDS)
@pytest.mark.parametrize("file", sorted(COMMANDS))
def test_what_is_no_file(kind, file, tmp_path):
    """A pipe, a socket, a folder, a device without end, a link to itself and a file of 100 MB are each a sentence."""
    with without_workers():
        ending = ended(Input(reader="update", files={file: kind}, arguments=COMMANDS[file]), tmp_path)
    if file == "known.txt" and kind == "gone":
        assert ending.code == 0
        return
    if file == "pyproject.toml" and kind == "gone":
        assert "as far as a worker" in ending.output
        return
    assert ending.code == 2 != HUNG
    (line,) = ending.output.strip().splitlines()
    assert Path(file).name in line
    assert not ending.changed


def versioned(file: str, version: object) -> bytes:
    """Return a document of a file's kind that says which version of the format it has."""
    if file == "known.txt":
        return f"# fuzzseq-baseline: {version}\n{finding(0).id}  {TARGET}\n".encode()
    documents = {"x.json": [damage.REPLAY], "run/events.ndjson": damage.LOG, "history.jsonl": damage.HISTORY}[file]
    return "".join(f"{json.dumps({**document, 'format_version': version})}\n" for document in documents).encode()


@pytest.mark.parametrize("file", ["x.json", "run/events.ndjson", "known.txt", "history.jsonl"])
def test_versions(file, tmp_path):
    """A file of this version is read, and a newer one is refused in a sentence and left as it is."""
    versions = {"known.txt": format_versions.BASELINE, "history.jsonl": format_versions.HISTORY}
    version = versions.get(file, 1)
    command = Input(reader="update", arguments=COMMANDS[file], files={file: versioned(file, version)})
    with without_workers():
        ending = ended(command, tmp_path / "now")
        assert ending.code == 0 or "as far as a worker" in ending.output, ending.output
        newer = Input(reader="versions", arguments=command.arguments, files={file: versioned(file, version + 1)})
        ending = ended(newer, tmp_path / "newer")
    assert ending.code == 2
    assert f"has format version {version + 1}, and this fuzzseq reads {version}: update fuzzseq" in ending.output
    assert not ending.changed


@pytest.mark.parametrize("file", ["known.txt", "history.jsonl"])
def test_ids_of_another_recipe(file, tmp_path):
    """A file whose ids no finding has any more is refused in a sentence that says so, and left as it is."""
    command = Input(reader="versions", arguments=COMMANDS[file], files={file: versioned(file, 1)})
    ending = ended(command, tmp_path)
    assert ending.code == 2
    assert "has format version 1, and this fuzzseq reads 2: its ids of findings are outdated" in ending.output
    assert file != "known.txt" or "delete it, and run 'fuzzseq baseline update known.txt'." in ending.output
    assert not ending.changed


def test_a_line_of_the_history_that_cannot_be_read(tmp_path):
    """Such a line is said once and left out, the others are shown, and the file stays as it is."""
    lines = [json.dumps(line) for line in damage.HISTORY]
    lines[2], lines[4] = '{"half": ', json.dumps({**damage.HISTORY[4], "format_version": 1})
    content = "".join(f"{line}\n" for line in lines).encode()
    command = Input(reader="history", arguments=["trend", "history.jsonl"], files={"history.jsonl": content})
    ending = ended(command, tmp_path)
    assert ending.code == 0
    assert ending.output.count("history.jsonl: line 3 is not a run that this fuzzseq can read") == 1
    assert ", and 1 more like it. It was left out, and stays in the file." in ending.output
    assert sum(line.startswith("2026-01-") for line in ending.output.splitlines()) == len(lines) - 2
    assert not ending.changed


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"source": [3, 3, 3, 3, 3, 3]', '"source": [3, 3, 3, 3, 3, 99]', "rows hold ids"),
        ('"source": [3, 3, 3, 3, 3, 3]', '"source": [3, 3, 3, 3, 3, true]', "expected a whole number, got true"),
        ('"extra_source": 2', '"extra_source": 1000000000', "are the most"),
        ('"extra_source": 2', '"extra_source": -2', "-2 is not between 0"),
        ('"units": 6}', '"units": 4000000}', "units is 4000000 in it"),
        ('"units": 6}', '"width": 6}', "it has the dimensions"),
        ('"mode": "eager"', '"mode": "quick"', "'quick' is none of eager, graph"),
        ('"domain": "ordinary", "mode"', '"domain": "invalid", "mode"', "of the domain invalid"),
        ('"seed": 0}', '"seed": -1}', "-1 is not between 0"),
        ('"seed": 0}', '"seed": "0"}', "expected a whole number, got '0'"),
        ('"id": "input-', '"id": "../input-', "is not the id of a finding"),
        ('"check": "accepts"', '"check": "../accepts"', "is not the name of a check"),
    ],
)
def test_a_case_that_cannot_be(old, new, why, tmp_path):
    """A replayed case holds what can be drawn for its target, in its domain; anything else is refused in a sentence."""
    text = json.dumps(damage.REPLAY, sort_keys=True)
    assert old in text
    command = Input(reader="replay", arguments=["replay", "x.json"], files={"x.json": text.replace(old, new).encode()})
    with without_workers():
        ending = ended(command, tmp_path)
    assert (ending.code, why in ending.output) == (2, True), ending.output
    assert len(ending.output.strip().splitlines()) == 1
