"""What fuzzseq finds in the zoo, beside what people usually run: ``python -m tests.benchmarks.detection``.

With ``--soak FILE`` each model is written to a file as it is done, and those that are there are not run again: a long
run goes on where it ended. ``--no-bugs --seeds 10 --cases 500 --soak soak.ndjson`` looks for false alarms overnight.

With ``--first`` a target is left at its first error, and run whole only where that is not the bug as it is stated: the
same is seen, and after how many cases, in less time.

The two baselines are a hand-written Hypothesis test that builds the model in each example and runs forward, loss and
gradient, and one step of ``fit`` on a batch of 64 rows of length 10. They are asked of each bug once the first seed is
through: what fuzzseq takes is not timed beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import attrs

from fuzzseq.causes.catalog import cause_named
from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported, InternalError, Progress, TargetFinished
from fuzzseq.findings import Finding
from fuzzseq.protocol.serialization import dumps, from_data
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec
from tests.benchmarks.regions import agreement
from tests.zoo import bug_of, bugs, healthy
from tests.zoo.twins import twins

_ROOT = Path(__file__).resolve().parents[2]


@attrs.define
class Row:
    """What was seen of one model under one seed."""

    target: str
    seed: int
    findings: tuple[Finding, ...] = ()
    cases: int = 0
    seconds: float = 0.0
    problem: str = ""
    asked: int = 0
    spec: Spec | None = None
    #: How long each diagnosis took, in seconds, a fresh worker's first call included.
    diagnoses: tuple[float, ...] = ()
    #: What the two baselines say of the model, where they were asked: of a bug, under the first seed.
    baselines: Mapping[str, str] = attrs.field(factory=dict)


def measure(targets: Sequence[str], seed: int, cases: int, workers: int, maxfail: int | None = None) -> Iterator[Row]:
    """Run a campaign over targets and yield a row for each, as it is done."""
    settings = Settings(profile="ci", max_cases=cases, maxfail=maxfail, seed=seed, case_timeout=20.0, workers=workers)
    rows: dict[str, Row] = {target: Row(target, seed, asked=cases) for target in targets}
    shrunk: dict[tuple[str, str], float] = {}
    for event in start_campaign(targets, settings):
        if isinstance(event, FindingReported):
            row = rows[event.finding.target]
            row.findings = (*(f for f in row.findings if f.id != event.finding.id), event.finding)
        elif isinstance(event, Progress):
            now = time.monotonic()
            if event.phase == "shrink":
                shrunk[event.target, event.signature] = now
            else:
                rows[event.target].diagnoses += (now - shrunk[event.target, event.signature],)
        elif isinstance(event, TargetFinished):
            row = rows.setdefault(event.report.name, Row(event.report.name, seed, asked=cases))
            row.cases, row.seconds, row.spec = event.report.cases, event.report.seconds, event.report.spec
            row.problem = event.report.error or row.problem
            yield row
        elif isinstance(event, InternalError):
            rows[event.target].problem = event.message


def resumed(targets: Sequence[str], seed: int, asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each target: those of the soak's file, then the others, which are added to it."""
    file = Path(asked.soak) if asked.soak else None
    lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
    kept = [from_data(json.loads(line), Row) for line in lines]
    done = {row.target: row for row in kept if row.seed == seed and row.asked == asked.cases and row.target in targets}
    yield from done.values()
    left = [target for target in targets if target not in done]
    for row in _told(left, seed, asked) if left else ():
        keep(row, asked)
        yield row


def _is_bug(target: str) -> bool:
    return any(Path(target).name == Path(bug).name for bug in bugs())


def keep(row: Row, asked: argparse.Namespace) -> None:
    """Add a row to the soak's file, if there is one; of the same model and seed, the last one counts."""
    if asked.soak:
        with Path(asked.soak).open("a", encoding="utf-8") as stream:
            stream.write(dumps(row) + "\n")


def _told(targets: Sequence[str], seed: int, asked: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for each target, of its first error alone where that is asked for and is the bug as it is stated."""
    if asked.first:
        rest = []
        for row in measure(targets, seed, asked.cases, asked.workers, maxfail=1):
            if _is_bug(row.target) and judged(row).settled:
                yield row
            else:
                rest.append(row.target)
        targets = rest
    if targets:
        yield from measure(targets, seed, asked.cases, asked.workers)


def stem(row: Row) -> str:
    """Return the name of a row's model: that of its file."""
    return Path(row.target.partition(":")[0]).stem


def baselines(target: str) -> dict[str, str]:
    """Return what the two baselines say of a target, from a process of their own."""
    command = [sys.executable, "-m", "tests.benchmarks.baselines", target]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return {"hypothesis": "timeout", "fit": "timeout"}
    if done.returncode or not done.stdout.strip():
        return {"hypothesis": "died", "fit": "died"}
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@attrs.frozen
class Judged:
    """What is right of a row: found, its cause, 1-minimal, the case as stated; the region and the line, where asked."""

    found: bool
    cause: bool = False
    minimal: bool = False
    stated: bool = False
    line: bool | None = None
    region: bool | None = None
    named: str = ""
    second: str | None = None
    notes: str = ""

    @property
    def settled(self) -> bool:
        """Whether the bug was found as it is stated."""
        return self.found and self.cause and self.minimal and self.stated


def judged(row: Row) -> Judged:
    """Return what is right of what was found of a bug."""
    bug = bug_of(row.target)
    right = [f for f in row.findings if f.cause == bug.cause]
    best = right[0] if right else row.findings[0] if row.findings else None
    if best is None:
        return Judged(False, notes=row.problem or "nothing found")
    others = [f.cause for f in row.findings if f is not best]
    notes = [f"also {', '.join(others)}"] if others else []
    line = best.location is not None and best.location.source in (bug.line, bug.shown)
    if not line:
        notes.append(f"line: {best.location.source if best.location else None}")
    if not (same := dumps(attrs.evolve(best.case, seed=0)) == dumps(bug.minimal)):
        notes.append(f"case: {shown(best)}")
    region = None
    if best.exception is not None and row.spec is not None:
        found = best.diagnosis.region.expression if best.diagnosis.region else ""
        compared = agreement(found, bug.region, row.spec)
        region = compared.whole
        if not region:
            notes.append(f"region: {found or None} for {bug.region} ({compared})")
    return Judged(
        found=True,
        cause=bool(right),
        minimal=best.one_minimal,
        stated=same,
        line=line if best.exception is not None else None,
        region=region,
        named=best.cause,
        second=best.diagnosis.runner_up,
        notes="; ".join(notes),
    )


def shown(finding: Finding) -> str:
    """Return a case on one line."""
    batches = [[(p.source, p.target) for p in b.pairs] for b in finding.case.batches]
    last = finding.case.batches[-1]
    manner = [finding.case.mode, last.initial_state, last.target_encoding, last.extra_source, last.extra_target]
    return f"{dict(finding.case.dimensions)} {batches} {manner}"


_ASKED = ("region", "line")


def _mark(value: bool | None) -> str:
    """Return a column of the table; what is not asked of a bug is a dot."""
    return "." if value is None else "yes" if value else "NO "


class Totals:
    """The sums over all runs, and which causes were taken for which."""

    def __init__(self) -> None:
        self._runs = self._groups = self._second = 0
        self._right: Counter[str] = Counter()
        self._of: Counter[str] = Counter()
        self._confused: Counter[tuple[str, str]] = Counter()
        self._costs: list[int] = []
        self._baselines: Counter[tuple[str, bool]] = Counter()
        self._asked: Counter[bool] = Counter()
        self._seconds: list[float] = []

    def add(self, row: Row, said: Judged) -> None:
        """Add one run."""
        self._runs += 1
        for name in ("found", "cause", "minimal", "stated", *_ASKED):
            value = getattr(said, name)
            self._of[name] += value is not None
            self._right[name] += bool(value)
        self._costs += [finding.diagnosis.executions for finding in row.findings]
        self._seconds += row.diagnoses
        if said.found and not said.cause:
            meant = bug_of(row.target).cause
            self._confused[meant, said.named] += 1
            self._second += said.second == meant
            self._groups += cause_named(meant).group != cause_named(said.named).group

    def add_baselines(self, row: Row) -> None:
        """Add what the baselines say of one bug."""
        raises = any(finding.exception is not None for finding in row.findings)
        self._asked[raises] += 1
        for kind, ended in row.baselines.items():
            self._baselines[kind, raises] += ended.startswith("failed")

    def print(self) -> None:
        """Print the sums."""
        counts = ", ".join(f"{name} {self._right[name]} of {self._of[name]}" for name in self._of)
        print(f"of {self._runs} runs: {counts}")
        print(f"causes wrong: {sum(self._confused.values())}, the second best right {self._second}, ", end="")
        print(f"another group {self._groups}: {dict(self._confused)}")
        if self._costs:
            print(f"executions of a diagnosis: median {median(self._costs)}, most {max(self._costs)}")
        if self._seconds:
            print(f"seconds of a diagnosis: median {median(self._seconds):.1f}, most {max(self._seconds):.1f}")
        for kind in ("hypothesis", "fit") if self._asked else ():
            raising, silent = (f"{self._baselines[kind, raises]} of {self._asked[raises]}" for raises in (True, False))
            print(f"baseline {kind}: {raising} that raise, {silent} silent ones")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--from-seed", type=int, default=0, help="leave the seeds before this one out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak", metavar="FILE", help="keep what is done in a file, and go on from there")
    parser.add_argument("--only", nargs="*", default=[], help="substrings of the models to measure")
    parser.add_argument("--first", action="store_true", help="leave a model at its bug, once found")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--no-healthy", action="store_true")
    parser.add_argument("--no-bugs", action="store_true")
    parser.add_argument("--tf-keras", action="store_true", help="measure the models as tf-keras makes them")
    asked = parser.parse_args()

    def wanted(targets: Sequence[str]) -> list[str]:
        return [t for t in targets if not asked.only or any(part in t for part in asked.only)]

    buggy = [] if asked.no_bugs else wanted(bugs())
    sound = [] if asked.no_healthy else wanted(healthy())
    if asked.tf_keras:
        folder = Path(tempfile.gettempdir(), "fuzzseq-twins")
        folder.mkdir(exist_ok=True)
        buggy, sound = twins(buggy, folder), twins(sound, folder)
    began = time.monotonic()
    totals = Totals()
    for seed in range(asked.from_seed, asked.seeds):
        measured = []
        for row in resumed(buggy, seed, asked):
            measured.append(row)
            said = judged(row)
            totals.add(row, said)
            marks = " ".join(_mark(getattr(said, name)) for name in ("found", "cause", "minimal", "stated", *_ASKED))
            second = f"{said.named} (or else {said.second})" if said.found and not said.cause else ""
            beside = f"{row.cases:4} {row.seconds:6.1f}s {second} {said.notes}"
            print(f"{seed} {stem(row):32} {marks} {beside}", flush=True)
        for row in measured if not seed and not asked.no_baselines else ():
            if not row.baselines:
                row.baselines = baselines(row.target)
                keep(row, asked)
            totals.add_baselines(row)
            print(f"{seed} {stem(row):32} {row.baselines}", flush=True)
        for row in resumed(sound, seed, asked):
            alarms = [f"{f.cause}: {f.message} {shown(f)}" for f in row.findings]
            mark = "ALARM" if alarms or row.problem else "clean"
            beside = f"{row.cases:4} {row.seconds:6.1f}s {row.problem} {alarms or ''}"
            print(f"{seed} {stem(row):32} {mark} {beside}", flush=True)
    totals.print()
    print(f"{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
