"""The identities of the targets of one run: no two of them have one, whatever file is loaded first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

#: Seconds between two looks whether the run is over.
_LOOK: Final = 0.1


class Identities:
    """Tells targets of one identity apart by numbers, in the order in which they were named."""

    def __init__(self, places: int) -> None:
        """Begin a run whose targets were named in so many ``places``, each of which may hold several."""
        self._counts: Counter[str] = Counter()
        self._known = [threading.Event() for _ in range(places)]

    def told_apart(self, place: int, identities: Mapping[str, str], check: Callable[[], None]) -> dict[str, str]:
        """Return the identities of the targets of a place by their names, when those of all places before are known.

        ``check`` is called while that is waited for, and may raise.
        """
        for known in self._known[:place]:
            while not known.wait(_LOOK):
                check()
        found = {}
        for name, identity in identities.items():
            self._counts[identity] += 1
            count = self._counts[identity]
            found[name] = identity if count == 1 else f"{identity} ({count})"
        return found

    def close(self, place: int) -> None:
        """Take note that a place has no more targets."""
        self._known[place].set()
