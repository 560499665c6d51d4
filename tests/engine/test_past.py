"""What a run that is resumed goes on with: what the model accepts decides, and not how it is described."""

from __future__ import annotations

import attrs
import pytest

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.engine.resume import ResumeState
from fuzzseq.engine.selection import CheckCounts
from fuzzseq.events import (
    CheckCount,
    Checkpoint,
    FindingReported,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    TargetState,
    WarningEmitted,
)
from fuzzseq.findings import Diagnosis, Finding, Minimality
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.selection import Selection
from fuzzseq.targets.spec import Spec
from tests.specs import with_fields

NAME = "my_model.py:build"
SPEC = Spec(selection=Selection(skip={"trains": "trained elsewhere"}))
STATE = TargetState(
    rounds=2,
    cases=20,
    corpus_cases=0,
    executions=30,
    unbuilt=0,
    ran=20,
    checks={
        "accepts": CheckCount(ran=20, failed=1),
        "trains": CheckCount(skipped="trained elsewhere"),
        "causal": CheckCount(ran=20),
        "mine": CheckCount(ran=20),
    },
    failed=("accepts",),
    graph_fails=False,
    graph_runs=True,
    hung=False,
    taken=("a key",),
    dry=False,
)


FINDING = Finding(
    id="input-unpadded-12345678",
    target=NAME,
    check="accepts",
    checks=("accepts",),
    cause="input-unpadded",
    group="input",
    stage="encode",
    domain="ordinary",
    severity="error",
    message="it does not fit",
    exception=None,
    location=None,
    position="output",
    case=Case(batches=(Batch(pairs=(Pair((3,), (3,)),)),)),
    sizes={},
    minimality=Minimality(one_minimal=True, neighbors=1, executions=3),
    diagnosis=Diagnosis(cause="input-unpadded", explanation=""),
    signature="accepts|encode",
)


def past(*specs: Spec) -> ResumeState:
    """Return what a run did that loaded its target with these Specs, and came to its checkpoint with each."""
    told = [(TargetLoaded(target=NAME, spec=spec, versions={}), Checkpoint(target=NAME, state=STATE)) for spec in specs]
    return ResumeState(event for pair in told for event in pair)


@pytest.mark.parametrize(
    "change",
    [
        {"skip": {"trains": "there is no time"}},
        {"notes": ("a note",), "origins": {"skip": "declared"}},
        {"custom_checks": {"mine": "checks.py:mine"}, "checks": ("accepts", "mine")},
        {"source_constants": (7,)},
    ],
    ids="-".join,
)
def test_words_begin_nothing_anew(change):
    """A target whose description changed, and not its input, goes on from where it was."""
    begun = past(SPEC).begun(NAME, with_fields(SPEC, **change))
    assert begun is not None
    assert begun.state == STATE
    assert past(SPEC, with_fields(SPEC, **change)).begun(NAME, SPEC) is not None


def test_other_input_begins_anew():
    """A target that takes other input than before has nothing to go on with."""
    assert past(SPEC).begun(NAME, with_fields(SPEC, padding="pre")) is None


def test_what_came_after_a_checkpoint_is_done_again():
    """What an interrupted run told after its last checkpoint is no part of what a resumed one goes on from, ever."""
    as_seen = attrs.evolve(FINDING, id="unclassified-0badcafe", provisional=True)
    started = RunStarted(targets=(NAME,), settings=Settings(profile="quick", max_cases=60), started="")
    loaded = TargetLoaded(target=NAME, spec=SPEC, versions={})
    first = [started, loaded, FindingReported(finding=FINDING), Checkpoint(target=NAME, state=STATE)]
    ended = TargetFinished(report=TargetReport(name=NAME, spec=SPEC, stop_reason=StopReason.INTERRUPTED))
    told = [FindingReported(finding=as_seen), WarningEmitted(target=NAME, message="it was slow"), ended]
    resumed = [started, loaded, FindingReported(finding=FINDING), Checkpoint(target=NAME, state=STATE)]
    for events in ([*first, *told], [*first, *told, *resumed], [*first, *told, *resumed, *told]):
        begun = ResumeState(events).begun(NAME, SPEC)
        assert begun is not None
        assert begun.findings == (FINDING,)
    done = TargetFinished(report=TargetReport(name=NAME, spec=SPEC, stop_reason=StopReason.COMPLETED))
    again = ResumeState([*first, *told, *resumed, done, started])
    assert again.done() == {NAME: "completed"}
    assert again.events(NAME) == (loaded, FindingReported(finding=FINDING), done)


def test_what_is_said_now_holds():
    """Of a check that is skipped for another reason now, or is not asked any more, nothing is left of the old count."""
    settings = Settings(profile="quick", max_cases=60, skip=("causal",))
    tally = CheckCounts(with_fields(SPEC, skip={"trains": "there is no time"}), settings)
    tally.restore(STATE)
    counts = tally.counts()
    assert counts["accepts"] == CheckCount(ran=20, failed=1)
    assert counts["trains"].skipped == "there is no time"
    assert counts["causal"] == CheckCount(skipped="not asked for")
    assert "mine" not in counts
