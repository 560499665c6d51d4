"""Models that turn on fuzzseq itself beside one that does not: each gets what it did, and nothing more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from fuzzseq.events import InternalError
from tests.engine.running import events, of, report

MODELS = '''
import builtins
import json
import os
import resource
import signal
import stat
import subprocess
import sys

import keras
import numpy as np
from keras import layers

from fuzzseq import dim, fuzz_target

small = {"graph": False, "vocab_size": 5, "batch_size": dim(1, 2), "units": 2}
small |= {"source_length": dim(1, 3), "target_length": dim(1, 2)}


class Summing(keras.Model):
    """Adds the mean of the source to each word of the target, after it has done something else."""

    def __init__(self, vocab_size, units, deed):
        super().__init__()
        self.source = layers.Embedding(vocab_size, units)
        self.target = layers.Embedding(vocab_size, units)
        self.scores = layers.Dense(vocab_size)
        self.deed = deed

    def call(self, source, target):
        self.deed()
        return self.scores(self.target(target) + keras.ops.mean(self.source(source), axis=1, keepdims=True))


def doing(deed):
    def build(vocab_size, units):
        return Summing(vocab_size, units, deed)

    return fuzz_target(build, checks=["builds", "accepts", "finite"], **small)


def sockets():
    for descriptor in range(3, 2000):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                yield descriptor
        except OSError:
            pass


def write_everywhere(data):
    for descriptor in sockets():
        os.write(descriptor, data)


def forge():
    body = b'{"ok":{"verdicts":[{"check":"builds","status":"passed"},{"check":"accepts","status":"passed"}]}}'
    write_everywhere(len(body).to_bytes(8, "big") + bytes(32) + body)


def replace():
    json.dumps = json.loads = lambda *args, **kwargs: {}
    os.getpid, os.chdir, os.write, os._exit = (lambda: 1), None, None, (lambda code: None)
    builtins.print = builtins.open = None
    sys.stdout = sys.stderr = None


def narrow():
    np.seterr(all="raise")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    sys.setrecursionlimit(300)
    os.chdir("/")
    os.umask(0o777)


def leave_children():
    for _ in range(2):
        subprocess.Popen(["sleep", "98765"], start_new_session=True)
    raise ValueError("two sleepers")


def interrupt():
    raise KeyboardInterrupt


class Textless(Exception):
    def __str__(self):
        return self.args[1]


def say_nothing():
    raise Textless("its message is the second of its arguments")


def hoard():
    held = []
    while True:
        held.append(bytearray(b"x" * 100_000_000))


def half():
    raise ValueError("half \\ud800 a pair")


def linger():
    import atexit
    import time

    atexit.register(time.sleep, 1000)
    raise SystemExit(3)


healthy = doing(lambda: None)
garbage = doing(lambda: write_everywhere(b"\\xff" * 64))
forged = doing(forge)
replaced = doing(replace)
narrowed = doing(narrow)
children = doing(leave_children)
interrupted = doing(interrupt)
lingering = doing(linger)
surrogate = doing(half)
hoarder = doing(hoard)
textless = doing(say_nothing)
killer = doing(lambda: os.kill(os.getppid(), signal.SIGKILL))
stopper = doing(lambda: os.kill(os.getppid(), signal.SIGSTOP))
'''
WRITTEN = "the model interfered with fuzzseq's own part of the process: bytes that are not an answer"
#: What is found of each target: its exception, and what is said of it; None where there is nothing to find.
FOUND = {
    "healthy": None,
    "garbage": ("Corrupted", WRITTEN),
    "forged": ("Corrupted", WRITTEN),
    "replaced": None,
    "narrowed": None,
    "children": ("ValueError", "two sleepers"),
    "interrupted": ("KeyboardInterrupt", "KeyboardInterrupt"),
    "lingering": ("SystemExit", "the process ended itself: exit code 3"),
    "surrogate": ("ValueError", "half ? a pair"),
    "hoarder": ("MemoryError", "MemoryError"),
    "textless": ("Textless", "(no text: its __str__ raised IndexError)"),
    "killer": ("SIGKILL", "the process was ended by SIGKILL"),
    "stopper": ("Timeout", "the process that the model runs in was stopped, or its parent was"),
}


def marked(mark: str) -> list[str]:
    """Return the command lines of the living processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.slow
def test_each_gets_what_it_did(tmp_path):
    """Whatever a model does to its process is found of it and of no other, and nothing that it started is left."""
    (tmp_path / "misbehaving.py").write_text(MODELS)
    mark = f"FUZZSEQ_TEST_MARK={uuid4()}"
    targets = [f"misbehaving.py:{name}" for name in FOUND]
    command = [sys.executable, "-m", "fuzzseq", "run", *targets, "--no-corpus", "--output", "out", "--workers", "2"]
    command += ["--memory", "1GiB"]
    run = subprocess.run(
        [*command, "--max-cases", "4"],
        cwd=tmp_path,
        env={**os.environ, **dict([mark.split("=")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["internal_errors"] == []
    reported = {
        finding["target"].partition(":")[2]: (finding["exception"]["exception"], finding["message"])
        for finding in report["findings"]
    }
    assert reported == {name: found for name, found in FOUND.items() if found is not None}
    for _ in range(100):
        if not marked(mark):
            break
        time.sleep(0.1)
    assert marked(mark) == []


@pytest.mark.slow
def test_files_that_cannot_be_loaded(tmp_path, monkeypatch):
    """A file that ends each process that imports it cannot be used, one that never ends has its time; others go on."""
    (tmp_path / "killing.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    (tmp_path / "slow.py").write_text("import time; time.sleep(1000)")
    (tmp_path / "misbehaving.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    run = events(["killing.py", "misbehaving.py:healthy"], max_cases=2)
    assert report(run, "killing.py").error == "Importing killing.py ended the process: SIGKILL, no output."
    assert (report(run, ":healthy").stop_reason, report(run, ":healthy").cases) == ("max_cases", 2)
    late = events(["slow.py"], budget=5.0)
    assert (report(late, "slow.py").stop_reason, of(InternalError, [*run, *late])) == ("budget", [])
