"""The failing region is found by asking: the stated predicate comes back, within the budget, or an honest nothing."""

from __future__ import annotations

import random

import pytest

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import resized
from fuzzseq.diagnosis import region
from fuzzseq.diagnosis.evidence_collection import gather
from fuzzseq.diagnosis.probing import Budget
from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported
from fuzzseq.protocol.evidence import CustomMessage
from fuzzseq.protocol.outcome import Outcome, Raised, Verdict
from fuzzseq.protocol.serialization import dumps
from fuzzseq.settings import Settings
from fuzzseq.shrink.reducer import reduce
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.spec import Spec
from tests.benchmarks.regions import agreement
from tests.zoo import bugs
from tests.zoo.bug import holds


class Stated:
    """A model that fails where an expression is true, of those cases that there is something to judge in."""

    def __init__(self, spec: Spec, expression: str, judged: str = "True") -> None:
        self._spec, self._expression, self._judged = spec, expression, judged
        self._known: dict[str, tuple[Case, str]] = {}

    def answer(self, case: Case) -> str:
        """Say how a case ends."""
        ending = "same" if holds(self._expression, case, self._spec) else "passes"
        if not holds(self._judged, case, self._spec):
            ending = "not_reached"
        self._known.setdefault(dumps(case), (case, ending))
        return self._known[dumps(case)][1]

    def verdict(self, case: Case) -> Verdict | None:
        """Return what is raised."""
        return RAISED

    def trace(self, case: Case) -> Outcome:
        """Nothing runs."""
        return Outcome(verdicts=())


def with_parameters(*names: str) -> Spec:
    """Return a Spec of a factory with parameters."""
    return Spec(contract=Contract(parameters=tuple(Parameter(name=name, dimension=name) for name in names)))


RAISED = Verdict(
    check="accepts",
    status="raised",
    raised=Raised(stage="forward", exception="ValueError", message="broken"),
)
SILENT = Verdict(check="causal", status="failed", stage="forward", evidence=(CustomMessage(text="moves"),))
USUAL = Spec(contract=Contract(initial_state="lstm"))
HEADED = with_parameters("vocab_size", "embedding_dim", "units", "num_layers", "num_heads")
BOUNDED = with_parameters("vocab_size", "units", "max_length")

STATED = [
    (USUAL, "True"),
    (USUAL, "source_length > 8"),
    (USUAL, "batch_size != 4"),
    (USUAL, "batch_size == 1"),
    (USUAL, "ragged_source"),
    (USUAL, 'mode == "graph"'),
    (USUAL, 'initial_state != "none"'),
    (USUAL, "source_length != target_length"),
    (USUAL, "source_length > target_length"),
    (USUAL, "source_length % 4 != 0"),
    (USUAL, "max_source_id >= source_vocab_size - 1"),
    (USUAL, "embedding_dim != units"),
    (USUAL, "batch_size > 1 and target_length > 1"),
    (USUAL, "batch_size > 1 and batch_size != target_length"),
    (USUAL, "source_length > 1 or target_length > 1"),
    (USUAL, "batch_size * source_length > 16"),
    (HEADED, "num_layers >= 2"),
    (HEADED, "units % num_heads != 0"),
    (HEADED, "num_layers > 1 and source_length > 1"),
    (BOUNDED, "source_length >= max_length"),
    (BOUNDED, "source_length > max_length - 2"),
]


@pytest.mark.parametrize(("spec", "stated"), STATED, ids=[stated for _, stated in STATED])
def test_the_stated_region_is_found(spec: Spec, stated: str) -> None:
    """From a minimal case the region is found within the budget, and agrees with the stated one on new points."""
    model = Stated(spec, stated)
    failing = next(case for case in boundary_cases(spec.contract, 0) if holds(stated, case, spec))
    minimal = reduce(failing, spec.contract, lambda case: model.answer(case) == "same", max_executions=1500).case
    evidence = gather(spec, minimal, RAISED, model)
    assert evidence.region is not None
    assert not evidence.stopped
    assert evidence.executions <= 80
    compared = agreement(evidence.region.expression, stated, spec)
    assert compared.whole, f"{evidence.region.expression} ({compared})"


def test_the_region_does_not_depend_on_what_was_run_before() -> None:
    """What shrinking happened to execute is no evidence: a known case would be reported in another way."""
    failing = next(case for case in boundary_cases(USUAL.contract, 0) if holds("batch_size != 4", case, USUAL))
    fresh, busy = (Stated(USUAL, "batch_size != 4") for _ in range(2))
    minimal = reduce(failing, USUAL.contract, lambda case: busy.answer(case) == "same", max_executions=1500).case
    one, two = (gather(USUAL, minimal, RAISED, model) for model in (fresh, busy))
    assert (one.region, one.executions) == (two.region, two.executions)


def test_what_no_simple_rule_explains_is_said_to_be_so() -> None:
    """A region beyond comparisons, offsets and pairs is no rule; a search that was stopped says so."""
    odd = "(batch_size + 2 * source_length + 3 * target_length + source_vocab_size) % 5 < 2"
    failing = next(case for case in boundary_cases(USUAL.contract, 0) if holds(odd, case, USUAL))
    found = region.find(failing, failing, USUAL, Budget(Stated(USUAL, odd), 60), [])
    assert found.expression == ""
    assert "no simple rule found" in found.sentence
    few = region.find(failing, failing, USUAL, Budget(Stated(USUAL, "source_length % 4 != 0"), 3), [])
    assert few.stopped
    assert "the search reached its budget" in few.sentence
    assert few.probes <= 3


class Weighted(Stated):
    """A model that fails silently where an expression is true, but for some draws of its weights in some sizes."""

    def answer(self, case: Case) -> str:
        """Say how a case ends."""
        weights = random.Random(f"{sorted(case.dimensions.items())} {case.seed}").random()
        return "passes" if weights < 0.3 else super().answer(case)


def test_a_region_that_the_weights_decide_is_no_rule() -> None:
    """Other sizes have other weights: a rule that fits by chance alone is contradicted by weights drawn anew."""
    rules = set()
    for vocabulary in range(5, 9):
        model = Weighted(USUAL, "True")
        failing = next(case for case in boundary_cases(USUAL.contract, 0) if model.answer(case) == "same")
        failing = resized(failing, "target_vocab_size", vocabulary, USUAL.contract)
        if model.answer(failing) == "same":
            found = region.find(failing, failing, USUAL, Budget(model, 60), [], silent=True)
            rules.add(found.expression)
    assert rules <= {"", "True"}


@pytest.mark.parametrize("stated", ["batch_size > 1", "source_length != target_length", "units > 4"])
def test_a_silent_region_is_held_against_other_weights(stated: str) -> None:
    """A rule that holds whatever the weights are is found for what fails silently as well."""
    spec = with_parameters("vocab_size", "units")
    model = Stated(spec, stated)
    failing = next(case for case in boundary_cases(spec.contract, 0) if model.answer(case) == "same")
    minimal = reduce(failing, spec.contract, lambda case: model.answer(case) == "same", max_executions=1500).case
    found = gather(spec, minimal, SILENT, model).region
    assert found is not None
    assert agreement(found.expression, stated, spec).whole, found.sentence


@pytest.mark.parametrize("stated", ["True", "ragged_source", "source_length > 1"])
def test_a_case_with_nothing_to_judge_passes_no_check(stated: str) -> None:
    """Where a check was not reached it says nothing of the region, and it is said that there were such cases."""
    model = Stated(USUAL, stated, judged="target_length > 1")
    failing = next(case for case in boundary_cases(USUAL.contract, 0) if model.answer(case) == "same")
    minimal = reduce(failing, USUAL.contract, lambda case: model.answer(case) == "same", max_executions=1500).case
    evidence = gather(USUAL, minimal, SILENT, model)
    assert evidence.region is not None
    assert evidence.region.expression == stated
    assert evidence.region.not_reached > 0
    if stated == "True":
        assert "always, where the check applies (" in evidence.region.sentence
    assert {i.result for i in evidence.interventions if i.change == "target_length = 1"} == {"not_reached"}


def test_padding_that_a_case_has_no_room_for_is_nothing_to_judge() -> None:
    """A leak of padding shows in every case that can be padded; those that are full to their end do not count."""
    (leak,) = [name for name in bugs() if name.endswith("/input_padding_leak_mean.py:build")]
    settings = Settings(profile="quick", max_cases=40, maxfail=1, workers=1, checks=("padding_invariant",))
    found = [event.finding for event in start_campaign([leak], settings) if isinstance(event, FindingReported)]
    sentences = [finding.diagnosis.region.sentence for finding in found if finding.diagnosis.region]
    assert len(sentences) == 1
    assert sentences[0].startswith("fails always, where the check applies (")
