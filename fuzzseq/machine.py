"""What the machine refuses: room, memory, files, processes. One sentence each, wherever it happens."""

from __future__ import annotations

import errno
from typing import Final

from fuzzseq.errors import UsageError

#: What to do about an error of the system, by its number.
_ADVICE: Final = {
    errno.ENOSPC: "Make room there, or write elsewhere (--output, TMPDIR).",
    errno.EDQUOT: "Make room there, or write elsewhere (--output, TMPDIR).",
    errno.EROFS: "Write elsewhere (--output, TMPDIR).",
    errno.EACCES: "Give yourself the permission, or use another place.",
    errno.EPERM: "Give yourself the permission, or use another place.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), or ask for fewer --workers.",
    errno.ENFILE: "Close other programs, or ask for fewer --workers.",
    errno.EFBIG: "Raise the limit of a file's size (ulimit -f), or write less.",
    errno.ENOMEM: "Free memory, raise the limit (ulimit -v), or ask for fewer --workers.",
    errno.EAGAIN: "Raise the limit of processes (ulimit -u), or ask for fewer --workers.",
    errno.ENAMETOOLONG: "Give a shorter name.",
    errno.ELOOP: "Give a path without links that lead in a circle.",
}
#: Python's own words where it cannot start a thread, which is no OSError.
_NO_THREAD: Final = "can't start new thread"
#: How the system says that a library fits nowhere.
_NO_MEMORY: Final = ("failed to map segment", "cannot allocate memory", "Cannot allocate memory")
#: How a program that writes a file says that the disk is full.
_FULL: Final = ("No space left on device", "Disk quota exceeded")


def trouble_of(error: BaseException) -> str:
    """Return what the machine refused in a sentence, and what to do about it; nothing for any other error."""
    if isinstance(error, MemoryError) or (
        isinstance(error, ImportError) and any(map(str(error).__contains__, _NO_MEMORY))
    ):
        return f"Out of memory. {_ADVICE[errno.ENOMEM]}"
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return f"No thread can be started. {_ADVICE[errno.EAGAIN]}"
    if not isinstance(error, OSError):
        return ""
    reason = error.strerror or str(error) or type(error).__name__
    if "No usable temporary directory" in reason:
        return "No temporary folder can be written: set TMPDIR to a folder with room that you may write to."
    if error.errno == errno.ENOENT and error.filename is None:
        return "The current folder no longer exists: change to another one."
    place = f" ({error.filename})" if error.filename is not None else ""
    advice = _ADVICE.get(error.errno or 0, "See whether the disk and the system are well, and run again.")
    return f"System error: {reason[:1].lower()}{reason[1:]}{place}. {advice}"


def refusal_of(error: BaseException) -> str:
    """Return what a user can do something about: a mistake of their own, or what the machine refuses; else nothing."""
    return str(error) if isinstance(error, UsageError) else trouble_of(error)


def is_full_disk(message: str) -> bool:
    """Say whether the message of an exception is about a disk that is full."""
    return any(sign in message for sign in _FULL)
