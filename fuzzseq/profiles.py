"""Named sets of settings: how long a run looks, and from which seed. Each setting says what it is in them."""

from __future__ import annotations

from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest


@attrs.frozen(kw_only=True)
class Profile:
    """A named set of settings."""

    name: str
    purpose: str


#: Every profile, the default first.
PROFILES: Final = (
    Profile(name="quick", purpose="while you write the model: the boundary cases and a few more"),
    Profile(name="ci", purpose="on every push: derandomized, so that one commit gives one result"),
    Profile(
        name="nightly", purpose="while you sleep: a new random seed each time, printed so that the run can be repeated"
    ),
)
PROFILE_NAMES: Final = tuple(profile.name for profile in PROFILES)


def profile_named(name: str) -> Profile:
    """Return a profile by its name; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    near = nearest(name, PROFILE_NAMES)
    raise UsageError(f"There is no profile {name!r}.{near} Profiles: {', '.join(PROFILE_NAMES)}.")
