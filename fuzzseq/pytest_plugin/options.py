"""What a pytest run is asked for: options, `[tool.fuzzseq]`, and a marker's settings."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import attrs
import pytest

from fuzzseq.api import FuzzResult, fuzzed
from fuzzseq.errors import FuzzseqError, UsageError
from fuzzseq.executors.zygote import Zygote
from fuzzseq.findings import Finding
from fuzzseq.loading import parse
from fuzzseq.pytest_plugin.flag import FLAG, FuzzSeq2SeqWarning
from fuzzseq.pytest_plugin.inconclusive import call_inconclusive
from fuzzseq.reporting import format_named
from fuzzseq.reporting.unjudged import sentences
from fuzzseq.runner import request_of, settings_of
from fuzzseq.sanitize import inert
from fuzzseq.settings import OPTIONS, RunRequest, Settings
from fuzzseq.settings.configuration import configured, given_by
from fuzzseq.settings.option import Option

#: How the seed is called that goes to the workers of xdist.
SEED: Final = "fuzz_seq2seq_seed"
_KEPT: Final = pytest.StashKey[Zygote]()
#: The most characters of a test's id in the name of its folder.
_LONGEST: Final = 60


@contextmanager
def usage_errors(start: str = "") -> Iterator[None]:
    """Raise errors of fuzzseq as :class:`pytest.UsageError`, their sentence after ``start``."""
    try:
        yield
    except FuzzseqError as error:
        raise pytest.UsageError(f"{start}{error}") from None


def run_request(config: pytest.Config) -> RunRequest:
    """Return what a pytest run is asked for: by options, and by the project's file where there is none.

    Raises :class:`pytest.UsageError` with the sentence of what cannot be.
    """
    with usage_errors():
        given = {key: value for key, each in OPTIONS.items() if (value := _value(config, each)) not in (None, ())}
        text = config.getoption("--hypothesis-seed", default=None)
        if "seed" not in given and text is not None:  # It is "random", or a number of any size.
            given["seed"] = int(text) % 2**32 if str(text).lstrip("-").isdecimal() else secrets.randbelow(2**32)
        # The workers of xdist take the seed of the process that began them, which may be a random one.
        if (seed := getattr(config, "workerinput", {}).get(SEED)) is not None:
            given["seed"] = seed
        request = request_of({**configured(config.invocation_params.dir), **given})
        for name in request.report:
            format_named(name)
    return request


def _value(config: pytest.Config, option: Option) -> object:
    if not option.pytest_ending:
        return None
    name = option.pytest_ending.replace("-", "_")
    if option.kind.repeatable:
        return listed(config, name)
    given = config.getoption(f"fuzz_seq2seq_{name}")
    if given is None or option.metavar is None:
        return given or None
    try:
        return option.kind.read_text(str(given))
    except UsageError as error:
        raise UsageError(f"{FLAG}-{option.pytest_ending}: {error}") from None


def listed(config: pytest.Config, name: str) -> tuple[str, ...]:
    """Return the values of an option that may be repeated; a conftest.py may have set a single one, or a list."""
    given = config.getoption(f"fuzz_seq2seq_{name}") or ()
    return (given,) if isinstance(given, str) else tuple(str(value) for value in given)


def targets_given(config: pytest.Config) -> tuple[str, ...]:
    """Return the targets of the command line; raises :class:`pytest.UsageError` for one that cannot be there.

    Nothing is imported for it, so that the process which begins the workers of xdist can say it first.
    """
    given = listed(config, "target")
    for reference in given:
        with usage_errors(f"{FLAG}-target {reference}: "):
            parse(reference)
    return given


def fuzzer_of(request: pytest.FixtureRequest) -> Callable[..., FuzzResult]:
    """Return what the fixture of a test is: a function that fuzzes a model, and fails the test with what it finds.

    A test in which a check was never judged is neither passed nor failed, unless something else fails it.
    """
    of_run = run_request(request.config)
    marked: dict[str, object] = {}
    for marker in reversed(list(request.node.iter_markers("fuzz_seq2seq"))):
        if marker.args:
            pytest.fail(
                f"@pytest.mark.fuzz_seq2seq is given {marker.args[0]!r}: it takes settings by name, as max_cases=100; "
                "call the fixture fuzz_seq2seq with the function that builds the model.",
                pytrace=False,
            )
        marked.update(marker.kwargs)

    numbers = count(1)

    def fuzz_seq2seq(factory: str | Callable[..., object], **settings: object) -> FuzzResult:
        __tracebackhide__ = True
        try:
            given = given_by("fuzz_seq2seq", {**marked, **settings})
            usual = {key: value for key, value in of_run.given.items() if key not in ("targets", "report", "corpus")}
            number = next(numbers)
            if of_run.output:  # Each call has a folder of its own.
                name = re.sub(r"[^\w.]+", "-", request.node.nodeid)[-_LONGEST:].strip("-")
                usual["output"] = str(Path(of_run.output) / (f"{name}-{number}" if number > 1 else name))
            given = {**usual, "seed": of_run.settings.seed, **given}
            result = fuzzed(factory, given, _zygote(request.config, settings_of(given)))
        except FuzzseqError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        failing = tuple(finding for finding in result.findings if of_run.settings.fails(finding))
        others = [warning_of(finding) for finding in result.findings if finding not in failing]
        warn(request.node, [*others, *result.warnings], failing=bool(failing))
        if failing:
            attrs.evolve(result, findings=failing).raise_for_findings("note")
        unjudged = sentences(result.inconclusive)
        if result.allow_inconclusive and not of_run.settings.allow_inconclusive:
            warn(request.node, [f"inconclusive: {sentence}" for sentence in unjudged], failing=False)
        else:
            for sentence in unjudged:
                call_inconclusive(request.node, sentence)
        return result

    return fuzz_seq2seq


def warn(node: pytest.Item, messages: Iterable[str], *, failing: bool) -> None:
    """Issue warnings of a test; where they are to be errors, none of them hides what it is ``failing`` for."""
    for message in messages:
        try:
            node.warn(FuzzSeq2SeqWarning(inert(message)))
        except FuzzSeq2SeqWarning:
            if not failing:
                raise


def warning_of(finding: Finding) -> str:
    """Return the warning of a finding that fails no test."""
    explanation = finding.diagnosis.explanation or finding.message
    return f"{finding.severity}: {finding.cause} in {finding.target}: {explanation} (finding {finding.id})"


def _zygote(config: pytest.Config, settings: Settings) -> Zygote | None:
    """Return the process that imports TensorFlow once, for a whole run; None where a test wants none or another."""
    if settings.in_process or settings.device != "cpu":
        return None
    kept = config.stash.get(_KEPT, None)
    if kept is None or kept.closed:
        kept = config.stash[_KEPT] = Zygote(settings.device, [place for place in sys.path if place])
        config.add_cleanup(kept.close)
    return kept
