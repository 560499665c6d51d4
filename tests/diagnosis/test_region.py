"""The failing region is found by asking: the stated predicate comes back, within the budget, or an honest nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from fuzzseq.case import Case
from fuzzseq.diagnosis import region
from fuzzseq.diagnosis.probing import Budget
from fuzzseq.engine.boundary import boundary_cases
from fuzzseq.outcome import LayerCall, Verdict
from fuzzseq.serialization import dumps
from fuzzseq.shrink.reducer import reduce
from fuzzseq.spec import Parameter, Spec
from tests.benchmarks.regions import agreement
from tests.zoo.bug import holds


class Stated:
    """A model that fails where an expression is true."""

    def __init__(self, spec: Spec, expression: str) -> None:
        """Begin with nothing asked."""
        self._spec, self._expression = spec, expression
        self._known: dict[str, tuple[Case, str]] = {}

    @property
    def executions(self) -> int:
        """How many cases were asked for."""
        return len(self._known)

    def answer(self, case: Case) -> str:
        """Say how a case ends."""
        failed = holds(self._expression, case, self._spec)
        self._known.setdefault(dumps(case), (case, "same" if failed else "passes"))
        return self._known[dumps(case)][1]

    def verdict(self, case: Case) -> Verdict | None:
        """Nothing is raised."""
        return None

    def trace(self, case: Case) -> tuple[LayerCall, ...]:
        """Nothing runs."""
        return ()

    def seen(self) -> Sequence[tuple[Case, str]]:
        """Return what was asked."""
        return list(self._known.values())


def with_parameters(*names: str) -> Spec:
    """Return a Spec of a factory with parameters."""
    return Spec(parameters=tuple(Parameter(name=name, dimension=name) for name in names))


USUAL = Spec(initial_state="lstm")
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
    """From a minimal case the region is found in 40 questions, and agrees with the stated one on points drawn anew."""
    model = Stated(spec, stated)
    failing = next(case for case in boundary_cases(spec, 0) if holds(stated, case, spec))
    minimal = reduce(failing, spec, lambda case: model.answer(case) == "same", max_executions=1500).case
    # The numbers of a region are those of the factory's code, or of the message.
    constants = [int(number) for number in re.findall(r"\d+", stated)]
    found = region.find(minimal, minimal, spec, Budget(model, 40), constants)
    assert not found.stopped
    assert (found.failing, found.passing) == tuple(
        [answer for _, answer in model.seen()].count(said) for said in ("same", "passes")
    )
    compared = agreement(found.expression, stated, spec)
    assert compared.whole, f"{found.expression} ({compared})"


def test_what_no_simple_rule_explains_is_said_to_be_so() -> None:
    """A region beyond comparisons, offsets and pairs is no rule; one that was not finished says so."""
    odd = "(batch_size + 2 * source_length + 3 * target_length + source_vocab_size) % 5 < 2"
    failing = next(case for case in boundary_cases(USUAL, 0) if holds(odd, case, USUAL))
    found = region.find(failing, failing, USUAL, Budget(Stated(USUAL, odd), 60), [])
    assert found.expression == "" or found.stopped
    assert "no simple rule found" in found.sentence or "stopped by its budget" in found.sentence
    few = region.find(failing, failing, USUAL, Budget(Stated(USUAL, "source_length % 4 != 0"), 3), [])
    assert few.stopped
    assert few.probes <= 3
