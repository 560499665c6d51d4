"""What comes from a process is found and ended, whatever session it is in, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fuzzseq.process_tree import descendants, end_descendants, state_of

#: A process with a sleeper in its own session, one whose parent is gone, and a child with a sleeper of its own.
ADOPTING = """
import os, subprocess, sys
from fuzzseq.process_tree import adopt

adopt()
sleep = ["sleep", "1000"]
apart = subprocess.Popen(sleep, start_new_session=True).pid
lost = "import subprocess; print(subprocess.Popen(['sleep', '1000'], start_new_session=True, stdout=2).pid)"
orphan = int(subprocess.run([sys.executable, "-c", lost], stdout=subprocess.PIPE).stdout)
waiting = "import subprocess; child = subprocess.Popen(['sleep', '1000']); print(child.pid, flush=True); child.wait()"
child = subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE)
print(apart, orphan, child.pid, int(child.stdout.readline()), flush=True)
sys.stdin.read()
"""


@contextmanager
def adopting() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Give a process that adopts, and what came from it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", ADOPTING], text=True, **pipes) as process:
        try:
            yield process, [int(pid) for pid in process.stdout.readline().split()]
        finally:
            end_descendants(process.pid)
            process.kill()


def test_everything_below():
    """A process in a session of its own, and one that lost its parent, are below the one that adopts; all are ended."""
    with adopting() as (process, below):
        assert sorted(descendants(process.pid)) == sorted(below)
        end_descendants(process.pid)
        assert [state_of(pid) for pid in below] == ["gone"] * 4
        assert state_of(process.pid) == "running"


def test_what_is_left_out():
    """A process that is left out stays, with all below it."""
    with adopting() as (process, (apart, orphan, child, grandchild)):
        assert set(descendants(process.pid, beside={child})) == {apart, orphan}
        end_descendants(process.pid, beside={child})
        assert [state_of(pid) for pid in (apart, orphan, child, grandchild)] == ["gone", "gone", "running", "running"]


@pytest.mark.parametrize(("number", "state"), [(signal.SIGSTOP, "stopped"), (signal.SIGKILL, "gone")])
def test_states(number, state):
    """A process that was stopped or killed is known to be, and one that nobody touched is not."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        assert state_of(process.pid) == "running"
        os.kill(process.pid, number)
        while state_of(process.pid) == "running":
            pass
        assert state_of(process.pid) == state
        process.kill()
    assert state_of(process.pid) == "gone"
