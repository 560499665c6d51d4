"""Targets as they are seen before anything is fuzzed: what was read off each model, and what will be checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from fuzzseq.cases.boundary import check_possible
from fuzzseq.engine.opening import opening
from fuzzseq.engine.selection import CheckCounts
from fuzzseq.errors import UsageError
from fuzzseq.events import CheckCount
from fuzzseq.executors.launcher import Launcher, LoadedProgram
from fuzzseq.loading import parse
from fuzzseq.seeds import seed_of_cases
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class InspectedTarget:
    """A target that could be loaded: its Spec, the versions of what it runs on, and its checks, none of which ran."""

    target: str
    spec: Spec
    versions: Mapping[str, str]
    checks: Mapping[str, CheckCount]


@attrs.frozen(kw_only=True)
class UnusableTarget:
    """A target that cannot be used, and the sentence that a run would say."""

    target: str
    error: str


def inspect_targets(targets: Sequence[str], settings: Settings) -> Iterator[InspectedTarget | UnusableTarget]:
    """Load targets, and yield each as a run with these settings would see it, before its first case."""
    launcher = Launcher(settings)
    try:
        for target in targets:
            try:
                program = launcher.load(parse(target))
            except UsageError as error:
                yield UnusableTarget(target=target, error=str(error))
                continue
            try:
                yield from (_inspected(program, name, settings) for name in program.targets)
            finally:
                program.close()
    finally:
        launcher.close()


def _inspected(program: LoadedProgram, name: str, settings: Settings) -> InspectedTarget | UnusableTarget:
    try:
        spec, versions = program.infer(name)
        check_possible(name, spec.contract)
    except UsageError as error:
        return UnusableTarget(target=name, error=str(error))
    counts = CheckCounts(spec, settings)
    counts.begin_with(opening(spec, seed_of_cases(settings.seed), settings.max_cases, counts.chosen))
    return InspectedTarget(target=name, spec=spec, versions=versions, checks=counts.counts())
