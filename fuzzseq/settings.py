"""The settings of a run: `[tool.fuzzseq]` of the nearest pyproject.toml, and how durations and sizes are written."""

from __future__ import annotations

import operator
import os
import re
import reprlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from fuzzseq.errors import ConfigurationError, UsageError, nearest
from fuzzseq.files.input_files import read_text
from fuzzseq.grammar import LEAST_SECONDS, MOST_COUNT, MOST_SECONDS, MOST_SEED, MOST_WORKERS, shown, whole_number


@attrs.frozen(kw_only=True)
class Configuration:
    """What one source of settings says, options or a file; None and empty mean that it says nothing."""

    targets: tuple[str, ...] = ()
    profile: str | None = None
    max_cases: int | None = None
    maxfail: int | None = None
    budget: float | None = None
    seed: int | None = None
    checks: tuple[str, ...] = ()
    custom_checks: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    output: str | None = None
    corpus: str | None = None
    case_timeout: float | None = None
    memory: int | None = None
    workers: int | None = None
    in_process: bool | None = None
    device: str | None = None
    fail_on: str | None = None
    baseline: str | None = None
    allow_inconclusive: bool | None = None

    def over(self, other: Configuration) -> Configuration:
        """Return what both say together; where both speak, this one counts."""
        said = {name: value for name, value in attrs.asdict(self).items() if value is not None and value != ()}
        return attrs.evolve(other, **said)


_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")
#: What can fail a run: a severity, the worst first, or nothing.
FAIL_ON: Final = ("error", "warning", "note", "never")
#: The most bytes of a pyproject.toml.
_MOST_TOML: Final = 4 * 1024**2
#: Each worker may take hundreds of megabytes: a laptop with many cores still wants to be used.
_MOST_AUTO_WORKERS: Final = 4
_MEMORY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:iB|B)?", re.IGNORECASE)


def duration(text: str) -> float:
    """Return the seconds that ``90s``, ``2m``, ``1h30m`` or a plain number stand for."""
    match = _DURATION.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise UsageError(f"invalid duration {text!r}: write it like '90s', '2m' or '1h30m'.")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total < LEAST_SECONDS:
        raise UsageError(f"duration {text!r} is too short: the minimum is '1s'.")
    if total > MOST_SECONDS:
        raise UsageError(f"duration {shown(text)} is too long: the maximum is a century.")
    return total


def memory_size(text: str) -> int:
    """Return the bytes that ``4GiB``, ``512M`` or a plain number of bytes stand for (units of 1024)."""
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        raise UsageError(f"invalid size {text!r}: write it like '4GiB' or '512MiB'.")
    size = float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")
    if size < 1024**2:
        raise UsageError(f"size {text!r} is too small: the minimum is '1MiB'.")
    if size > MOST_COUNT:
        raise UsageError(f"size {shown(text)} is too large: the maximum is {MOST_COUNT} bytes.")
    return int(size)


def worker_count(text: str) -> int:
    """Return how many workers ``4`` or ``auto`` stand for; ``auto`` is one for each core, four at most."""
    if text == "auto":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return min(cores or 1, _MOST_AUTO_WORKERS)
    count = whole_number(text, 1, MOST_WORKERS)
    if count is None:
        raise UsageError(f"must be 'auto' or an integer from 1 to {MOST_WORKERS}, got {shown(text)}.")
    return count


def _texts(value: Any) -> tuple[str, ...]:
    """Return a list of texts, or a single one, as a tuple."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise TypeError
    return tuple(listed)


def _exactly(kind: type) -> Callable[[Any], Any]:
    """Return a reader that takes values of one type and no other (a bool is no int here)."""

    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return read


def _whole(least: int, most: int = MOST_COUNT) -> Callable[[Any], Any]:
    """Return a reader of whole numbers that are not below ``least``, and not above ``most``."""

    def read(value: Any) -> Any:
        number = operator.index(value)
        if isinstance(value, bool) or not least <= number <= most:
            raise TypeError
        return number

    return read


def _measured(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Return a reader of a number or of its text."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise TypeError
        return parse(str(value))

    return read


def _device(value: Any) -> Any:
    """Return the name of a device."""
    if value not in ("cpu", "gpu"):
        raise TypeError
    return value


def _fail_on(value: Any) -> Any:
    """Return the least severity that fails a run."""
    if value not in FAIL_ON:
        raise TypeError
    return value


#: How each key of ``[tool.fuzzseq]`` is read, and what it takes.
_KEYS: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "targets": (_texts, 'a list of targets, e.g. ["my_model.py:build"]'),
    "profile": (_exactly(str), 'the name of a profile, e.g. "ci"'),
    "max_cases": (_whole(1), "a positive integer, e.g. 400"),
    "maxfail": (_whole(1), "a positive integer, e.g. 1"),
    "budget": (_measured(duration), 'a duration, e.g. "2m"'),
    "seed": (_whole(0, MOST_SEED), "a non-negative integer, e.g. 7"),
    "checks": (_texts, 'a list of checks, e.g. ["accepts", "trains"]'),
    "custom_checks": (_texts, 'a list of functions, e.g. ["my_checks.py:rows_sum_to_one"]'),
    "skip": (_texts, 'a list of checks, e.g. ["deterministic"]'),
    "domains": (_texts, 'a list of domains, e.g. ["ordinary", "edge"]'),
    "report": (_texts, 'a list of formats, e.g. ["json", "junit"]'),
    "output": (_exactly(str), 'a folder, e.g. "fuzz-report"'),
    "corpus": (_exactly(str), 'a folder or a URL, e.g. ".fuzzseq"'),
    "case_timeout": (_measured(duration), 'a duration, e.g. "30s"'),
    "memory": (_measured(memory_size), 'a size, e.g. "4GiB"'),
    "workers": (_measured(worker_count), 'a number of workers, e.g. 2, or "auto"'),
    "in_process": (_exactly(bool), "true or false"),
    "device": (_device, '"cpu" or "gpu"'),
    "fail_on": (_fail_on, f"one of {', '.join(FAIL_ON)}"),
    "baseline": (_exactly(str), 'a file, e.g. "fuzz-baseline.txt"'),
    "allow_inconclusive": (_exactly(bool), "true or false"),
}


def configured(start: Path | None = None) -> Configuration:
    """Return what the nearest pyproject.toml says, upward from a folder (the current one); its paths count from there.

    The environment's ``FUZZSEQ_PROFILE`` stands in for its profile.
    Raises :class:`ConfigurationError` for broken TOML, an unknown key, or a value of the wrong kind.
    """
    folder = (start or Path.cwd()).resolve()
    said = Configuration(profile=os.environ.get("FUZZSEQ_PROFILE") or None)
    place = home(folder)
    return said if place is None else said.over(_placed(_read(place / "pyproject.toml"), place, folder))


def home(start: Path | None = None) -> Path | None:
    """Return the folder of the nearest pyproject.toml, upward from a folder (the current one); None without one."""
    folder = (start or Path.cwd()).resolve()
    return next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent / "pyproject.toml")), None)


def section_of(path: Path) -> Mapping[str, Any] | None:
    """Return ``[tool.fuzzseq]`` of a pyproject.toml, None where it has none; raises :class:`ConfigurationError`."""
    tool = _toml(path).get("tool", {})
    section = tool.get("fuzzseq") if isinstance(tool, Mapping) else None
    if section is not None and not isinstance(section, Mapping):
        raise ConfigurationError(f"{path}: tool.fuzzseq must be a table: start it with the line [tool.fuzzseq].")
    return section


def _read(path: Path) -> Configuration:
    """Return what one pyproject.toml says."""
    return Configuration(**{key: _value(path, key, value) for key, value in (section_of(path) or {}).items()})


def _toml(path: Path) -> Mapping[str, Any]:
    """Return the content of a TOML file, or raise a sentence that says in which line it breaks."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 (only a run reads the file)
    else:
        import tomli as tomllib  # noqa: PLC0415
    text = read_text(path, advice="Fix it, or move it away", most=_MOST_TOML, error=ConfigurationError)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}. Fix that line.") from None
    except RecursionError:
        raise ConfigurationError(f"{path} is not readable TOML: it is nested too deeply.") from None
    except ValueError as error:  # a date that is none, or more digits than Python reads
        raise ConfigurationError(f"{path} is not readable TOML: {error}.") from None


def _said(value: Any) -> str:
    """Return a value as it was written, or the beginning of it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return shown(value)
    short = reprlib.Repr()
    short.maxlevel, short.maxstring, short.maxother = 3, 80, 80
    return short.repr(value)


def _value(path: Path, key: str, value: Any) -> Any:
    """Return the value of one key, or raise a sentence that says what it takes."""
    if key not in _KEYS:
        raise ConfigurationError(
            f"{path}: [tool.fuzzseq] has no key {key!r}.{nearest(key, _KEYS)} Keys: {', '.join(_KEYS)}."
        )
    try:
        return _taken(key, value, f"{path}: [tool.fuzzseq] {key} = {_said(value)}")
    except UsageError as error:
        raise ConfigurationError(str(error)) from None


def _taken(key: str, value: Any, said: str) -> Any:
    """Return the value of a setting, or raise a sentence that begins with what was ``said``."""
    __tracebackhide__ = True
    read, expected = _KEYS[key]
    try:
        return read(value)
    except TypeError:
        raise UsageError(f"{said}: must be {expected}.") from None
    except UsageError as error:
        raise UsageError(f"{said}: {error}") from None


def given_by(where: str, settings: Mapping[str, Any]) -> Configuration:
    """Return what the arguments of a call say, those that are None or empty left out; ``where`` is what is called.

    Raises :class:`UsageError` for a value of the wrong kind.
    """
    __tracebackhide__ = True
    said: dict[str, Any] = {}
    for name, value in settings.items():
        if value is not None and value != ():
            plain = os.fspath(value) if isinstance(value, os.PathLike) else value
            said[name] = _taken(name, plain, f"{where}({name}={_said(value)})")
    return Configuration(**said)


def _placed(said: Configuration, home: Path, here: Path) -> Configuration:
    """Return a configuration whose paths, written from ``home``, are as one would write them from ``here``."""

    def moved(path: str) -> str:
        return path if Path(path).is_absolute() else os.path.relpath(home / path, here)

    def target(text: str) -> str:
        file, colon, name = text.partition(".py:")
        return moved(file + ".py") + ":" + name if colon else moved(text) if text.endswith(".py") else text

    return attrs.evolve(
        said,
        targets=tuple(target(text) for text in said.targets),
        custom_checks=tuple(target(text) for text in said.custom_checks),
        output=said.output and moved(said.output),
        corpus=said.corpus and ",".join(place if "://" in place else moved(place) for place in said.corpus.split(",")),
        baseline=said.baseline and moved(said.baseline),
    )
