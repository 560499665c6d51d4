"""Paths as they may leave this machine: from the current folder within the project, else by their last two parts."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Final

#: What stands for the folders above that are not shown.
AWAY: Final = "..."
#: The variables in which build servers name the folder of the repository.
_ROOTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
#: A part of a path in a text: up to a blank, a quote, or what ends a path in messages and code.
_PART: Final = r"[^\s/:;,'\"<>|()\[\]{}*?\\`$!&=#]+"
_REST: Final = rf"(?:/+{_PART})*/*"
#: The home folder of somebody.
_SOMEBODY: Final = re.compile(r"/(?:home|Users)/[^/]+")


def root() -> Path:
    """Return the root of the project: the build server's, else that of git, around the current folder; else that."""
    here = current_folder()
    if not here:
        return Path("/")
    folder = Path(here)
    for name in _ROOTS:
        named = os.environ.get(name)
        if named and folder.is_relative_to(named):
            return Path(named)
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def shown(path: str) -> str:
    """Return a whole path as it may be shown.

    Below the root of the project it is relative to the current folder, so that it can be found from there. One that
    lies elsewhere is ``.../folder/name``, and ``~`` stands for a home folder.
    """
    if not path.startswith(("/", "../")):
        return path
    here, home, top = current_folder(), _home(), str(root())
    whole = os.path.normpath(Path(here or "/", path))
    for base in (here, _logical(here)):
        if base != "/" and _below(whole, base):
            return os.path.relpath(whole, base)
    if top != "/" and _below(whole, top) and not home.startswith(f"{top}/"):
        return os.path.relpath(whole, here)
    names = [name for name in path.split("/") if name not in ("", ".", "..")]
    if path.startswith("../") and not home.startswith(whole.removesuffix("/".join(names)).rstrip("/") + "/"):
        return path if len(names) <= 2 else "/".join((AWAY, *names[-2:]))
    somebody = _SOMEBODY.match(whole)
    for owner in (home, somebody[0] if somebody else ""):
        if _below(whole, owner):
            return _last("~", whole[len(owner) :].strip("/"))
    parts = whole.strip("/")
    return _last("", parts) if "/" in parts else whole


def _below(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(f"{folder}/"))


def shown_name(name: str) -> str:
    """Return the name of a target, a check or a function, ``path/to/file.py:name``, with its path as it is shown."""
    place, colon, last = name.rpartition(":")
    return f"{shown(place)}{colon}{last}" if colon else shown(name)


def is_away(shown_path: str) -> bool:
    """Say whether a path, as it is shown, leads nowhere: it lies outside of the project."""
    return shown_path.startswith((f"{AWAY}/", "~/")) or shown_path == "~"


def named_again(name: str) -> str:
    """Return the absolute name of what :func:`shown_name` shows, where it lies near enough to be found."""
    return name if is_away(name) else os.path.normpath(Path(current_folder(), name))


def near(path: Path) -> Path:
    """Return a path that was named on the command line as it is shown, where that still leads to it."""
    text = shown(str(path))
    return path if is_away(text) else Path(text)


def within(text: str) -> str:
    """Return text with every path in it as it is shown."""
    if "/" not in text:
        return text
    here = current_folder()
    bases = {base for base in (here, _logical(here), str(root()), _home()) if len(base) > 1}
    return _paths(tuple(sorted(bases, key=len, reverse=True))).sub(_replaced, text)


def _replaced(found: re.Match[str]) -> str:
    """Return what stands for a path in a text; a quoted one may hold blanks."""
    if found["quoted"] is not None:
        name, colon, rest = found["quoted"].partition(":")
        return f"{found['mark']}{shown(name)}{colon}{within(rest)}{found['mark']}"
    path = found["known"] or found["path"]
    left = shown(path)
    end = "/" if path.endswith("/") and not left.endswith("/") else ""
    apart = "./" if found["known"] and found.string[max(found.start() - 1, 0) : found.start()].isalnum() else ""
    return f"{found['url'] or found['scheme'] or ''}{apart}{left}{end}"


@lru_cache(maxsize=16)
def _paths(bases: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds paths in a text; those below known folders wherever they stand, with blanks in their names."""
    alone = r"(?<![\w./~-])"
    known = "|".join(f"{alone if base.count('/') < 2 else ''}{re.escape(base)}" for base in bases) or r"(?!)"
    return re.compile(
        rf"(?P<mark>['\"])(?P<quoted>(?:/|(?:\.\./)+)[^/\s'\"][^'\"\n]*)(?P=mark)"
        rf"|(?P<url>file://(?:localhost)?)?(?P<known>(?:{known})(?![\w-]|\.\w){_REST})"
        rf"|(?:(?P<scheme>file://(?:localhost)?)|(?<![\w./~%@)\]}}-]))"
        rf"(?P<path>(?:~/|/|(?:\.\./)+){_PART}(?:/+{_PART})+/*)"
    )


def _last(start: str, parts: str) -> str:
    if not parts:
        return start
    names = parts.split("/")
    return "/".join((AWAY if len(names) > 2 or not start else start, *names[-2:]))


def _home() -> str:
    home = os.environ.get("HOME", "").rstrip("/")
    return home if home.startswith("/") else ""


def current_folder() -> str:
    """Return the current folder; empty where it was deleted."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def _logical(here: str) -> str:
    """Return the current folder as the shell calls it, through links; empty where that is another one."""
    called = os.environ.get("PWD", "").rstrip("/")
    try:
        return called if here and called.startswith("/") and Path(called).samefile(here) else ""
    except OSError:
        return ""
