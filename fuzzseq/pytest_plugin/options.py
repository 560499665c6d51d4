"""What a pytest run is asked for: options, `[tool.fuzzseq]`, and a marker's settings."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any, Final

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
from fuzzseq.settings import OPTIONS, Given, RunRequest, Settings
from fuzzseq.settings.configuration import configured, given_by
from fuzzseq.settings.option import Option

#: How the seed is called that goes to the workers of xdist.
SEED: Final = "fuzz_seq2seq_seed"
_KEPT: Final = pytest.StashKey[Zygote]()
#: The most characters of a test's id in the name of its folder.
_LONGEST: Final = 60


def asked_of(config: pytest.Config) -> RunRequest:
    """Return what a pytest run is asked for; raises :class:`pytest.UsageError` with the sentence of what cannot be."""
    try:
        given = _given(config)
        # The workers of xdist take the seed of the process that began them, which may be a random one.
        seed = getattr(config, "workerinput", {}).get(SEED)
        asked = request_of(given if seed is None else {**given, "seed": seed})
        for name in asked.report:
            format_named(name)
    except FuzzseqError as error:
        raise pytest.UsageError(str(error)) from None
    return asked


def _given(config: pytest.Config) -> Given:
    """Return what the options give, over what the project's file does."""
    options = {key: value for key, each in OPTIONS.items() if (value := _value(config, each)) not in (None, ())}
    seed = _hypothesis_seed(config)
    if "seed" not in options and seed is not None:
        options["seed"] = seed
    return {**configured(config.invocation_params.dir), **options}


def _value(config: pytest.Config, option: Option) -> Any:
    """Return the value of an option; None and empty where it was not given."""
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
        try:
            parse(reference)
        except FuzzseqError as error:
            raise pytest.UsageError(f"{FLAG}-target {reference}: {error}") from None
    return given


def _hypothesis_seed(config: pytest.Config) -> int | None:
    """Return the seed that Hypothesis' own option gives, a new one for ``random``; None where it is not given."""
    text = config.getoption("--hypothesis-seed", default=None)
    if text is None:
        return None
    return int(text) % 2**32 if str(text).lstrip("-").isdecimal() else secrets.randbelow(2**32)


def fuzzer_of(request: pytest.FixtureRequest) -> Callable[..., FuzzResult]:
    """Return what the fixture of a test is: a function that fuzzes a model, and fails the test with what it finds.

    A test in which a check was never judged is neither passed nor failed, unless something else fails it.
    """
    asked = asked_of(request.config)
    marked: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("fuzz_seq2seq"))):
        if marker.args:
            pytest.fail(
                f"@pytest.mark.fuzz_seq2seq is given {marker.args[0]!r}: it takes settings by name, as max_cases=100; "
                "call the fixture fuzz_seq2seq with the function that builds the model.",
                pytrace=False,
            )
        marked.update(marker.kwargs)

    numbers = count(1)

    def fuzz_seq2seq(factory: str | Callable[..., Any], **settings: Any) -> FuzzResult:
        __tracebackhide__ = True
        misuse = ""
        try:
            given = given_by("fuzz_seq2seq", {**marked, **settings})
            given = {**_usual(asked, request.node.nodeid, next(numbers)), **given}
            result = fuzzed(factory, given, _zygote(request.config, settings_of(given)))
        except FuzzseqError as error:
            misuse = str(error)
        if misuse:  # Outside of the block: it is told without where it came from.
            pytest.fail(misuse, pytrace=False)
        failing = tuple(finding for finding in result.findings if asked.settings.fails(finding))
        told = [warning_of(finding) for finding in result.findings if finding not in failing]
        warn(request.node, [*told, *result.warnings], failing=bool(failing))
        if failing:
            attrs.evolve(result, findings=failing).raise_for_findings("note")
        unsure = sentences(result.inconclusive)
        if result.allow_inconclusive and not asked.settings.allow_inconclusive:
            warn(request.node, [f"inconclusive: {sentence}" for sentence in unsure], failing=False)
        else:
            for sentence in unsure:
                call_inconclusive(request.node, sentence)
        return result

    return fuzz_seq2seq


def warn(node: pytest.Item, messages: Iterable[str], *, failing: bool) -> None:
    """Tell warnings of a test; where they are asked to be errors, none of them hides what it is ``failing`` for."""
    for message in messages:
        try:
            node.warn(FuzzSeq2SeqWarning(inert(message)))
        except FuzzSeq2SeqWarning:
            if not failing:
                raise


def warning_of(finding: Finding) -> str:
    """Return what a finding that fails no test is told as."""
    said = finding.diagnosis.explanation or finding.message
    return f"{finding.severity}: {finding.cause} in {finding.target}: {said} (finding {finding.id})"


def _usual(asked: RunRequest, test: str, number: int) -> Given:
    """Return the settings of the run, those of a single model.

    One folder holds one run: each call of a test has a folder of its own, below that of the pytest run.
    """
    given = {key: value for key, value in asked.given.items() if key not in ("targets", "report", "corpus")}
    if asked.output:
        name = re.sub(r"[^\w.]+", "-", test)[-_LONGEST:].strip("-") + (f"-{number}" if number > 1 else "")
        given["output"] = str(Path(asked.output) / name)
    return {**given, "seed": asked.settings.seed}


def _zygote(config: pytest.Config, settings: Settings) -> Zygote | None:
    """Return the process that imports TensorFlow once for all tests of a run; None where a test wants none or another.

    It is ended with the run.
    """
    if settings.in_process or settings.device != "cpu":
        return None
    kept = config.stash.get(_KEPT, None)
    if kept is None or kept.closed:
        kept = config.stash[_KEPT] = Zygote(settings.device, [place for place in sys.path if place])
        config.add_cleanup(kept.close)
    return kept
