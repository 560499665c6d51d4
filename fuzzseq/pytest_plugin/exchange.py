"""What the processes of a run under pytest-xdist say to each other beside xdist's own messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fuzzseq.executors.scratch import Scratch
from fuzzseq.files import output_files

_ITEMS: Final = "items-{}.json"
_OVER: Final = "over"


class Exchange:
    """A folder that the process which began a run shares with its workers.

    A worker writes there which of its items belongs to which fuzz target, since only the ids of items cross otherwise,
    and an id does not tell whose test it is. The process that began the run says there that the search is over: xdist
    lets a worker finish what it was given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._made = Scratch() if path is None else None
        self.path = Path(self._made.path) if self._made is not None else path or Path()

    def put_items(self, worker: str, targets: Mapping[str, str]) -> None:
        """Write the target of each fuzz item of a worker, by the item's id."""
        with output_files.opened(self.path) as folder:
            output_files.write(folder, _ITEMS.format(worker), json.dumps(dict(targets)).encode())

    def items(self) -> dict[str, str]:
        """Return the target of each fuzz item, by the item's id, of all workers that have collected theirs."""
        found: dict[str, str] = {}
        for file in sorted(self.path.glob(_ITEMS.format("*"))):
            found.update(json.loads(file.read_text(encoding="utf-8")))
        return found

    def end(self) -> None:
        """Say that the search is over."""
        if self.path.is_dir():
            (self.path / _OVER).touch()

    @property
    def is_over(self) -> bool:
        """Whether the search is over: it was said, or whoever could say it is gone."""
        return not self.path.is_dir() or (self.path / _OVER).exists()

    def close(self) -> None:
        """Take the folder away, where this process made it."""
        if self._made is not None:
            self._made.close()
