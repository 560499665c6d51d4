"""The commands that a run prints to be copied: each names the code that is not imported unasked."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from fuzzseq.outgoing import called
from fuzzseq.sanitize import clean, command


class Commands:
    """Commands for the person who named the targets, from the folder where they stand.

    A target outside of the current folder is imported for nobody who has not named it, and a report may not hold its
    whole path: the command names it as it was named for the run.
    """

    def __init__(self, targets: Iterable[object] = ()) -> None:
        """Keep the targets as they were named; what is no text has no name."""
        here = os.path.realpath(os.curdir)
        files = [_place(text) for text in targets if isinstance(text, str) and _place(text).endswith(".py")]
        self._outside = {called(file): file for file in files if not Path(os.path.realpath(file)).is_relative_to(here)}

    def replay(self, file: Path, target: str) -> str:
        """Return the command that replays the finding of a file; ``target`` is how a report calls its target."""
        place, _, name = target.rpartition(":")
        named = self._outside.get(place)
        return command("fuzzseq replay", file) + (_option(f"{named}:{name}") if named else "")

    def resume(self, folder: str, targets: Iterable[str]) -> str:
        """Return the command that goes on with the run of a folder; ``targets`` are how a report calls its targets."""
        start = command("fuzzseq run --resume", folder)
        if not self._outside:
            return start
        parts = (target.rpartition(":") for target in targets)
        return start + "".join(_option(f"{self._outside.get(place, place)}:{name}") for place, _, name in parts)


def _option(target: str) -> str:
    return f" --target {shlex.quote(clean(target))}"


def _place(text: str) -> str:
    """Return the file that a target's text names."""
    place, _, name = text.partition(".py:")
    return f"{place}.py" if name else text
