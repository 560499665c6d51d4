"""Models that kill, hang or fill their worker: each is a finding, and nothing is left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from fuzzseq import Batch, Case, Pair
from fuzzseq.engine import start_campaign
from fuzzseq.events import CaseExecuted, InternalError
from fuzzseq.executors.loaded_file import LoadedFile
from fuzzseq.executors.zygote import Zygote
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec
from tests.engine.running import events, findings, of, report

MODELS = '''
import ctypes
import os
import re
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers

from fuzzseq import dim, fuzz_target

small = {"graph": False, "vocab_size": 5, "batch_size": dim(1, 2)}
small |= {"source_length": dim(1, 4), "target_length": dim(1, 2)}
declared = fuzz_target(units=2, checks=["builds", "accepts"], **small)


class Deadly(keras.Model):
    """Does something to its process when the source is longer than most."""

    def __init__(self, vocab_size, units, deed, longest=3):
        super().__init__()
        self.source = layers.Embedding(vocab_size, units)
        self.target = layers.Embedding(vocab_size, units)
        self.scores = layers.Dense(vocab_size)
        self.deed, self.longest = deed, longest

    def call(self, source, target):
        if source.shape[1] > self.longest:
            self.deed()
        return self.scores(self.target(target) + keras.ops.mean(self.source(source), axis=1, keepdims=True))


def of(deed, longest=3):
    def build(vocab_size, units):
        return Deadly(vocab_size, units, deed, longest)

    return declared(build)


def shout():
    print("out " * 10_000, flush=True)
    os.write(1, b"\\\\xff\\\\x00 bytes that are no text")
    print("err " * 10_000, file=sys.stderr, flush=True)


def last_words():
    print("these were my last words", flush=True)
    os.abort()


def endless():
    Path(__file__).with_name("hanging").touch()
    while True:
        time.sleep(0.1)


def forks():
    # Both go on with the call, and another stays behind.
    if os.fork() == 0 and os.fork() == 0:
        time.sleep(1000)


def moves():
    folder = Path(__file__).with_name("empty")
    folder.mkdir(exist_ok=True)
    os.chdir(folder)


def chatters():
    while True:
        os.write(1, b"and so on and so forth\\n" * 5000)


def deaf():
    os.closerange(3, 1000)
    time.sleep(1000)


def slow_match():
    re.match("(a+)+$", "a" * 60 + "b")  # exponential, in C, and nobody else may run meanwhile


segfaults = of(lambda: ctypes.string_at(0))
native = of(slow_match)
chats = of(chatters)
forked = of(forks)
moved = of(moves)
closes = of(deaf)
group = of(lambda: os.killpg(0, signal.SIGKILL))
zygote = of(lambda: os.killpg(os.getsid(0), signal.SIGKILL))
aborts = of(last_words, longest=2)
exits = of(lambda: os._exit(3))
leaves = of(lambda: sys.exit("enough"))
fills = of(lambda: np.ones((1 << 30,)).sum())
shouts = of(shout)
hangs = of(endless)
orphans = of(lambda: os.kill(os.getppid(), signal.SIGKILL))


def lost(labels, scores):
    os.abort()


@fuzz_target(units=2, loss=lost, checks=["builds", "accepts", "trains"], **small)
def unscored(vocab_size, units):
    return Deadly(vocab_size, units, lambda: None)


def sized(vocab_size, units):
    if units > 4:
        os.abort()
    return Deadly(vocab_size, units, lambda: None)


def dead_at_birth(vocab_size, units):
    os.abort()


dead_at_birth = fuzz_target(dead_at_birth, units=dim(2, 3), checks=["builds", "accepts"], **small)
sized = fuzz_target(sized, units=dim(2, 5), checks=["builds", "accepts"], **small)


def wrong(vocab_size, units):
    model = Deadly(vocab_size, units, lambda: None)
    model.source = layers.Embedding(vocab_size - 1, units)
    return model


wrong = declared(wrong)
'''
LONG = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3, 3, 3, 3), ()),)),))
THREE = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3, 3, 3), ()),)),))
SHORT = Case(dimensions={"vocab_size": 5, "units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),))
MEMORY = 512 * 2**20


def bodies(mark: str) -> set[int]:
    """Return the processes of fuzzseq's body whose environment holds a mark, zombies left out."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = mark.encode() in (folder / "environ").read_bytes()
            body = b"fuzzseq.worker" in (folder / "cmdline").read_bytes()
            zombie = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if ours and body and not zombie:
            found.add(int(folder.name))
    return found


def parent(pid: int) -> int | None:
    """Return the parent of a process; None where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a file with the models in it."""
    path = tmp_path_factory.mktemp("workers") / "deadly_models.py"
    path.write_text(MODELS)
    return path


def tried(models, *names, **settings):
    """Return the events of a run over some models of the file."""
    return events([f"{models}:{name}" for name in names], **{"max_cases": 8, "memory": MEMORY, **settings})


@pytest.fixture(scope="module")
def run(models):
    """Return the events of a run over models that end their worker, one whose output is long, and one that is wrong."""
    return tried(models, "aborts", "fills", "orphans", "shouts", "wrong")


def test_crash(run):
    """A worker that is ended by a signal is a finding: its minimal case, its stage, and what it printed last."""
    (found,) = findings(run, ":aborts")
    assert (found.cause, found.stage, found.check) == ("process-crash", "forward", "accepts")
    assert (found.exception.exception, found.message) == ("SIGABRT", "the process was ended by SIGABRT")
    assert "these were my last words" in found.exception.output
    assert (found.case, found.one_minimal, found.flaky) == (THREE, True, False)


def test_memory(run):
    """A model that wants more memory than a worker may have is a finding of its own cause."""
    (found,) = findings(run, ":fills")
    assert (found.cause, found.stage, found.check) == ("process-memory", "forward", "accepts")
    assert (found.case, found.one_minimal, found.flaky) == (LONG, True, False)
    assert found.message.startswith("Unable to allocate 8.00 GiB")
    assert found.location.source == "fills = of(lambda: np.ones((1 << 30,)).sum())"


def test_output_is_no_answer(run):
    """A model may write whatever it likes to its standard streams."""
    assert findings(run, ":shouts") == []
    assert report(run, ":shouts").cases == 8


def test_others_go_on(run):
    """After a death the next cases and targets are tried as ever, and what was found before stays."""
    assert [report(run, f":{name}").stop_reason for name in ("aborts", "fills", "wrong")] == ["max_cases"] * 3
    (found,) = findings(run, ":wrong")
    assert (found.cause, found.exception.exception) == ("input-vocabulary", "InvalidArgumentError")


def test_a_model_that_kills_our_own_process(run):
    """A model that ends the process that its worker came from stops nothing: that process is begun anew.

    Whether the worker lives to answer is chance, so that there may be a finding or none.
    """
    assert of(InternalError, run) == []
    assert report(run, ":orphans").stop_reason == "max_cases"


@pytest.mark.slow
def test_other_ends(models):
    """A worker that exits is a finding; one that dies in the loss or in the factory is one of that stage and check."""
    run = tried(models, "exits", "leaves", "unscored", "sized", "dead_at_birth")
    (exits,), (leaves,) = findings(run, ":exits"), findings(run, ":leaves")
    assert (exits.cause, exits.message, exits.case) == ("process-crash", "the process ended itself: exit code 3", LONG)
    assert (leaves.cause, leaves.message, leaves.case) == (
        "process-crash",
        "the process ended itself: exit code 1",
        LONG,
    )
    assert [found.message for found in findings(run, ":unscored")] == ["the process was ended by SIGABRT"]
    (unscored,), (sized,) = findings(run, ":unscored"), findings(run, ":sized")
    assert (unscored.cause, unscored.stage, unscored.check, unscored.case) == ("process-crash", "loss", "trains", SHORT)
    assert (sized.cause, sized.stage, sized.check) == ("process-crash", "build", "builds")
    assert (sized.case.dimensions["units"], sized.one_minimal) == (5, True)
    (dead,) = findings(run, ":dead_at_birth")
    assert (dead.cause, dead.stage, dead.check, dead.case) == ("process-crash", "build", "builds", SHORT)


@pytest.mark.slow
def test_hang(models):
    """A case that takes longer than a case may is a finding with a minimal case, and the run goes on."""
    run = tried(models, "hangs", "wrong", case_timeout=3.0)
    (found,) = findings(run, ":hangs")
    assert (found.cause, found.stage, found.check) == ("process-hang", "forward", "accepts")
    assert (found.exception.exception, found.case, found.one_minimal) == ("Timeout", LONG, True)
    assert [found.cause for found in findings(run, ":wrong")] == ["input-vocabulary"]


#: Each kind of end, with its cause and what is said of it; the last two do nothing that a run has to tell of.
ENDS = {
    "segfaults": ("process-crash", "the process was ended by SIGSEGV", "segfaults = of(lambda: ctypes.string_at(0))"),
    "native": ("process-hang", "no answer within", 're.match("(a+)+$", "a" * 60 + "b")'),
    "chats": ("process-hang", "no answer within", "while True:"),
    "hangs": ("process-hang", "no answer within", "while True:"),
    "closes": ("process-crash", "the process ended itself: it closed its connection", None),
    "aborts": ("process-crash", "the process was ended by SIGABRT", "os.abort()"),
    "exits": ("process-crash", "the process ended itself: exit code 3", None),
    "leaves": ("process-crash", "the process ended itself: exit code 1", 'leaves = of(lambda: sys.exit("enough"))'),
    "fills": ("process-memory", "Unable to allocate 8.00 GiB", "fills = of(lambda: np.ones((1 << 30,)).sum())"),
    "wrong": ("input-vocabulary", "indices[", "return self.scores("),
    "forked": None,
    "moved": None,
}


@pytest.mark.slow
def test_every_end_in_one_run(models, tmp_path):
    """Every way to end is found in one run, while workers are killed from outside as well; nothing is left behind."""
    mark = f"FUZZSEQ_TEST_MARK={uuid4()}"
    targets = [f"{models}:{name}" for name in ENDS]
    command = [sys.executable, "-m", "fuzzseq", "run", *targets, "--no-corpus", "--output", str(tmp_path / "out")]
    limits = ["--max-cases", "8", "--memory", "512MiB", "--case-timeout", "3s", "--workers", "2"]
    environment = {**os.environ, **dict([mark.split("=")]), "TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    chance, killed = random.Random(0), 0
    with (tmp_path / "out.txt").open("w") as out:
        run = subprocess.Popen([*command, *limits], env=environment, stdout=out, stderr=out)
        while run.poll() is None:
            time.sleep(chance.uniform(3, 9))
            alive = sorted(pid for pid in bodies(mark) if parent(pid) not in (run.pid, None))
            if alive and run.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(alive), signal.SIGKILL)
                    killed += 1
    told = (tmp_path / "out.txt").read_text()
    assert run.returncode == 1, told
    assert killed > 5
    assert bodies(mark) == set()
    assert list((tmp_path / "temporary").iterdir()) == []
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["internal_errors"] == []
    for name, expected in ENDS.items():
        found = [finding for finding in report["findings"] if finding["target"].endswith(f":{name}")]
        if expected is None:
            assert found == []
            continue
        cause, message, line = expected
        causes = [finding["cause"] for finding in found]
        assert cause in causes, (name, causes)
        first = found[causes.index(cause)]
        assert first["message"].startswith(message)
        assert line is None or first["location"]["source"].startswith(line)


def test_a_worker_that_does_not_open(models, monkeypatch):
    """A worker that takes too long to get ready is ended, and not left to itself."""
    with closing(Zygote()) as zygote:
        file = LoadedFile(zygote, {"file": str(models)}, Settings(profile="quick", max_cases=1))
        groups = set(zygote.groups)
        monkeypatch.setattr("fuzzseq.executors.loaded_file.START_LIMIT", -1.0)
        with pytest.raises(TimeoutError):
            file.opened(f"{models}:wrong", Spec())
        assert zygote.groups == groups
        file.close()


PROGRAM = """
import sys
from fuzzseq.engine import start_campaign
from fuzzseq.settings import Settings
list(start_campaign([sys.argv[1]], Settings(profile="quick", max_cases=60)))
"""


def test_nothing_is_left_behind(models):
    """When the controller is killed with SIGKILL, its workers die with it, one that is busy with a case as well."""
    mark = f"FUZZSEQ_TEST_MARK={uuid4()}"
    hanging = models.with_name("hanging")
    hanging.unlink(missing_ok=True)
    controller = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, f"{models}:hangs"], env={**os.environ, **dict([mark.split("=")])}
    )
    with controller:
        while not hanging.exists() and controller.poll() is None:
            time.sleep(0.1)
        assert len(bodies(mark)) == 4, "a zygote, a loaded file, a keeper and a worker"
        controller.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not bodies(mark):
            break
        time.sleep(0.1)
    assert bodies(mark) == set()


def test_an_abandoned_run(models):
    """A stream of events that is closed half way leaves no process behind."""
    mark = f"FUZZSEQ_TEST_MARK={uuid4()}"
    name, value = mark.split("=")
    os.environ[name] = value
    try:
        stream = start_campaign([f"{models}:wrong"], Settings(profile="quick", max_cases=4))
        assert any(isinstance(event, CaseExecuted) for event in stream)
        assert len(bodies(mark)) == 4
        stream.close()
    finally:
        del os.environ[name]
    assert bodies(mark) == set()
