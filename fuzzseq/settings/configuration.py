"""The settings that a project and a call give: ``[tool.fuzzseq]`` of the nearest pyproject.toml, and keywords."""

from __future__ import annotations

import os
import reprlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
from cattrs import ClassValidationError

from fuzzseq.errors import ConfigurationError, UsageError, nearest
from fuzzseq.files.input_files import read_text
from fuzzseq.grammar import shown
from fuzzseq.settings import OPTIONS, Given
from fuzzseq.settings.kinds import structured

#: The most bytes of a pyproject.toml.
_MOST_TOML: Final = 4 * 1024**2
_KEYWORDS: Final = tuple(key for key, each in OPTIONS.items() if each.in_fuzz)


def configured(start: Path | None = None) -> Given:
    """Return what the nearest pyproject.toml gives, upward from a folder (the current one); its paths count from there.

    The environment's ``FUZZSEQ_PROFILE`` stands in for its profile.
    Raises :class:`ConfigurationError` for invalid TOML, an unknown key, or a value of the wrong kind.
    """
    folder = (start or Path.cwd()).resolve()
    given: Given = {}
    if (place := home(folder)) is not None:
        path = place / "pyproject.toml"
        try:
            read = _structured(section_of(path) or {}, tuple(OPTIONS), f"{path}: [tool.fuzzseq]", "key", "{} {} = {}")
        except UsageError as error:
            raise ConfigurationError(str(error)) from None

        def moved(written: str) -> str:
            return written if Path(written).is_absolute() else os.path.relpath(place / written, folder)

        given = {key: OPTIONS[key].kind.moved(value, moved) for key, value in read.items() if value != ()}
    profile = os.environ.get("FUZZSEQ_PROFILE")
    return {**given, "profile": profile} if profile else given


def home(start: Path | None = None) -> Path | None:
    """Return the folder of the nearest pyproject.toml, upward from a folder (the current one); None without one."""
    folder = (start or Path.cwd()).resolve()
    return next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent / "pyproject.toml")), None)


def section_of(path: Path) -> Mapping[str, object] | None:
    """Return ``[tool.fuzzseq]`` of a pyproject.toml, None where it has none; raises :class:`ConfigurationError`."""
    advice = "Fix it, or move it away"
    return section_in(read_text(path, advice=advice, most=_MOST_TOML, error=ConfigurationError), path)


def section_in(text: str, path: Path) -> Mapping[str, object] | None:
    """Return what :func:`section_of` does of the text that a pyproject.toml has, or is to have."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 (only a run reads the file)
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}. Fix that line.") from None
    except RecursionError:
        raise ConfigurationError(f"{path} is not readable TOML: it is nested too deeply.") from None
    except ValueError as error:  # a date that is none, or more digits than Python reads
        raise ConfigurationError(f"{path} is not readable TOML: {error}.") from None
    section = tool.get("fuzzseq") if isinstance(tool, Mapping) else None
    if section is not None and not isinstance(section, Mapping):
        raise ConfigurationError(f"{path}: tool.fuzzseq must be a table: start it with the line [tool.fuzzseq].")
    return section


def given_by(where: str, settings: Mapping[str, object]) -> Given:
    """Return what the arguments of a call give, those that are None or empty left out; ``where`` is what is called.

    Raises :class:`UsageError` for a setting that there is none of, and for a value of the wrong kind.
    """
    __tracebackhide__ = True
    plain = {
        key: os.fspath(value) if isinstance(value, os.PathLike) else value
        for key, value in settings.items()
        if key not in _KEYWORDS or not (value is None or (isinstance(value, tuple) and not value))
    }
    return _structured(plain, _KEYWORDS, where, "setting", "{}({}={})")


def _structured(settings: Mapping[str, object], keys: tuple[str, ...], where: str, noun: str, written: str) -> Given:
    """Return settings read; ``where`` they stand, what one is called, and how it is ``written`` make the sentence."""
    __tracebackhide__ = True
    fields = {key: attrs.field(type=OPTIONS[key].kind.type, default=None) for key in keys}
    try:
        section = structured(settings, attrs.make_class("Section", fields))
    except ClassValidationError as error:
        wrong, unknown = error.group_exceptions()
        if unknown:  # The only other error that cattrs has for a mapping.
            key = next(key for key in settings if key not in keys)
            near = nearest(key, keys)
            raise UsageError(f"{where} has no {noun} {key!r}.{near} {noun.title()}s: {', '.join(keys)}.") from None
        cause, key = wrong[0][0], wrong[0][1].name
        reason = cause if isinstance(cause, UsageError) else f"must be {OPTIONS[key].takes}."
        value, short = settings[key], reprlib.Repr()
        short.maxlevel, short.maxstring, short.maxother = 3, 80, 80
        text = shown(value) if isinstance(value, int) and not isinstance(value, bool) else short.repr(value)
        raise UsageError(f"{written.format(where, key, text)}: {reason}") from None
    return {key: getattr(section, key) for key in settings}
