"""The first cases of a target: the boundary cases, so chosen that every check has something to judge in one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check
from fuzzseq.checks.registry import PREREQUISITES
from fuzzseq.engine.generation import random_cases
from fuzzseq.targets.spec import Spec

#: How many rounds of random cases are searched for one that a check can judge, where no boundary case will do.
_SEARCHED: Final = 3


@attrs.frozen(kw_only=True)
class Opening:
    """The first cases of a target.

    ``traced_until`` is, for each check, the index of the last traced case that it can judge, -1 without one. ``idle``
    are the checks that no case of the Spec gives anything to judge.
    """

    cases: tuple[Case, ...]
    traced_until: Mapping[str, int]
    idle: frozenset[str]


def opening(spec: Spec, seed: int, count: int, checks: Sequence[Check]) -> Opening:
    """Return the first cases of a target, ``count`` at most; the same for the same arguments.

    Where the first of them leave a check nothing to judge, they give way to later ones that it can judge. With fewer
    cases than all checks need, as many as possible can be judged.
    """
    cases = list(boundary_cases(spec.contract, seed))
    judged = {check.name: {n for n, case in enumerate(cases) if judges(check, case, spec)} for check in checks}
    wanting = [check for check in checks if not judged[check.name]]
    if wanting:
        for case in (case for round_ in range(_SEARCHED) for case in random_cases(spec, seed, round_)):
            fits = [check.name for check in wanting if not judged[check.name] and judges(check, case, spec)]
            for name in fits:
                judged[name].add(len(cases))
            cases += [case] if fits else []
    # The first of them, but for those that a check must have.
    needed: list[int] = []
    wanted = [where for where in judged.values() if where]
    if all(any(n < count for n in where) for where in wanted):
        wanted = []
    while wanted and len(needed) < count:
        needed.append(max(range(len(cases)), key=lambda n: (sum(n in where for where in wanted), -n)))
        wanted = [where for where in wanted if needed[-1] not in where]
    rest = [n for n in range(len(cases)) if n not in needed]
    places = sorted([*needed, *rest[: max(0, count - len(needed))]])
    traced = {
        name: max((at for at, n in enumerate(places) if n in where and cases[n].mode == "graph"), default=-1)
        for name, where in judged.items()
    }
    return Opening(
        cases=tuple(cases[n] for n in places),
        traced_until=traced,
        idle=frozenset(name for name, where in judged.items() if not where),
    )


def judges(check: Check, case: Case, spec: Spec) -> bool:
    """Say whether a case gives a check something to judge, unless the model raises."""
    return check.name in PREREQUISITES or bool(check.plan(case, spec))
