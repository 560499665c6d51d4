"""A temporary folder that outlives no run for long: where its owner was killed, the next one takes it away."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Final

_PREFIX: Final = "fuzzseq-run-"
#: How :mod:`tempfile` names a folder.
_NAME: Final = re.compile(rf"{_PREFIX}[a-z0-9_]{{8}}")
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Scratch:
    """A folder at ``path`` for what processes write that may be killed; it is locked for as long as it is open.

    The lock is on the folder itself and goes with the process that made it, however that ends; processes that it starts
    do not hold it.
    """

    def __init__(self) -> None:
        """Make the folder; raises ``OSError`` where there can be none."""
        while True:
            self.path = tempfile.mkdtemp(prefix=_PREFIX)
            descriptor = os.open(self.path, _OPEN)
            with suppress(OSError):  # Where no folder can be locked, none is taken for a leftover.
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.path.lexists(self.path):
                break
            os.close(descriptor)  # Another run took it for a leftover before it was locked.
        self.close = weakref.finalize(self, _take_away, self.path, descriptor)


def _take_away(path: str, descriptor: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(descriptor)


def remove_leftovers() -> None:
    """Take away the folders of this user's runs that were killed; whatever else is there is not touched."""
    with suppress(OSError):
        for place in Path(tempfile.gettempdir()).iterdir():
            if not _NAME.fullmatch(place.name):
                continue
            with suppress(OSError):  # It is a link, or locked by a run.
                descriptor = os.open(place, _OPEN)
                try:
                    status = os.fstat(descriptor)
                    if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU:
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        shutil.rmtree(place, ignore_errors=True)
                finally:
                    os.close(descriptor)
