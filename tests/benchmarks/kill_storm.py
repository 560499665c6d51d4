"""Processes of a run killed at random: ``python -m tests.benchmarks.kill_storm``. It is to find the same all the same.

First so many runs with one ``kill -9`` each, at a random moment, of a process of a random kind: the controller, the
zygote, the loader of a file, a keeper, or a worker. Then storms: a random process every second for the length of the
run. Whenever the controller is killed, ``--resume`` goes on. Each report is held against that of an undisturbed run,
field by field but for ``seconds`` and ``started``: counts of cases and of executions included.

A storm waits while TensorFlow is imported: of a process that takes four seconds to start, and is killed every second,
nothing could be learned.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import attrs
import psutil

_ROOT: Final = Path(__file__).resolve().parents[2]
TARGETS: Final = (
    "tests/zoo/bugs/input_vocabulary_source.py:build",
    "tests/zoo/bugs/state_count_cells.py:build",
    "tests/zoo/healthy/plain_function.py:build",
)
CHECKS: Final = ("builds", "accepts", "finite", "padding_invariant")
#: What a process is, by how many processes are above it.
KINDS: Final = ("controller", "zygote", "loader", "keeper", "worker")
#: Seconds that one run may take in a storm, with all that goes on from it.
_LONGEST: Final = 900.0
_MARK: Final = "FUZZSEQ_KILL_STORM"


@attrs.define
class Disturbed:
    """A run that is killed and resumed until it ends by itself."""

    folder: Path
    command: list[str]
    mark: str = attrs.field(factory=lambda: uuid4().hex)
    kills: Counter[str] = attrs.field(factory=Counter)
    starts: int = 0

    def start(self) -> psutil.Popen:
        """Begin the run, or resume what there is of it."""
        self.starts += 1
        log = self.folder / "events.ndjson"
        resumed = log.exists() and b"\n" in log.read_bytes()
        arguments = ["--resume", str(self.folder)] if resumed else [*self.command, "--output", str(self.folder)]
        return psutil.Popen(
            [sys.executable, "-m", "fuzzseq", "run", *arguments, "--no-corpus"],
            cwd=_ROOT,
            env={**os.environ, _MARK: self.mark, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def end(self, run: psutil.Popen) -> tuple[int, str]:
        """Wait for a run, and return its exit code and what it printed."""
        out = run.communicate(timeout=_LONGEST)[0]
        return run.returncode, out.decode(errors="replace")

    def kill(self, run: psutil.Popen, choice: random.Random, *, by_kind: bool) -> str:
        """Kill a process at random, one of a kind at random where that is wanted; return its kind, empty for none."""
        there = processes(run)
        kinds = sorted(set(there.values()), key=KINDS.index)
        if not kinds:
            return ""
        kind = choice.choice(kinds)
        victim = choice.choice([p for p, its in there.items() if its == kind] if by_kind else list(there))
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return ""
        self.kills[there[victim]] += 1
        return there[victim]

    def leftovers(self) -> int:
        """Return how many processes of the run are left some seconds after its end."""
        deadline = time.monotonic() + 5
        while (left := len(marked(self.mark))) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


def marked(mark: str) -> list[int]:
    """Return the processes whose environment holds a mark, zombies left out."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def processes(run: psutil.Popen) -> dict[psutil.Process, str]:
    """Return the processes of a run with their kinds."""
    if run.poll() is not None:
        return {}
    found: dict[psutil.Process, str] = {psutil.Process(run.pid): KINDS[0]}
    layer = list(found)
    for kind in KINDS[1:]:
        below: list[psutil.Process] = []
        for process in layer:
            try:
                below += process.children()
            except psutil.NoSuchProcess:
                continue
        found.update(dict.fromkeys(below, kind))
        layer = below
    return found


def told(folder: Path) -> Any:
    """Return what a report says, without what depends on the clock."""

    def timeless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: timeless(each) for key, each in value.items() if key not in ("seconds", "started")}
        return [timeless(each) for each in value] if isinstance(value, list) else value

    return timeless(json.loads((folder / "report.json").read_text()))


def differences(one: Any, two: Any, where: str = "") -> list[str]:
    """Return where two documents differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        keys = sorted({*one, *two})
        return [line for key in keys for line in differences(one.get(key), two.get(key), f"{where}.{key}")]
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = enumerate(zip(one, two, strict=True))
        return [line for index, pair in pairs for line in differences(*pair, f"{where}[{index}]")]
    return [] if one == two else [f"{where}: {str(one)[:200]} / {str(two)[:200]}"]


def single(disturbed: Disturbed, choice: random.Random, length: float) -> tuple[int, str]:
    """Kill one process at a random moment; return the exit code and the output of whatever ended by itself."""
    run = disturbed.start()
    moment = time.monotonic() + choice.uniform(0.05, length)
    while time.monotonic() < moment and run.poll() is None:
        time.sleep(0.01)
    if disturbed.kill(run, choice, by_kind=True) == KINDS[0]:
        run.communicate()
        run = disturbed.start()
    return disturbed.end(run)


def storm(disturbed: Disturbed, choice: random.Random, every: float) -> tuple[int, str]:
    """Kill a process every so many seconds, but for the seconds of an import, until the run ends by itself."""
    over = time.monotonic() + _LONGEST
    run = disturbed.start()
    while run.poll() is None or run.returncode < 0:
        if run.poll() is not None:
            run.communicate()
            if time.monotonic() > over:
                return run.returncode, f"not over after {_LONGEST:.0f} s"
            run = disturbed.start()
        time.sleep(every)
        if not {"loader", "keeper"}.isdisjoint(processes(run).values()):
            disturbed.kill(run, choice, by_kind=False)
    return disturbed.end(run)


def judged(
    kind: str, number: int, run: Disturbed, asked: argparse.Namespace, whole: tuple[int, Any, float]
) -> tuple[bool, str]:
    """Disturb one run; say whether it is equal to the undisturbed one, and in text what came of it."""
    choice, began = random.Random(f"{kind} {asked.seed} {number}"), time.monotonic()
    code, expected, length = whole
    got, out = single(run, choice, length) if kind == "single" else storm(run, choice, asked.every)
    took = time.monotonic() - began
    wrong = [f"exit code {got}: {out[-1500:]}"] if got != code else differences(expected, told(run.folder))
    if left := run.leftovers():
        wrong.append(f"{left} processes are left")
    kills = ", ".join(f"{kind} {run.kills[kind]}" for kind in KINDS if run.kills[kind]) or "none: it was over"
    how = f"{'DIFFERS' if wrong else 'equal'}, {took:.1f} s, killed {kills}; {run.starts} starts"
    return not wrong, "\n  ".join((f"{kind} {number}: {how}", *wrong))


def main() -> None:
    """Disturb runs, print a line for each and what differs, and end with 1 where something does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--single", type=int, default=60)
    parser.add_argument("--storms", type=int, default=4)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two kills of a storm")
    parser.add_argument("--max-cases", default="20")
    parser.add_argument("--workers", default="2", help="of each run")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--seed", type=int, default=0, help="fixes what is killed, and when")
    asked = parser.parse_args()
    command = [*TARGETS, "--max-cases", asked.max_cases, "--workers", asked.workers]
    command += [argument for check in CHECKS for argument in ("--check", check)]
    with tempfile.TemporaryDirectory() as place:
        began = time.monotonic()
        undisturbed = Disturbed(Path(place, "whole"), command)
        code, _ = undisturbed.end(undisturbed.start())
        whole = code, told(undisturbed.folder), time.monotonic() - began
        print(f"undisturbed: exit code {code}, {len(whole[1]['findings'])} findings, {whole[2]:.1f} s", flush=True)
        jobs = [("storm", n) for n in range(asked.storms)] + [("single", n) for n in range(asked.single)]
        good = 0
        with ThreadPoolExecutor(asked.jobs) as pool:
            begun = [
                pool.submit(judged, kind, n, Disturbed(Path(place, f"{kind}-{n}"), command), asked, whole)
                for kind, n in jobs
            ]
            for each in as_completed(begun):
                equal, text = each.result()
                good += equal
                print(text, flush=True)
    print(f"{good} of {len(jobs)} equal the undisturbed run")
    sys.exit(good < len(jobs))


if __name__ == "__main__":
    main()
