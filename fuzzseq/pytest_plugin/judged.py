"""Which checks of a fuzz target are tests, and what comes of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from fuzzseq.checks.custom import custom_checks
from fuzzseq.errors import SpecError, nearest
from fuzzseq.findings import Finding
from fuzzseq.settings import RunRequest
from fuzzseq.settings.check_selection import Selection, every_check, select_checks
from fuzzseq.targets.declaration import Declaration
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class Wanted:
    """The checks of a target that were ``offered`` as items, and those that were ``chosen`` to be run.

    A target is fuzzed ``apart`` from the others where it may turn out that none of its items is run.
    """

    offered: tuple[str, ...]
    chosen: tuple[str, ...]
    apart: bool


@attrs.frozen(kw_only=True)
class Judged:
    """What came of one check of one target.

    It fails with a ``sentence``, and the ``findings`` that say why; it is ``inconclusive`` with what kept it from being
    judged. ``cases`` are those that it was judged on. ``minor_findings`` fail no test, ``warnings`` what a user
    should know of the target; one item of the target reports both.
    """

    sentence: str = ""
    findings: tuple[Finding, ...] = ()
    skipped: str = ""
    inconclusive: str = ""
    cases: int = 0
    minor_findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    spec: Spec | None = None
    replays: Mapping[str, Path] = attrs.field(factory=dict)
    sound_target: bool = False


def offered(request: RunRequest, target: str, declared: Declaration | None) -> tuple[str, ...]:
    """Return the names of the checks that are items of a target, in the order of reports.

    Raises :class:`SpecError` where its declaration names a check that there is none of, or one that is none.
    """
    settings, options = request.settings, declared.options if declared else {}
    only = options.get("checks") or ()
    known = (*every_check(settings), *custom_checks(options.get("custom_checks") or ()))
    for name in only:
        if name not in known:
            near = nearest(str(name), known)
            raise SpecError(f"{target} declares checks={list(only)!r}, and there is no check {name!r}.{near}")
    selected = select_checks(settings, known, only)
    # A target whose checks belong to other profiles keeps its items: each says so.
    return tuple(name for name, each in selected.items() if each is Selection.SELECTED) or tuple(
        name for name in only if selected[name] is Selection.OTHER_PROFILE
    )
