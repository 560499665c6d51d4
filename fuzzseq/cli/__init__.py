"""The command line. Its modules load nothing but click until a command runs, so that ``--help`` is quick."""

from __future__ import annotations

import click

from fuzzseq import __version__
from fuzzseq.cli.explain import explain
from fuzzseq.cli.front import Front
from fuzzseq.cli.init import init
from fuzzseq.cli.inspect import inspect
from fuzzseq.cli.listing import list_
from fuzzseq.cli.replay import replay
from fuzzseq.cli.report import baseline, report
from fuzzseq.cli.run import run
from fuzzseq.cli.trend import trend

__all__ = ["main"]


@click.group(cls=Front, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", prog_name="fuzzseq", message="%(prog)s %(version)s")
def main() -> None:
    """Find the inputs that break a sequence-to-sequence model, minimize them, and explain why.

    \b
    fuzzseq run my_model.py:build      fuzz the model that build() makes
    fuzzseq init                       create a first fuzz target and its settings
    fuzzseq inspect my_model.py:build  show how a model is read before it is fuzzed
    fuzzseq replay FINDING.json        check whether a finding is fixed
    fuzzseq explain CAUSE              what a cause means and how to fix it
    fuzzseq report DIR --format NAME   write the reports of a finished run again

    Exit codes: 0 no findings, 1 findings, 2 usage error, 3 internal error, 4 inconclusive, 130 interrupted.
    """  # noqa: D301 (click wants the control character itself, to leave a paragraph's lines as they are)


for command in (run, replay, report, baseline, trend, init, inspect, list_, explain):
    main.add_command(command)
