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


@click.command(short_help="Fuzz models and report what breaks them.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--profile", metavar="NAME", help="Named settings: quick (the default), ci or nightly.")
@click.option("--max-cases", metavar="N", callback=whole(1), help="Cases per target, including boundary cases.")
@click.option("--maxfail", metavar="N", callback=whole(1), help="Stop fuzzing a target after N errors.")
@click.option("-x", "--exitfirst", is_flag=True, help="Stop fuzzing a target at its first error; same as --maxfail 1.")
@click.option(
    "--budget",
    metavar="TIME",
    callback=read_by("duration"),
    help="Time limit for the whole run, e.g. 90s, 2m or 1h30m.",
)
@click.option("--seed", metavar="N", callback=whole(0, "MOST_SEED"), help="Random seed; fixes cases and weights.")
@click.option(
    "--workers",
    metavar="N|auto",
    callback=read_by("worker_count"),
    help="Worker processes.  [default: auto, one per core, at most 4]",
)
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Run only this check; repeatable.")
@click.option(
    "--custom-check",
    "custom_checks",
    multiple=True,
    metavar="FILE:NAME",
    help="Also run this custom check; repeatable.",
)
@click.option("--skip", multiple=True, metavar="NAME", help="Skip this check; repeatable.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="NAME",
    help="Input domain: ordinary, edge or invalid; repeatable.",
)
@click.option(
    "--report",
    multiple=True,
    metavar="FORMAT",
    help="Report format: json (the default), html, markdown, junit, sarif, ndjson, github or tests; repeatable.",
)
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    help="Lowest severity that fails the run: error (the default), warning, note or never.",
)
@click.option(
    "--allow-inconclusive",
    is_flag=True,
    default=None,
    help="Exit with 0 instead of 4 when a check was never judged.",
)
@click.option("--baseline", metavar="FILE", help="Ignore the findings listed in this file.")
@click.option("--output", metavar="DIR", help="Output folder.  [default: reports/<time>]")
@click.option("--resume", metavar="DIR", help="Resume the interrupted run in this folder.")
@click.option(
    "--target",
    "named",
    multiple=True,
    metavar="FILE:NAME",
    help="With --resume: fuzz this target instead of those in the log; repeatable.",
)
@click.option("--trust", is_flag=True, help="With --resume: allow imports from outside the current folder.")
@click.option(
    "--corpus",
    metavar="DIR|URL",
    help="Where to keep cases that failed: a folder, a server, or A,B.  [default: .fuzzseq]",
)
@click.option("--no-corpus", is_flag=True, help="Do not read or write the corpus.")
@execution_options
def run(
    targets: tuple[str, ...],
    resume: str | None,
    named: tuple[str, ...],
    trust: bool,
    no_corpus: bool,
    exitfirst: bool,
    **said: Any,
) -> int:
    """Fuzz models: TARGET is file.py:function, package.module:function, or a whole file or module.

    Without a TARGET, fuzz the targets of [tool.fuzzseq] in the nearest pyproject.toml. Settings without an option
    on the command line are read from there as well.
    """
    from fuzzseq.settings import Configuration, configured

    if no_corpus and said["corpus"] is not None:
        raise UsageError("--corpus and --no-corpus are mutually exclusive.")
    if exitfirst:
        said["maxfail"] = 1
    if resume is not None:
        return _resume(resume, Configuration(targets=targets, **said), named, no_corpus=no_corpus, trust=trust)
    if named or trust:
        raise UsageError("--target and --trust require --resume; for a new run, pass the target as an argument.")
    asked = Configuration(targets=targets, **said).over(configured())
    if not asked.targets:
        raise UsageError(
            "No target given: name one, e.g. 'fuzzseq run my_model.py:build', "
            'or add targets = ["my_model.py:build"] under [tool.fuzzseq] in pyproject.toml.'
        )
    return _run(asked, no_corpus)


def _run(asked: Configuration, no_corpus: bool) -> int:
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
            known=None if no_corpus else asked.corpus or ".fuzzseq",
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
_ANEW = ("budget", "workers", "corpus", "report")


def _resume(folder: str, said: Configuration, named: tuple[str, ...], *, no_corpus: bool, trust: bool) -> int:
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
                f"--resume uses the settings of the original run; {name} would change them: leave it out, "
                "or start a new run."
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
        known=None if no_corpus else said.corpus or ".fuzzseq",
        past=past,
    )
