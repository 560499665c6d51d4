"""A run as the engine reports it, for reporters to listen to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from fuzzseq import runner
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.events import (
    CaseExecuted,
    CheckCount,
    Event,
    FailureObserved,
    FindingReported,
    InternalError,
    Progress,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    WarningEmitted,
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
from fuzzseq.protocol.outcome import Frame, LayerFrame, Raised
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.traits import Traits

TARGET = "my_model.py:build"
#: What a model may say: markup of every kind, the marks that end it, commands of a build server, and no text at all.
HOSTILE = (
    "</script><img src=x onerror=alert(1)> ]]> --> | `tick` ```fence``` </details> @someone #1 [here](http://evil.test)\n"
    "::error::gotcha %0A, a:b \x00\x07\x1b[31m red \udc80 \u2028 \ufffe \x85 \u202e \"\"\" ''' {0} $x$ \\"
)
HOSTILE_NAME = "it's|<b>`x`@me [y](z) ]]> \\ %41\n::error::\x07"


def example_spec() -> Spec:
    """Return a Spec of which one field is declared, one inferred, and the rest default."""
    return Spec(
        contract=Contract(
            dimensions={"units": dim(1, 64)}, loss="my_model.py:masked_loss", padding="pre", initial_state="lstm"
        ),
        traits=Traits(origins={"dimensions": "declared", "loss": "inferred"}, notes=("the loss is the compiled one",)),
    )


def crash() -> Finding:
    """Return a finding of an exception, with everything that a finding can say."""
    line = Frame(
        file="my_model.py",
        line=12,
        function="build",
        source="x = Embedding(vocab - 1, dim)(source)  # [bold]",
        start=4,
        end=29,
    )
    raised = Raised(
        stage="encode",
        exception="InvalidArgumentError",
        message="indices[0,0] = 5 is not in [0, 5) \x1b[0m [[bold]]not markup",
        op="GatherV2",
        layers=(LayerFrame(name="embedding", kind="Embedding", inputs=((2, 2),)),),
        frames=(line,),
    )
    return Finding(
        id=finding_id(TARGET, "accepts", "input-vocabulary", "embedding"),
        target=TARGET,
        check="accepts",
        checks=("accepts", "trains"),
        cause="input-vocabulary",
        group="input",
        stage="encode",
        domain="ordinary",
        severity="error",
        message=raised.message,
        exception=raised,
        location=line,
        position="embedding",
        case=Case(
            dimensions={"source_vocab_size": 6, "target_vocab_size": 5, "embedding_dim": 2, "units": 2},
            batches=(
                Batch(pairs=(Pair((5,), (3,)), Pair((3, 4), ())), initial_state="zeros", extra_source=1, padding="pre"),
            ),
        ),
        sizes={
            "batch_size": 2,
            "source_length": 3,
            "target_length": 2,
            "source_vocab_size": 6,
            "target_vocab_size": 5,
            "embedding_dim": 2,
            "units": 2,
        },
        minimality=Minimality(one_minimal=True, neighbors=14, executions=31),
        diagnosis=Diagnosis(
            cause="input-vocabulary",
            explanation="The source embedding has 5 rows for a vocabulary of 6: id 5 lies one row past its end.",
            evidence=("fails iff an id is 5 or more", "the table embedding/embeddings is (5, 2)"),
            confidence=0.97,
            runner_up="input-dtype",
            confidence_reasons="no change of a type makes it pass",
            interventions=(
                Intervention(factor="source_vocab_size", change="source_vocab_size = 7", result="same"),
                Intervention(factor="source_ids", change="source ids = 3", result="passes"),
            ),
            symbolic_message="indices[0,0] = source_vocab_size - 1 is not in [0, 77)",
            unresolved_sizes=(77,),
            region=Region(
                expression="max_source_id >= source_vocab_size - 1",
                conditions=(("max_source_id", "source_vocab_size"),),
                failing=31,
                passing=15,
                tried=(
                    ProbedCase(
                        facts={"batch_size": 1, "source_vocab_size": 5, "max_source_id": 4, "ragged": False},
                        result="same",
                    ),
                    ProbedCase(
                        facts={"batch_size": 2, "source_vocab_size": 5, "max_source_id": 3, "ragged": True},
                        result="passes",
                    ),
                ),
            ),
            trace=ShapeTrace(
                lines=(
                    TraceLine(path="model", kind="Model", inputs=(("batch_size", "source_length"),), outputs=None),
                    TraceLine(
                        path="model/embedding",
                        kind="Embedding",
                        inputs=(("batch_size", "source_length"),),
                        outputs=None,
                        beside=(
                            (("batch_size", "source_length"),),
                            (("batch_size", "source_length", "embedding_dim"),),
                        ),
                    ),
                ),
                passing="source ids = 3",
                difference=1,
            ),
            executions=47,
            stopped=True,
        ),
        signature="accepts|encode|embedding|InvalidArgumentError|indices is not in",
        exceptions={"eager": raised.message, "graph": "index out of range"},
    )


def leak() -> Finding:
    """Return a finding of a broken property, of severity warning, that nothing explains."""
    return attrs.evolve(
        crash(),
        id=finding_id(TARGET, "deterministic", "unclassified", "output"),
        check="deterministic",
        checks=("deterministic",),
        cause="unclassified",
        group="unclassified",
        stage="forward",
        severity="warning",
        message="two runs of one case differ by 0.12 at (0, 0, 1) of the output",
        exception=None,
        location=None,
        position="output",
        case=Case(dimensions={"units": 2}, batches=(Batch(pairs=(Pair((3,), ()),)),)),
        sizes={"batch_size": 1, "source_length": 1, "target_length": 1, "units": 2},
        minimality=Minimality(one_minimal=False, neighbors=3, executions=9),
        diagnosis=Diagnosis(cause="unclassified", explanation=""),
        exceptions={},
    )


def example_run(
    *findings: Finding,
    settings: Settings | None = None,
    stop: str = "completed",
    error: str = "",
    blocked: str | None = None,
) -> list[Event]:
    """Return the events of a run over one target that makes these findings; with ``error``, a second is unusable.

    Of its checks ``deterministic`` was never judged, ``blocked`` by something, if that is given.
    """
    settings = settings or Settings(profile="quick", max_cases=60)
    cases: list[Event] = [
        CaseExecuted(target=TARGET, phase="boundary", number=n, total=60, failed=n == 3) for n in range(1, 61)
    ]
    made: list[Event] = []
    for finding in findings:
        made += [
            FailureObserved(target=TARGET, check=finding.check, signature=finding.signature, message=finding.message),
            Progress(target=TARGET, phase="shrink", executions=12),
            FindingReported(finding=finding),
        ]
    report = TargetReport(
        name=TARGET,
        spec=example_spec(),
        cases=60,
        corpus_cases=1,
        executions=140,
        checks={
            "accepts": CheckCount(ran=60, failed=4),
            "deterministic": CheckCount(ran=60) if blocked is None else CheckCount(not_reached=60, blocked_by=blocked),
            "loss_encoding": CheckCount(not_applicable="the model has no loss"),
            "trains": CheckCount(skipped="declared: trained elsewhere"),
        },
        seconds=3.25,
    )
    unusable = TargetReport(name="gone.py:build", spec=None, stop_reason=StopReason.UNUSABLE, error=error)
    return [
        RunStarted(targets=(TARGET,), settings=settings, started="2026-01-31T12:05:01"),
        TargetLoaded(
            target=TARGET,
            spec=example_spec(),
            versions={"python": "3.11.7", "tensorflow": "2.21.0", "keras": "3.15.1"},
        ),
        *cases,
        *made,
        WarningEmitted(target=TARGET, message="the model was rebuilt 3 times"),
        TargetFinished(report=report),
        *([TargetFinished(report=unusable)] if error else []),
        RunFinished(stop_reason=StopReason(stop), seconds=4.5),
    ]


def hostile_run(**asked: object) -> list[Event]:
    """Return the events of a run over a target with a name that is hard to write, whose model says what is too."""
    finding = crash()
    raised, frame = finding.exception, finding.location
    assert raised
    assert frame
    line = attrs.evolve(frame, source=HOSTILE, function=HOSTILE, start=None, end=None)
    said = attrs.evolve(
        finding.diagnosis, explanation=HOSTILE, advice=HOSTILE, evidence=(HOSTILE,), symbolic_message=HOSTILE
    )
    finding = attrs.evolve(
        finding,
        message=HOSTILE,
        position=HOSTILE,
        location=line,
        exception=attrs.evolve(raised, message=HOSTILE, frames=(line,)),
        diagnosis=attrs.evolve(said, region=attrs.evolve(said.region, expression=HOSTILE)),
        exceptions={"graph": HOSTILE},
    )
    events = example_run(finding, error=HOSTILE, blocked=HOSTILE, **asked)  # type: ignore[arg-type]
    told = [
        WarningEmitted(target=TARGET, message=HOSTILE),
        InternalError(target="", message=HOSTILE, traceback=HOSTILE),
    ]
    name = json.dumps(HOSTILE_NAME)[1:-1]
    return [
        from_data(json.loads(json.dumps(to_data(event)).replace("my_model", name)), type(event))
        for event in (*events[:-1], *told, events[-1])
    ]


@pytest.fixture(autouse=True)
def on_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write reports as on a machine of one's own, wherever the tests run."""
    for name in ("CI_PROJECT_DIR", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what gives the text of a report: its format and its file, of a run with these events."""
    monkeypatch.chdir(tmp_path)
    settings = Settings(profile="quick", max_cases=60)

    def written(name: str, file: str, events: list[Event], folder: str = "out") -> str:
        runner.run([TARGET], settings, output=Path(folder), formats=[name], events=events)
        with Path(folder, file).open(encoding="utf-8", newline="") as report:
            return report.read()

    return written


@pytest.fixture
def hostile_events() -> Callable[..., list[Event]]:
    """Return the maker of the events of a run that is hard to write."""
    return hostile_run


@pytest.fixture
def run_events() -> Callable[..., list[Event]]:
    """Return the maker of a run's events."""
    return example_run


@pytest.fixture
def crash_finding() -> Finding:
    """Return a finding of an exception."""
    return crash()


@pytest.fixture
def leak_finding() -> Finding:
    """Return a warning about a broken property."""
    return leak()
