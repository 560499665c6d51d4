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
    places = _within(len(cases), count, [where for where in judged.values() if where])
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


def _within(total: int, count: int, wanted: Sequence[set[int]]) -> list[int]:
    """Return which ``count`` cases are tried: the first, but for those ``wanted``, which each check can judge."""
    needed: list[int] = []
    open_ = [where for where in wanted if not any(n < count for n in where)] and list(wanted)
    while open_ and len(needed) < count:
        best = max(range(total), key=lambda n: (sum(n in where for where in open_), -n))
        needed.append(best)
        open_ = [where for where in open_ if best not in where]
    rest = [n for n in range(total) if n not in needed]
    return sorted([*needed, *rest[: max(0, count - len(needed))]])
