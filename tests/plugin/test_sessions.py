"""Whole pytest runs on real models: what fails, what is shown, what is written, alone and under xdist."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytest_plugins = ["pytester"]

MODELS = """
import os

import keras
import pytest
from keras import layers

import fuzzseq
from fuzzseq.stop_reason import ExitCode
from fuzzseq import fuzz_target

declared = fuzz_target(padding=None, graph=False)


def scored(vocab_size, units, rows=None):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(vocab_size, units)(target)
    x += keras.ops.mean(layers.Embedding(rows or vocab_size, units)(source), axis=1, keepdims=True)  # THE LINE
    return keras.Model([source, target], layers.Dense(vocab_size)(x))


@declared
def sound(vocab_size, units):
    return scored(vocab_size, units)


@declared
def small_table(vocab_size, units):
    return scored(vocab_size, units, rows=vocab_size - 1)


@pytest.mark.xfail(reason="the table is too small", raises=fuzzseq.failures.InputVocabulary)
@declared
def expected(vocab_size, units):
    return scored(vocab_size, units, rows=vocab_size - 1)


@declared
@pytest.mark.xfail(reason="it was mended", strict=True)
def mended(vocab_size, units):
    return scored(vocab_size, units)


@declared
@pytest.mark.skip(reason="not today")
def waiting(vocab_size, units):
    raise AssertionError("it was built")


class Noisy(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.inner = scored(vocab_size, units)

    def call(self, source, target):
        return self.inner([source, target]) + float(int.from_bytes(os.urandom(2), "big"))


@declared
def noisy(vocab_size, units):
    return Noisy(vocab_size, units)


class Dying(keras.Model):
    def __init__(self, vocab_size, units):
        super().__init__()
        self.inner = scored(vocab_size, units)

    def call(self, source, target):
        if source.shape[0] == 3:
            os.abort()
        return self.inner([source, target])


@declared
def dying(vocab_size, units):
    return Dying(vocab_size, units)


def test_of_my_own():
    pass
"""
CHECKS = ("accepts", "trains", "deterministic")
USUAL = ["--fuzz-seq2seq", "--fuzz-seq2seq-max-cases=12", *(f"--fuzz-seq2seq-check={check}" for check in CHECKS)]
#: What comes of each item, under every way of running them.
OUTCOMES = {
    "sound": ("PASSED", "PASSED", "PASSED"),
    "small_table": ("FAILED", "PASSED", "PASSED"),
    "expected": ("XFAIL", "PASSED", "PASSED"),
    "mended": ("FAILED", "PASSED", "PASSED"),
    "waiting": ("SKIPPED", "SKIPPED", "SKIPPED"),
    "noisy": ("PASSED", "PASSED", "FAILED"),
    "dying": ("FAILED", "PASSED", "PASSED"),
}
EXPECTED = {
    f"test_models.py::{target}[{check}]": outcome
    for target, outcomes in OUTCOMES.items()
    for check, outcome in zip(CHECKS, outcomes, strict=True)
}


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a folder with the test file above."""
    (pytester.path / "test_models.py").write_text(MODELS)
    return pytester


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    """Return what came of each fuzz item, from the lines of ``-v``; XPASS and ERROR included."""
    found = re.findall(r"^(?:\[gw\d\]\s.*?(\w+) )?(\S+::\w+\[\w+\])(?: (\w+))?", result.stdout.str(), re.MULTILINE)
    return {item: before or after for before, item, after in found if before or after}


def folder_of(project: pytest.Pytester) -> Path:
    """Return the only folder of reports."""
    (folder,) = (each for each in (project.path / "reports").iterdir() if each.is_dir())
    return folder


def _parsed(file: Path) -> Iterator[ET.Element]:
    """Yield the test cases of a junit file."""
    yield from ET.parse(file).iter("testcase")  # noqa: S314 (pytest wrote it)


def found_in(folder: Path) -> dict[str, str]:
    """Return the cases of the findings of a report by their ids."""
    report = json.loads((folder / "report.json").read_text())
    return {finding["id"]: json.dumps(finding["case"]) for finding in report["findings"]}


def test_a_run(project: pytest.Pytester) -> None:
    """One mistake is one red line with the whole finding, marks do what they say, and everything is written."""
    result = project.runpytest_subprocess(*USUAL, "-v", "--junitxml=junit.xml", "-p", "no:randomly")
    assert outcomes(result) == EXPECTED
    text = result.stdout.str()
    assert "Traceback" not in text
    assert "site-packages" not in text
    assert "finding 1 - test_models.py:small_table" in text
    assert "input-vocabulary  An embedding is smaller than its vocabulary" in text
    assert "max_source_id >= vocab_size - 1" in text
    assert "- shape trace -" in text
    assert "> Functional/Embedding#1: [batch_size, source_length] -> ERROR" in text
    assert "[XPASS(strict)] it was mended" in text
    assert "process-crash  The process died" in text
    result.stdout.fnmatch_lines(["FAILED test_models.py::small_table?accepts? - input-vocabulary: A token id*"])
    result.stdout.fnmatch_lines(["*= fuzz-seq2seq =*", "test_models.py:sound*12*0*completed", "4 findings (4 errors)*"])
    folder = folder_of(project)
    names = sorted(path.name for path in folder.glob("[!.]*"))
    ids = found_in(folder)
    assert names == sorted(["events.ndjson", "report.json", *(f"{i}.{kind}" for i in ids for kind in ("json", "py"))])
    assert len(ids) == 4
    assert f"fuzzseq replay reports/{folder.name}/" in text
    cases = {case.get("name"): case for case in _parsed(project.path / "junit.xml")}
    told = {each.get("name"): each.get("value") for each in cases["small_table[accepts]"].iter("property")}
    assert told == {
        "fuzz_seq2seq_seed": "0",
        "fuzz_seq2seq_judged": "12",
        "fuzz_seq2seq_cause": "input-vocabulary",
        "fuzz_seq2seq_finding": next(each for each in ids if each.startswith("input-vocabulary")),
    }


def test_formats(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option names the reports, over what the file says; GitHub's commands stand at the beginning of a line."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (project.path / "pyproject.toml").write_text('[tool.fuzzseq]\nreport = ["tests"]\n')
    formats = ["--fuzz-seq2seq-format=junit", "--fuzz-seq2seq-format=github"]
    usual = [*USUAL[:2], "--fuzz-seq2seq-check=accepts", "-p", "no:randomly", "-k", "small_table"]
    result = project.runpytest_subprocess(*usual, "--fuzz-seq2seq-report=out", *formats)
    names = {file.name for file in (project.path / "out").glob("[!.]*") if not file.name.startswith("input-vocabulary")}
    assert names == {"events.ndjson", "github.txt", "junit.xml"}
    (failed,) = (case for case in _parsed(project.path / "out/junit.xml") if case.find("failure") is not None)
    assert (failed.get("classname"), failed.get("name")) == ("test_models.py:small_table", "accepts")
    assert (project.path / "out/github.txt").read_text(encoding="utf-8").splitlines()[0] in result.outlines


@pytest.mark.slow
def test_xdist_finds_the_same(project: pytest.Pytester) -> None:
    """Two workers of xdist have the same items, outcomes and findings as none, in one folder with one summary."""
    alone = project.runpytest_subprocess(*USUAL, "-v", "--fuzz-seq2seq-report=alone", "-p", "no:randomly")
    (project.path / ".fuzzseq").rename(project.path / "known-of-the-first")
    both = project.runpytest_subprocess(*USUAL, "-v", "-n", "2", "--fuzz-seq2seq-report=both", "-p", "no:randomly")
    assert outcomes(alone) == outcomes(both) == EXPECTED
    assert found_in(project.path / "both") == found_in(project.path / "alone")
    assert len(found_in(project.path / "both")) == 4
    assert not list((project.path / "both").glob("events-*"))
    assert len(re.findall("= fuzz-seq2seq =", both.stdout.str())) == 1
    both.stdout.fnmatch_lines(["4 findings (4 errors)*"])


@pytest.mark.slow
def test_what_a_run_that_is_left_early_found(project: pytest.Pytester) -> None:
    """``--maxfail`` ends a run under xdist; what was found by then is in the summary and in the report."""
    result = project.runpytest_subprocess(*USUAL, "-n", "2", "--maxfail=1", "-p", "no:randomly")
    assert "stopping after 1 failures" in result.stdout.str()
    result.stdout.fnmatch_lines(["*= fuzz-seq2seq =*"])
    assert 1 <= len(found_in(folder_of(project))) <= 4
    assert not list(folder_of(project).glob("events-*"))


@pytest.mark.slow
@pytest.mark.parametrize("xdist", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_an_interrupt_loses_nothing(project: pytest.Pytester, xdist: list[str]) -> None:
    """Ctrl-C after the first finding: it is in the report and in the summary, and no process is left."""
    command = [sys.executable, "-m", "pytest", *USUAL, "-p", "no:randomly", "--fuzz-seq2seq-report=out", *xdist]
    environment = {**os.environ, "FUZZSEQ_TEST_MARK": str(project.path)}
    with (project.path / "said").open("w") as said:
        run = subprocess.Popen(command, cwd=project.path, env=environment, stdout=said, start_new_session=True)
        deadline = time.monotonic() + 120
        while not list((project.path / "out").glob("*-*.json")) and time.monotonic() < deadline:
            time.sleep(0.2)
        os.kill(run.pid, signal.SIGINT)
        assert run.wait(timeout=60) == pytest.ExitCode.INTERRUPTED
    text = (project.path / "said").read_text()
    assert "= fuzz-seq2seq =" in text
    assert "KeyboardInterrupt" in text
    assert found_in(project.path / "out")
    time.sleep(1)
    assert not left_over(str(project.path))


def left_over(mark: str) -> list[str]:
    """Return the processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"FUZZSEQ_TEST_MARK={mark}".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_findings_that_fail_no_test(project: pytest.Pytester) -> None:
    """A finding of the baseline is a warning, and so is one of an edge case; ``fail-on`` says what fails instead."""
    only = ["-k", "small_table and accepts", "-p", "no:randomly"]
    first = project.runpytest_subprocess(*USUAL, *only, "--hypothesis-seed=7")
    first.assert_outcomes(failed=1, deselected=first.parseoutcomes()["deselected"])
    assert "profile quick, seed 7," in first.stdout.str()
    (known,) = found_in(folder_of(project))
    (project.path / "baseline.txt").write_text(f"# mended soon\n{known}  input-vocabulary\n")
    again = project.runpytest_subprocess(
        *USUAL, *only, "--fuzz-seq2seq-baseline=baseline.txt", "--hypothesis-seed=7", "--fuzz-seq2seq-seed=3"
    )
    again.assert_outcomes(passed=1, warnings=1, deselected=again.parseoutcomes()["deselected"])
    assert "FuzzSeq2SeqWarning: error: input-vocabulary in test_models.py:small_table: A token" in again.stdout.str()
    assert "profile quick, seed 3," in again.stdout.str()


EDGE = """
import keras
from keras import layers

from fuzzseq import fuzz_target


@fuzz_target(padding=None)
def tagger(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.LSTM(units, return_sequences=True)(layers.Embedding(vocab_size, units)(tokens))
    return keras.Model(tokens, layers.Dense(vocab_size)(x))
"""


@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_findings_at_the_edge(pytester: pytest.Pytester, fail_on: str) -> None:
    """What an edge case breaks is a warning, and a failure where that is asked for."""
    (pytester.path / "test_edge.py").write_text(EDGE)
    result = pytester.runpytest_subprocess(
        *USUAL, "-k", "accepts", "--fuzz-seq2seq-domain=edge", f"--fuzz-seq2seq-fail-on={fail_on}"
    )
    text = result.stdout.str()
    assert "input-empty" in text
    assert result.ret == (pytest.ExitCode.OK if fail_on == "error" else pytest.ExitCode.TESTS_FAILED)
    assert ("FuzzSeq2SeqWarning: warning: input-empty" in text) == (fail_on == "error")


MARKED = """
import keras
import pytest
from keras import layers

from fuzzseq import fuzz_target


@pytest.fixture
def words(tmp_path):
    (tmp_path / "words").write_text("a b c d e")
    return (tmp_path / "words").read_text().split()


def model(words, rows, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(len(words), units)(target)
    x += keras.ops.mean(layers.Embedding(rows, units)(source), axis=1, keepdims=True)
    return keras.Model([source, target], layers.Dense(len(words))(x))


@pytest.mark.fuzz_seq2seq(max_cases=8, checks=["accepts", "trains"])
def test_sound(fuzz_seq2seq, words):
    result = fuzz_seq2seq(fuzz_target(lambda units: model(words, len(words), units), vocab_size=5))
    assert (result.report.cases, result.findings) == (8, ())


@pytest.mark.fuzz_seq2seq(max_cases=8, checks=["accepts"])
def test_broken(fuzz_seq2seq, words):
    fuzz_seq2seq(fuzz_target(lambda units: model(words, 4, units), vocab_size=5), output="out")


@pytest.mark.fuzz_seq2seq(max_cases=-8)
def test_impossible(fuzz_seq2seq):
    fuzz_seq2seq(model)


@pytest.mark.fuzz_seq2seq(max_case=8)
def test_misspelled(fuzz_seq2seq):
    fuzz_seq2seq(model)
"""


def test_a_test_of_ones_own(pytester: pytest.Pytester) -> None:
    """The fixture fuzzes a closure over other fixtures by the settings of the marker, with the flag or without it."""
    (pytester.path / "test_marked.py").write_text(MARKED)
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=3)
    assert [path.suffix for path in sorted((pytester.path / "out").glob("[!.]*"))] == [".json", ".py"]
    result.stdout.fnmatch_lines(
        [
            "E * fuzzseq.failures.InputVocabulary: *: input-vocabulary",
            "E * fails when * max_source_id > 3 *",
            "fuzz_seq2seq(max_cases=-8): must be a positive integer, e.g. 400.",
            "fuzz_seq2seq has no setting 'max_case'. Did you mean 'max_cases'?*",
        ]
    )


def test_beside_other_plugins(project: pytest.Pytester) -> None:
    """With pytest-randomly the items come in another order, with the same outcomes; a time limit fails one item.

    What is a warning hides no finding where warnings are errors.
    """
    chosen = "sound or small_table"
    mixed = project.runpytest_subprocess(*USUAL, "-v", "-k", chosen, "-p", "randomly", "-p", "no:cacheprovider")
    assert outcomes(mixed) == {item: outcome for item, outcome in EXPECTED.items() if re.search("sound|small", item)}
    late = project.runpytest_subprocess(*USUAL, "-v", "-k", "sound", "--timeout=1", "-p", "no:randomly")
    assert list(outcomes(late)) == [f"test_models.py::sound[{check}]" for check in CHECKS]
    assert sorted(outcomes(late).values()) == ["FAILED", "SKIPPED", "SKIPPED"]
    assert "Timeout (>1.0s) from pytest-timeout. test_models.py:sound was still being fuzzed (" in late.stdout.str()
    strict = project.runpytest_subprocess(*USUAL, "-v", "-k", "small_table and accepts", "-W", "error")
    assert "input-vocabulary  An embedding is smaller than its vocabulary" in strict.stdout.str()


@pytest.mark.slow
def test_workers_share_a_random_seed(project: pytest.Pytester) -> None:
    """Where the seed is a random one, every worker of xdist takes the same, and it is told."""
    chosen = ["-k", "sound or small_table", "-v", "-n", "2", "--junitxml=junit.xml"]
    result = project.runpytest_subprocess(*USUAL, *chosen, "--hypothesis-seed=random")
    cases = list(_parsed(project.path / "junit.xml"))
    seeds = {each.get("value") for case in cases for each in case.iter("property") if "seed" in str(each.get("name"))}
    assert len(cases) == 2 * len(CHECKS)
    assert len(seeds) == 1
    assert f"profile quick, seed {seeds.pop()}," in result.stdout.str()
