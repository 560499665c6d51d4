"""Checks that a user wrote: a function of what a run gave, or a whole :class:`fuzzseq.Check`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Observed, Results, never, run_forward
from fuzzseq.checks.registry import CHECKS, check_named
from fuzzseq.errors import SpecError
from fuzzseq.grammar import shown
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.targets.spec import Spec

#: What the functions of a check may return, and how that is said.
_RETURNS: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "plan": ((Mapping,), "a dict of runs by their names"),
    "judge": ((Verdict, type(None)), "None or what failed() returns"),
    "confirm": ((Mapping,), "a dict of runs by their names"),
}

#: The types that are shown by their value.
_PLAIN: Final = (bool, int, float, str, bytes, list, tuple, dict)


class WrongCheck(Exception):
    """A check of the user's own is wrong itself; the text is what is said of it."""


def custom_checks(values: Iterable[Any]) -> dict[str, Check]:
    """Return checks by name: those given, and one for each function; its name is the promise's, its docstring says it.

    Raises :class:`fuzzseq.errors.SpecError` for what is neither, and for a name that is taken.
    """
    found: dict[str, Check] = {}
    for value in values:
        if not isinstance(value, Check) and not (callable(value) and hasattr(value, "__name__")):
            raise SpecError(
                f"custom_checks holds {value!r}, which is not a check: write a function of one argument (a run) "
                "that returns None, or a message that says what is wrong."
            )
        check = _minded(value) if isinstance(value, Check) else _of_function(value)
        if check.name in found or check.name in {known.name for known in CHECKS}:
            raise SpecError(
                f"custom_checks holds {check.name!r}, and there is a check of that name: call it otherwise."
            )
        found[check.name] = check
    return found


def _of_function(function: Callable[[Observed], Any]) -> Check:
    lines = (function.__doc__ or "").strip().splitlines()
    check = Check(
        name=function.__name__,
        description=lines[0].rstrip(".") if lines else "a custom check",
        plan=run_forward,
        judge=never,
    )

    def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
        for seen in results["base"].observed:
            said = _answer(function, seen)
            if said:
                return check.failed(said, position=check.name)
        return None

    return attrs.evolve(check, judge=judge)


def _answer(function: Callable[[Observed], Any], seen: Observed) -> str:
    """Return what a function says is wrong with the model: a sentence, or an assertion that does not hold.

    Raises :class:`WrongCheck` for any other exception, and for what it may not return.
    """
    name = function.__name__
    try:
        said = function(seen)
    except AssertionError as error:
        return _asserted(name, error)
    except Exception as error:
        raise WrongCheck(_raised(name, error)) from error
    if said is None or isinstance(said, bool | str):
        return f"{name} returned False" if said is False else said if isinstance(said, str) else ""
    raise WrongCheck(f"{name} returned {_returned(said)}: a check returns None, or a sentence that says what is wrong")


def _asserted(name: str, error: AssertionError) -> str:
    return text_of(error) or f"an assertion of {name} does not hold"


def _returned(value: object) -> str:
    """Return what a function returned, as far as it can be shown without running code of the user's."""
    return "None" if value is None else shown(value) if type(value) in _PLAIN else f"a {name_of(type(value))}"


def _raised(name: str, error: Exception) -> str:
    """Return what an exception of a check was, and the last line of its file that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames[1:]) if "site-packages" not in frame.filename), None)
    at = f" ({Path(frame.filename).name}:{frame.lineno})" if frame is not None else ""
    return f"{name} raised {name_of(type(error))}: {text_of(error)}{at}"


def _minded(check: Check) -> Check:
    """Return a check that raises :class:`WrongCheck` where its functions raise, or return what they may not.

    An assertion of its judge that does not hold speaks of the model.
    """
    minded: dict[str, Any] = {
        part: partial(_asked, check, part, function) for part in _RETURNS if (function := getattr(check, part))
    }
    return attrs.evolve(check, **minded)


def _asked(check: Check, part: str, function: Callable[..., Any], *given: Any) -> Any:
    name = check.name
    try:
        returned = function(*given)
    except Exception as error:
        if part == "judge" and isinstance(error, AssertionError):
            return check.failed(_asserted(name, error), position=name)
        raise WrongCheck(_raised(f"the {part} of {name}", error)) from error
    kinds, may = _RETURNS[part]
    if not isinstance(returned, kinds):
        raise WrongCheck(f"the {part} of {name} returned {_returned(returned)}, and may return {may}")
    return returned


def check_of(name: str, spec: Spec) -> Check:
    """Return a check of the catalog, or what stands in for one of the user's own."""
    return stand_in(name, spec) if name in spec.selection.custom_checks else check_named(name)


def stand_in(name: str, spec: Spec) -> Check:
    """Return what is known of a user's own check outside of the worker: its name and its promise."""
    return Check(name=name, description=spec.selection.custom_checks[name], plan=run_forward, judge=never)
