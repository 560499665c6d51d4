"""How far a region that was found agrees with the stated one: on points drawn anew, and next to the boundary."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import allowed
from fuzzseq.engine.generation import random_cases
from fuzzseq.shrink.neighbors import neighbors
from fuzzseq.targets.spec import Spec
from tests.zoo.bug import holds

_EACH_SIDE = 50
_ROUNDS = 12
#: No campaign is measured with this seed, so that no point was seen when the region was looked for.
_SEED = 99_991


@attrs.frozen
class Agreement:
    """The points on which two regions agree, of those tried: inside the stated one, outside, and next to its edge."""

    inside: tuple[int, int]
    outside: tuple[int, int]
    border: tuple[int, int]

    @property
    def whole(self) -> bool:
        """Whether they agree on every point."""
        return all(right == tried for right, tried in (self.inside, self.outside, self.border))

    def __str__(self) -> str:
        return " ".join(f"{right}/{tried}" for right, tried in (self.inside, self.outside, self.border))


def agreement(found: str, stated: str, spec: Spec) -> Agreement:
    """Compare a region that was found with the stated one."""
    sides: dict[bool, list[Case]] = {True: [], False: []}
    for case in _points(spec):
        side = sides[holds(stated, case, spec)]
        if len(side) < _EACH_SIDE:
            side.append(case)
    border = list(_border(stated, [*sides[True][:20], *sides[False][:20]], spec))

    def right(cases: list[Case]) -> tuple[int, int]:
        agreeing = (bool(found) and holds(found, case, spec) == holds(stated, case, spec) for case in cases)
        return sum(agreeing), len(cases)

    return Agreement(right(sides[True]), right(sides[False]), right(border))


def _points(spec: Spec) -> Iterator[Case]:
    """Yield ordinary cases of several builds."""
    yield from boundary_cases(spec.contract, _SEED)
    for round_ in range(_ROUNDS):
        yield from random_cases(spec, _SEED, round_)


def _border(stated: str, cases: list[Case], spec: Spec) -> Iterator[Case]:
    """Yield the points one step away from others that lie on the other side of the stated region, both of each pair."""
    for case in cases:
        for other in neighbors(case, spec.contract):
            if allowed(other, spec.contract) and holds(stated, case, spec) != holds(stated, other, spec):
                yield case
                yield other
