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
from fuzzseq.protocol.user_frames import frame_of
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
    """Return checks by name: those given, and one for each function, with its name and the first line of its docstring.

    Raises :class:`fuzzseq.errors.SpecError` for what is neither, and for a name that is taken.
    """
    found: dict[str, Check] = {}
    for value in values:
        if not isinstance(value, Check) and not (callable(value) and hasattr(value, "__name__")):
            raise SpecError(
                f"custom_checks holds {value!r}, which is not a check: write a function of one argument (a run) "
                "that returns None, or a message that says what is wrong."
            )
        check = _guarded(value) if isinstance(value, Check) else _of_function(value)
        if check.name in found or check.name in {known.name for known in CHECKS}:
            raise SpecError(
                f"custom_checks holds {check.name!r}, and there is a check of that name: call it otherwise."
            )
        found[check.name] = check
    return found


def _of_function(function: Callable[[Observed], Any]) -> Check:
    """Return the check of a function, which says what is wrong with a model by a sentence, False, or an assertion.

    Its judge raises :class:`WrongCheck` for any other exception, and for what the function may not return.
    """
    name, lines = function.__name__, (function.__doc__ or "").strip().splitlines()
    description = lines[0].rstrip(".") if lines else "a custom check"
    check = Check(name=name, description=description, plan=run_forward, judge=never)

    def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
        for seen in results["base"].observed:
            try:
                answer = function(seen)
            except AssertionError as error:
                return check.failed(_asserted(name, error), position=name)
            except Exception as error:
                raise WrongCheck(_raised(name, error)) from error
            if answer is not None and not isinstance(answer, bool | str):
                may = "a check returns None, or a sentence that says what is wrong"
                raise WrongCheck(f"{name} returned {_returned(answer)}: {may}")
            wrong = f"{name} returned False" if answer is False else answer
            if isinstance(wrong, str) and wrong:
                return check.failed(wrong, position=name)
        return None

    return attrs.evolve(check, judge=judge)


def _asserted(name: str, error: AssertionError) -> str:
    return text_of(error) or f"an assertion of {name} does not hold"


def _returned(value: object) -> str:
    """Return what a function returned, as far as it can be shown without running code of the user's."""
    return "None" if value is None else shown(value) if type(value) in _PLAIN else f"a {name_of(type(value))}"


def _raised(name: str, error: Exception) -> str:
    """Return what an exception of a check was, and the last line of its file that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames[1:]) if "site-packages" not in frame.filename), None)
    at = f" ({frame_of(Path(frame.filename).name, frame.lineno or 0, name, '').place})" if frame is not None else ""
    return f"{name} raised {name_of(type(error))}: {text_of(error)}{at}"


def _guarded(check: Check) -> Check:
    """Return a check that raises :class:`WrongCheck` where its functions raise, or return what they may not.

    An assertion of its judge that does not hold speaks of the model.
    """
    name = check.name

    def call(part: str, function: Callable[..., object], *given: Any) -> Any:
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

    calls: dict[str, Any] = {part: partial(call, part, own) for part in _RETURNS if (own := getattr(check, part))}
    return attrs.evolve(check, **calls)


def check_of(name: str, spec: Spec) -> Check:
    """Return a check of the catalog, or what stands in for one of the user's own."""
    return stand_in(name, spec) if name in spec.selection.custom_checks else check_named(name)


def stand_in(name: str, spec: Spec) -> Check:
    """Return what is known of a user's own check outside of the worker: its name and its description."""
    return Check(name=name, description=spec.selection.custom_checks[name], plan=run_forward, judge=never)
