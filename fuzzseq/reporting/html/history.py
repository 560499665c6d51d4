"""What is new, open and fixed from run to run, where the folder of the run lies beside a history."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.history import NAME, Change, changes, read, since

#: How many runs are shown, the last ones.
_SHOWN: Final = 60
#: The height of the drawing, in its own units.
HEIGHT: Final = 40


@attrs.frozen(kw_only=True)
class History:
    """The history: its runs, the last first, the findings that are open after the last, and a line of how many.

    ``here`` is when the run of this page began.
    """

    rows: tuple[Change, ...]
    here: str
    open: tuple[tuple[str, str, str], ...]
    line: str
    most: int
    left_out: int


def history_beside(folder: Path, started: str) -> History | None:
    """Return the history beside the folder of a run that began then; None where there is none that can be read."""
    history = folder.parent / NAME
    if not history.is_file():
        return None
    try:
        all_changes = changes(read(history))
    except UsageError:
        return None
    if not all_changes:
        return None
    last = all_changes[-1]
    targets = {id_: found.target for change in all_changes for id_, found in change.run.findings.items()}
    drawn = all_changes[-_SHOWN:]
    most = max(1, *(len(change.open) for change in drawn))
    return History(
        rows=tuple(reversed(drawn)),
        here=started,
        open=tuple((id_, since(all_changes, id_).started[:10], targets[id_]) for id_ in last.open),
        line=" ".join(f"{x},{round(HEIGHT - HEIGHT * len(change.open) / most, 1)}" for x, change in enumerate(drawn)),
        most=most,
        left_out=len(all_changes) - len(drawn),
    )
