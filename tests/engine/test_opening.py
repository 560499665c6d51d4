"""Which cases a target begins with: every check has something to judge in one of them, or has no meaning for it."""

from __future__ import annotations

import attrs
import pytest

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import may_be
from fuzzseq.checks.wording import message_of
from fuzzseq.engine.opening import judges, opening
from fuzzseq.engine.selection import NOTHING, CheckCounts, LearnedTraits
from fuzzseq.protocol.evidence import WrongShape
from fuzzseq.protocol.outcome import Outcome, Raised, Verdict
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.traits import Traits
from tests.shrink.specs import SPECS
from tests.specs import with_fields

TARGETS = {
    **{name: Spec(contract=contract) for name, contract in SPECS.items()},
    "trained by a step of its own": Spec(
        contract=Contract(loss="compiled"), traits=Traits(own_training_step=True, keras_model=True)
    ),
}
#: Where no single case is one that all checks can judge.
TOO_FEW = {("static", 1): {"attention_normalized"}}
#: Sizes that leave a check nothing to compare in any case, and the check.
NARROW = {
    "one decoder step": ({"target_length": dim(1, 1)}, {"causal", "stepwise"}),
    "one source step": ({"source_length": dim(1, 1)}, {"attention_normalized"}),
    "as many rows as source steps": (
        {"source_length": dim(3, 3), "batch_size": dim(3, 3)},
        {"attention_normalized"},
    ),
}


def opened(spec: Spec, count: int, profile: str = "nightly") -> tuple[CheckCounts, tuple[Case, ...]]:
    """Return the checks of a Spec, and the cases that a target of it begins with."""
    tally = CheckCounts(spec, Settings(profile=profile, max_cases=count))
    first = opening(spec, 0, count, tally.chosen)
    tally.begin_with(first)
    return tally, first.cases


@pytest.mark.parametrize("count", [1, 3, 15, 60])
@pytest.mark.parametrize("name", TARGETS)
def test_every_check_is_judged_within_the_cases_asked_for(name: str, count: int) -> None:
    """However few cases are asked for, every check that applies is asked of one that it can judge."""
    spec = TARGETS[name]
    tally, cases = opened(spec, count)
    assert len(cases) <= count
    judged: set[str] = set()
    for number, case in enumerate(cases):
        asked = tally.asked_of(case, number, True, LearnedTraits(judged=frozenset(judged), graph_runs=True))
        judged |= {check.name for check in tally.chosen if check.name in asked and judges(check, case, spec)}
    assert {check for check in tally.names if check not in judged} == TOO_FEW.get((name, count), set())


@pytest.mark.parametrize("name", SPECS)
def test_enough_cases_are_the_boundary_cases(name: str) -> None:
    """Where all of them are tried anyway, the boundary cases stay as they are."""
    assert opened(Spec(contract=SPECS[name]), 1000)[1] == boundary_cases(SPECS[name], 0)


@pytest.mark.parametrize("name", NARROW)
def test_what_no_case_can_show_does_not_apply(name: str) -> None:
    """A check that the declared sizes leave nothing to compare does not apply, and the run is no less sure for that."""
    dimensions, idle = NARROW[name]
    tally, cases = opened(Spec(contract=Contract(dimensions=dimensions)), 60)
    reasons = {check: count.not_applicable for check, count in tally.counts(StopReason.MAX_CASES).items()}
    assert all("sizes" in reasons[check] for check in idle)
    assert not idle & set(tally.names)
    assert cases


def test_what_few_random_cases_can_show_is_among_the_first() -> None:
    """Where no boundary case gives a check something to judge, a random one that does comes after them."""
    spec = Spec(contract=Contract(dimensions={"source_length": dim(1, 2), "target_length": dim(1, 2)}))
    tally, cases = opened(spec, 60)
    (attention,) = (check for check in tally.chosen if check.name == "attention_normalized")
    assert not any(judges(attention, case, spec) for case in boundary_cases(spec.contract, 0))
    assert any(judges(attention, case, spec) for case in cases)


def outcome(*verdicts: Verdict) -> Outcome:
    """Return the outcome of a case."""
    return Outcome(verdicts=verdicts)


def skipped(check: str, raised: Raised | None = None) -> Verdict:
    """Return the verdict of a check that was not reached."""
    return Verdict(check=check, status="not_reached", raised=raised)


CRASH = Raised(stage="decode", exception="InvalidArgumentError", message="Incompatible shapes: [3,64] vs. [2,64]\nmore")
ACCEPTS = Verdict(check="accepts", status="raised", stage="decode", raised=CRASH)
SHAPE = Verdict(check="output_shape", status="failed", evidence=(WrongShape(expected=(2, 3, 5), actual=(2, 3)),))
SAID = "blocked by accepts: InvalidArgumentError: Incompatible shapes: [3,64] vs. [2,64]"


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        ([outcome(ACCEPTS, skipped("causal"))], SAID),
        ([outcome(skipped("causal", CRASH))], SAID),
        ([outcome(skipped("causal")), outcome(ACCEPTS, skipped("causal"))], SAID),
        ([outcome(skipped("causal", attrs.evolve(CRASH, stage="gradient")))], SAID.replace("accepts", "trains")),
        (
            [outcome(SHAPE, skipped("causal"))],
            f"blocked by output_shape: {message_of(SHAPE)}",
        ),
        ([outcome(skipped("causal"))], NOTHING),
        ([], "the time limit was reached before any case"),
        ([outcome(Verdict(check="causal", status="passed")), outcome(ACCEPTS, skipped("causal"))], ""),
    ],
)
def test_what_kept_a_check_from_being_judged(outcomes: list[Outcome], why: str) -> None:
    """A count says whose exception came first, and where there was none, that there was nothing to judge or no time."""
    tally = CheckCounts(Spec(), Settings(profile="quick", max_cases=60))
    for place, each in enumerate(outcomes):
        tally.count("boundary", each, place)
    assert tally.counts(StopReason.BUDGET)["causal"].blocked_by == why


def test_the_first_case_says_why_whenever_it_is_done() -> None:
    """Cases that are done side by side, in whatever order, give the same reason."""
    later = attrs.evolve(CRASH, message="another")
    tally = CheckCounts(Spec(), Settings(profile="quick", max_cases=60))
    tally.count("random", outcome(skipped("causal", later)), 7)
    tally.count("random", outcome(skipped("causal", CRASH)), 3)
    assert tally.counts(StopReason.MAX_CASES)["causal"].blocked_by == SAID


def test_one_mistake_is_said_in_one_way() -> None:
    """Checks that one exception keeps from being judged say the same, whatever sizes their cases have."""
    tally = CheckCounts(Spec(), Settings(profile="quick", max_cases=60))
    later = attrs.evolve(CRASH, message="Incompatible shapes: [7,64] vs. [5,64]")
    other = attrs.evolve(CRASH, exception="ValueError")
    tally.count("boundary", outcome(skipped("causal", CRASH)), 0)
    tally.count("boundary", outcome(skipped("stepwise", later), skipped("uses_source", other)), 1)
    said = {name: count.blocked_by for name, count in tally.counts(StopReason.MAX_CASES).items()}
    assert said["causal"] == said["stepwise"] == SAID
    assert said["uses_source"] == SAID.replace("InvalidArgumentError", "ValueError")


def test_one_that_was_not_judged_yet_is_asked_again() -> None:
    """A rare check is asked of each case until it was judged, and has its usual turn from then on."""
    tally, cases = opened(Spec(), 60)
    traced = [number for number, case in enumerate(cases) if case.mode == "graph"]

    def asked(judged: frozenset[str]) -> list[int]:
        known = LearnedTraits(graph_runs=True, judged=judged)
        return [n for n in traced if "graph_agrees" in tally.asked_of(cases[n], n, True, known)]

    assert asked(frozenset()) == traced
    assert asked(frozenset({"graph_agrees"})) == [number for number in traced if number % 8 == 0]
    assert cases[0].mode == "eager"
    assert "graph_agrees" not in tally.asked_of(cases[0], 0, True, LearnedTraits())


ENCODER = Spec(contract=Contract(kind="encoder", parameters=SPECS["encoder"].parameters, initial_state="gru"))
OF_LEGAL_SIZES = {
    "batches of two or more": (Spec(contract=Contract(dimensions={"batch_size": dim(2, 6)})), {"batch_independent"}),
    "steps in pairs": (Spec(contract=Contract(dimensions={"target_length": dim(2, 8, multiple_of=2)})), {"causal"}),
    "sides of one length": (
        Spec(contract=Contract(dimensions={"target_length": dim(1, 8, equal_to="source_length")})),
        {"causal"},
    ),
    "long sequences": (with_fields(ENCODER, dimensions={"source_length": dim(3, 9)}), {"state_chunked"}),
}


@pytest.mark.parametrize("name", OF_LEGAL_SIZES)
def test_a_check_runs_what_the_model_takes(name: str) -> None:
    """No check asks for a batch of sizes that were declared not to come: a right model may raise there."""
    spec, kept = OF_LEGAL_SIZES[name]
    tally, cases = opened(spec, 60)
    asked = [
        (check.name, case, run, batch)
        for check in tally.chosen
        for case in cases
        for run in check.plan(case, spec).values()
        for batch in run.batches
    ]
    for check, case, run, batch in asked:
        sizes = attrs.evolve(case, batches=(batch,)).sizes(spec.contract)
        wrong = [
            part for part in spec.contract.data_dimensions() if not may_be(part, sizes[part], sizes, spec.contract)
        ]
        assert not wrong, (check, run, sizes)
        assert all(min(cut, sizes["source_length"] - cut) >= 3 for cut in run.chunk_boundaries)
    assert kept <= set(tally.names)
    assert ("stepwise" in tally.names) is (name == "batches of two or more")
