"""``fuzzseq run``."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from fuzzseq.cli.options import execution_options, importing, read_by, whole
from fuzzseq.errors import UsageError

if TYPE_CHECKING:
    from fuzzseq.executors.zygote import Zygote
    from fuzzseq.settings import Configuration


@click.command(short_help="Fuzz models, and print and write what breaks them.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--profile", metavar="NAME", help="A named set of settings: quick (the default), ci or nightly.")
@click.option("--max-cases", metavar="N", callback=whole(1), help="Cases for each target, boundary cases included.")
@click.option("--maxfail", metavar="N", callback=whole(1), help="Leave a target at so many findings that are errors.")
@click.option("-x", "--exitfirst", is_flag=True, help="Leave a target at its first finding that is an error.")
@click.option(
    "--budget", metavar="TIME", callback=read_by("duration"), help="Time for the whole run, as 90s, 2m or 1h30m."
)
@click.option("--seed", metavar="N", callback=whole(0, "MOST_SEED"), help="The number that fixes cases and weights.")
@click.option(
    "--workers",
    metavar="N|auto",
    callback=read_by("worker_count"),
    help="Processes that run models at once.  [default: auto, one for each core]",
)
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Run this check only; may be repeated.")
@click.option(
    "--own-check",
    "custom_checks",
    multiple=True,
    metavar="FILE:NAME",
    help="Run this check of your own as well; may be repeated.",
)
@click.option("--skip", multiple=True, metavar="NAME", help="Leave this check out; may be repeated.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="NAME",
    help="Draw from ordinary, and from edge or hostile as well; may be repeated.",
)
@click.option(
    "--report",
    multiple=True,
    metavar="FORMAT",
    help="Write this report: json (the default), html, markdown, junit, sarif, ndjson, github or tests; "
    "may be repeated.",
)
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    help="What makes the exit code 1: error (the default), warning, note, or never.",
)
@click.option(
    "--allow-inconclusive",
    is_flag=True,
    default=None,
    help="End with exit code 0 where a check was never judged, and not with 4.",
)
@click.option("--baseline", metavar="FILE", help="Findings whose ids stand in this file fail no run.")
@click.option("--output", metavar="DIR", help="The folder to write to.  [default: reports/<time>]")
@click.option("--resume", metavar="DIR", help="Go on with the run that wrote to this folder, and was ended.")
@click.option(
    "--target",
    "named",
    multiple=True,
    metavar="FILE:NAME",
    help="With --resume: this target in place of those of the log; may be repeated.",
)
@click.option("--trust", is_flag=True, help="With --resume: import what the log names, wherever it lies.")
@click.option("--known", metavar="DIR|URL", help="What keeps known cases, or several: A,B.  [default: .fuzzseq]")
@click.option("--no-known", is_flag=True, help="Neither try known cases nor keep new ones.")
@execution_options
def run(
    targets: tuple[str, ...],
    resume: str | None,
    named: tuple[str, ...],
    trust: bool,
    no_known: bool,
    exitfirst: bool,
    **said: Any,
) -> int:
    """Fuzz models: TARGET is file.py:function, package.module:function, or a whole file or module.

    Without a TARGET, those of [tool.fuzzseq] in the nearest pyproject.toml are taken, and so is every setting
    that no option names.
    """
    from fuzzseq.settings import Configuration, configured

    if no_known and said["known"] is not None:
        raise UsageError("--known and --no-known contradict each other: give one of them.")
    if exitfirst:
        said["maxfail"] = 1
    if resume is not None:
        return _resume(resume, Configuration(targets=targets, **said), named, no_known=no_known, trust=trust)
    if named or trust:
        raise UsageError("--target and --trust go with --resume: name a target of a new run without an option.")
    asked = Configuration(targets=targets, **said).over(configured())
    if not asked.targets:
        raise UsageError(
            "There is no target: give one, as in 'fuzzseq run my_model.py:build', "
            'or write targets = ["my_model.py:build"] under [tool.fuzzseq] in pyproject.toml.'
        )
    return _run(asked, no_known)


def _run(asked: Configuration, no_known: bool) -> int:
    """Run what was asked for; TensorFlow takes seconds to import, and begins before anything else is loaded.

    It does not where a target or a check that is named is not there: the run says so once it has seen its options.
    """
    from pathlib import Path

    from fuzzseq.loading import refuse_wrong

    zygote = None
    try:
        with suppress(UsageError):
            refuse_wrong(asked.targets, asked.custom_checks)
            zygote = _begun(asked)
        from fuzzseq import runner

        return runner.run(
            asked.targets,
            runner.settings_of(asked),
            output=Path(asked.output) if asked.output else None,
            formats=asked.report or runner.DEFAULT_FORMATS,
            known=None if no_known else asked.known or ".fuzzseq",
            zygote=zygote,
        )
    finally:
        if zygote is not None:
            zygote.close()


def _begun(asked: Configuration) -> Zygote | None:
    """Return the process that imports TensorFlow, begun; None for a run in this very process."""
    from fuzzseq.executors.zygote import Zygote

    return None if asked.in_process else Zygote(asked.device or "cpu")


#: What may be said anew of a run that is gone on with.
_ANEW = ("budget", "workers", "known", "report")


def _resume(folder: str, said: Configuration, named: tuple[str, ...], *, no_known: bool, trust: bool) -> int:
    """Go on with a run; everything but its time, its workers and its reports is as it was.

    What its log names is imported from below the current folder alone, unless it is trusted.
    """
    from pathlib import Path

    import attrs

    from fuzzseq import finished_runs, runner
    from fuzzseq.settings import Configuration

    usual = Configuration()
    for field in attrs.fields(Configuration):
        if field.name not in _ANEW and getattr(said, field.name) != getattr(usual, field.name):
            name = "TARGET" if field.name == "targets" else "--" + field.name.replace("_", "-")
            raise UsageError(
                f"--resume goes on with a run as it was asked for, and {name} would change that: leave it out, "
                "or begin a new run."
            )
    targets, settings, past = finished_runs.resumed(Path(folder), attrs.evolve(said, targets=named))
    log, announced = str(Path(folder) / "events.ndjson"), set[str]()
    importing(log, () if named else targets, announced, trust=trust)
    importing(log, settings.custom_checks, announced, trust=trust)
    return runner.run(
        targets,
        settings,
        output=Path(folder),
        formats=said.report or runner.DEFAULT_FORMATS,
        known=None if no_known else said.known or ".fuzzseq",
        past=past,
    )
