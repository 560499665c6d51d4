"""How large ``report.html`` is with many findings, and how long it takes to write it and to open it.

``python -m tests.benchmarks.html [FINDINGS]`` prints bytes and seconds; Chromium opens it, where that and playwright
are installed.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import attrs

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.causes.catalog import CAUSES
from fuzzseq.events import (
    CaseExecuted,
    CheckCount,
    Event,
    FailureObserved,
    FindingReported,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
)
from fuzzseq.findings import (
    Diagnosis,
    Finding,
    Intervention,
    Minimality,
    ProbedCase,
    Region,
    ShapeTrace,
    TraceLine,
    finding_id,
)
from fuzzseq.protocol.outcome import Frame, Raised
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.html import reporter
from fuzzseq.reporting.run_state import RunState
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.spec import Spec

SIZES = ("source_vocab_size", "target_vocab_size", "embedding_dim", "units")
SPEC = Spec(
    contract=Contract(
        dimensions={"units": dim(2, 32)}, parameters=tuple(Parameter(name=name, dimension=name) for name in SIZES)
    )
)

#: Cases that are tried for a region, as many as in the findings of the zoo.
PROBED = 40


def probed(draw: random.Random) -> ProbedCase:
    """Return a case of a search for a region, with as many facts as a real one has."""
    sizes = {name: draw.randint(1, 12) for name in ("batch_size", "source_length", "target_length")}
    built = {name: draw.randint(2, 16) for name in SIZES}
    more = {"ragged": draw.random() < 0.5, "mode": draw.choice(("eager", "graph")), "max_source_id": draw.randint(3, 9)}
    facts = {**sizes, **built, **more}
    return ProbedCase(facts=facts, result="same" if facts["source_length"] > facts["target_length"] else "passes")


def trace() -> ShapeTrace:
    """Return the layers of a model of usual size."""
    source = ("batch_size", "source_length")
    shapes = ((*source, "embedding_dim"), ("batch_size", "units")), ((*source, "units + 1"),)
    lines = [
        TraceLine(
            path=f"Translator/encoder/layer#{number}",
            kind="LSTM",
            inputs=shapes[0],
            outputs=shapes[1] if number < 10 else None,
            beside=(shapes[0], ((*source, "units"),) if number > 7 else shapes[1]),
        )
        for number in range(1, 11)
    ]
    return ShapeTrace(lines=tuple(lines), passing="source_length = 1", difference=7)


def made(number: int, draw: random.Random) -> Finding:
    """Return a finding with everything that one can say."""
    cause, target = CAUSES[number % len(CAUSES)], f"models/translator_{number % 20}.py:build"
    tried = tuple(probed(draw) for _ in range(PROBED))
    failing = sum(case.result == "same" for case in tried)
    line = Frame(
        file=f"models/translator_{number % 20}.py",
        line=number,
        function="build",
        source="decoded, h, c = self.decoder(embedded, initial_state=[h, c], mask=mask)",
        start=16,
        end=71,
    )
    message = "Incompatible shapes: [3,64] vs. [2,64] while calling the layer. " * 3
    raised = Raised(stage="decode", exception="InvalidArgumentError", message=message, frames=(line,))
    pairs = tuple(Pair((3,) * length, (3, 4)) for length in (6, 2, 4))
    return Finding(
        id=finding_id(target, "accepts", cause.slug, str(number)),
        target=target,
        check="accepts",
        checks=("accepts", "trains"),
        cause=cause.slug,
        group=cause.group,
        stage="decode",
        domain="ordinary",
        severity=("error", "warning", "note")[number % 3],  # type: ignore[arg-type]
        message=message,
        exception=raised,
        location=line,
        position=f"Translator/decoder#{number}",
        case=Case(dimensions=dict.fromkeys(SIZES, 6), batches=(Batch(pairs=pairs, extra_source=2),)),
        sizes={"batch_size": 3, "source_length": 8, "target_length": 3, **dict.fromkeys(SIZES, 6)},
        minimality=Minimality(one_minimal=True, neighbors=14, executions=31),
        diagnosis=Diagnosis(
            cause=cause.slug,
            explanation=cause.mistake,
            evidence=("it fails for source_length > target_length", "the widths of two tensors do not fit"),
            confidence=0.9,
            runner_up="decoder-width",
            confidence_reasons="only evidence: the widths of two tensors do not fit",
            interventions=tuple(
                Intervention(factor=name, change=f"{name} = 7", result="same" if name != "units" else "passes")
                for name in SIZES
            ),
            symbolic_message=message.replace("3,64", "batch_size,units"),
            region=Region(
                expression="source_length > target_length",
                conditions=(("source_length", "target_length"),),
                failing=failing,
                passing=PROBED - failing,
                tried=tried,
            ),
            trace=trace(),
        ),
        signature=str(number),
    )


def run_of(count: int) -> Iterator[Event]:
    """Yield the events of a run over twenty targets that makes so many findings."""
    draw = random.Random(0)
    targets = [f"models/translator_{number}.py:build" for number in range(20)]
    settings = Settings(profile="nightly", max_cases=100, domains=("ordinary", "invalid"))
    yield RunStarted(targets=tuple(targets), settings=settings, started="2026-01-31T12:05:01+00:00")
    for place, target in enumerate(targets):
        yield TargetLoaded(target=target, spec=SPEC, versions={"tensorflow": "2.21.0"}, index=place)
        for number in range(1, 101):
            sizes = {
                name: value
                for name, value in probed(draw).facts.items()
                if name in (*SIZES, "batch_size", "source_length", "target_length")
            }
            yield CaseExecuted(
                target=target, phase="random", number=number, total=100, failed=number % 9 == 0, sizes=sizes
            )
    for number in range(count):
        finding = made(number, draw)
        yield FailureObserved(
            target=finding.target, check="accepts", signature=finding.signature, message=finding.message
        )
        yield FindingReported(finding=finding)
    checks = {"accepts": CheckCount(ran=100, failed=4), "causal": CheckCount(not_applicable="there is no decoder")}
    for place, target in enumerate(targets):
        report = TargetReport(name=target, spec=SPEC, cases=100, executions=400, checks=checks, index=place)
        yield TargetFinished(report=attrs.evolve(report, acceptance={"source_id_negative": "silently accepted"}))
    yield RunFinished(stop_reason=StopReason.MAX_CASES, seconds=60.0)


def write(folder: Path, count: int) -> Path:
    """Write the page of a run with so many findings, and return it."""
    record = RunState()
    fan = Dispatcher(record, [reporter(record, Folder(folder), "report.html")])
    for number, event in enumerate(run_of(count)):
        fan.on_event(event, number / 40)
    if record.errors:
        raise RuntimeError(record.errors[0].traceback)
    return folder / "report.html"


def opened(page: Path) -> list[float]:
    """Return the seconds until a page is laid out and drawn, three times."""
    from playwright.sync_api import sync_playwright

    took = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(3):
            tab = browser.new_page()
            began = time.monotonic()
            tab.goto(page.as_uri())
            tab.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            took.append(time.monotonic() - began)
            tab.close()
        browser.close()
    return took


def main() -> None:
    """Print what was measured."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        page = write(Path(folder), count)
        took = time.monotonic() - began
        print(f"{count} findings: {page.stat().st_size:,} bytes, {took:.2f} s for the run and every page of it")
        if shutil.which("chromium"):
            print("opened in", ", ".join(f"{seconds:.2f} s" for seconds in opened(page)))


if __name__ == "__main__":
    main()
