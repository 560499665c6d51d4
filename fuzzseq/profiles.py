"""Named sets of settings: how long a run looks, and from which seed."""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.cases.case import Domain
from fuzzseq.errors import UsageError, nearest


@attrs.frozen(kw_only=True)
class Profile:
    """A named set of settings; ``seed`` None asks for a new random one each run, ``budget`` is seconds.

    ``domains`` are those of its inputs: ``edge`` tries empty rows and the like,
    ``invalid`` asks how a model takes what it ought to refuse.
    """

    name: str
    purpose: str
    max_cases: int
    seed: int | None = 0
    budget: float | None = None
    domains: tuple[Domain, ...] = ("ordinary", "invalid")


#: Every profile, the default first.
PROFILES: Final = (
    Profile(
        name="quick",
        purpose="while you write the model: the boundary cases and a few more",
        max_cases=60,
        domains=("ordinary",),
    ),
    Profile(name="ci", purpose="on every push: derandomized, so that one commit gives one result", max_cases=400),
    Profile(
        name="nightly",
        purpose="while you sleep: a new random seed each time, printed so that the run can be repeated",
        max_cases=5000,
        seed=None,
        budget=1800.0,
        domains=("ordinary", "edge", "invalid"),
    ),
)


def profile_named(name: str) -> Profile:
    """Return a profile by its name; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    known = [profile.name for profile in PROFILES]
    raise UsageError(f"There is no profile {name!r}.{nearest(name, known)} Profiles: {', '.join(known)}.")
