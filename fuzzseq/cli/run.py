"""``fuzzseq run``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fuzzseq.cli.options import importing, setting_options
from fuzzseq.errors import UsageError

if TYPE_CHECKING:
    from fuzzseq.settings import Given


@click.command(short_help="Fuzz models and report what breaks them.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@setting_options()
@click.option("-x", "--exitfirst", is_flag=True, help="Stop fuzzing a target at its first error; same as --maxfail 1.")
@click.option("--resume", metavar="DIR", help="Resume the interrupted run in this folder.")
@click.option(
    "--target",
    "named",
    multiple=True,
    metavar="FILE:NAME",
    help="With --resume: fuzz this target instead of those in the log; repeatable.",
)
@click.option("--trust", is_flag=True, help="With --resume: allow imports from outside the current folder.")
@click.option("--no-corpus", is_flag=True, help="Do not read or write the corpus.")
def run(
    targets: tuple[str, ...],
    resume: str | None,
    named: tuple[str, ...],
    trust: bool,
    no_corpus: bool,
    exitfirst: bool,
    **options: object,
) -> int:
    """Fuzz models: TARGET is file.py:function, package.module:function, or a whole file or module.

    Without a TARGET, fuzz the targets of [tool.fuzzseq] in the nearest pyproject.toml. Settings without an option
    on the command line are read from there as well.
    """
    from fuzzseq.settings.configuration import configured

    given = {key: value for key, value in {"targets": targets, **options}.items() if value not in (None, ())}
    if no_corpus and "corpus" in given:
        raise UsageError("--corpus and --no-corpus are mutually exclusive.")
    if exitfirst:
        given["maxfail"] = 1
    if resume is not None:
        return _resume(resume, given, named, no_corpus=no_corpus, trust=trust)
    if named or trust:
        raise UsageError("--target and --trust require --resume; for a new run, pass the target as an argument.")
    given = {**configured(), **given}
    if "targets" not in given:
        raise UsageError(
            "No target given: name one, e.g. 'fuzzseq run my_model.py:build', "
            'or add targets = ["my_model.py:build"] under [tool.fuzzseq] in pyproject.toml.'
        )
    return _run(given, no_corpus)


def _run(given: Given, no_corpus: bool) -> int:
    """Run what was asked for; TensorFlow is imported meanwhile, unless what is named is not there."""
    from fuzzseq.executors.zygote import Zygote
    from fuzzseq.loading import refuse_wrong

    zygote = None
    try:
        with suppress(UsageError):
            refuse_wrong(given["targets"], given.get("custom_checks", ()), given.get("custom_objects"))
            zygote = None if given.get("in_process") else Zygote(given.get("device", "cpu"))
        from fuzzseq import runner
        from fuzzseq.settings import USUAL_CORPUS

        request = runner.request_of(given)
        return runner.run(
            request.targets,
            request.settings,
            output=Path(request.output) if request.output else None,
            formats=request.report or runner.DEFAULT_FORMATS,
            corpus=None if no_corpus else request.corpus or USUAL_CORPUS,
            zygote=zygote,
        )
    finally:
        if zygote is not None:
            zygote.close()


def _resume(folder: str, given: Given, named: tuple[str, ...], *, no_corpus: bool, trust: bool) -> int:
    """Go on with a run; what its log names is imported from below the current folder alone, unless it is trusted."""
    from fuzzseq import finished_runs, runner
    from fuzzseq.settings import OPTIONS, USUAL_CORPUS

    for key in given:
        if not OPTIONS[key].on_resume:
            raise UsageError(
                f"--resume uses the settings of the original run; {OPTIONS[key].run_flag or 'TARGET'} would change "
                "them: leave it out, or start a new run."
            )
    targets, settings, past = finished_runs.resumed(Path(folder), given, named)
    log, announced = str(Path(folder) / "events.ndjson"), set[str]()
    importing(log, () if named else targets, announced, trust=trust)
    importing(log, settings.files, announced, trust=trust)
    return runner.run(
        targets,
        settings,
        output=Path(folder),
        formats=given.get("report", runner.DEFAULT_FORMATS),
        corpus=None if no_corpus else given.get("corpus", USUAL_CORPUS),
        past=past,
    )
