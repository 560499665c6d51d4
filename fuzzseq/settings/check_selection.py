"""Which checks a target is tried with."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum

from fuzzseq.checks.registry import CHECKS
from fuzzseq.settings import Settings


class Selection(Enum):
    """Whether a check is selected, was left out by name, or belongs to other profiles."""

    SELECTED = "selected"
    EXCLUDED = "excluded"
    OTHER_PROFILE = "other profile"


def every_check(settings: Settings) -> tuple[str, ...]:
    """Return the names of the checks that there are, those that ship and the custom ones, in the order of reports."""
    return (*(check.name for check in CHECKS), *settings.custom_names)


def select_checks(settings: Settings, names: Iterable[str], declared: Collection[str] = ()) -> dict[str, Selection]:
    """Return for each check whether it is selected; ``declared`` are those that the target itself names, if it does.

    Checks that were asked for by name are selected, else those of the profile and every custom one.
    """
    profiles = {check.name: check.profiles for check in CHECKS}
    selected = {}
    for name in names:
        named = (not settings.checks or name in settings.checks) and (not declared or name in declared)
        usual = settings.checks or settings.profile in profiles.get(name, (settings.profile,))
        if not named or name in settings.skip:
            selected[name] = Selection.EXCLUDED
        else:
            selected[name] = Selection.SELECTED if usual else Selection.OTHER_PROFILE
    return selected


def selected_checks(settings: Settings, names: Iterable[str], declared: Collection[str] = ()) -> tuple[str, ...]:
    """Return those of the checks that are selected; see :func:`select_checks`."""
    return tuple(n for n, each in select_checks(settings, names, declared).items() if each is Selection.SELECTED)
