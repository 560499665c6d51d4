"""``fuzzseq inspect``."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from fuzzseq.cli.listing import show
from fuzzseq.cli.options import setting_options
from fuzzseq.cli.printing import echo
from fuzzseq.errors import UsageError

if TYPE_CHECKING:
    from fuzzseq.engine.inspecting import InspectedTarget

_HOW: Final = (
    "A dimension or an option is an argument of @fuzz_target(...), which says otherwise.\n"
    "A check is left out by skip={'causal': 'why'} there, or by skip = [\"causal\"] in [tool.fuzzseq]."
)


@click.command(short_help="Show what is known of a model before it is fuzzed.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--profile", metavar="NAME", help="The profile whose checks are shown.  [default: quick]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; inspection.schema.json describes it.")
@setting_options(replay=True)
def inspect(targets: tuple[str, ...], as_json: bool, **options: object) -> int:
    """Show what is read off each TARGET, and what will be checked, with the line that declares each of it.

    The model is built and called once, and nothing is fuzzed. Without a TARGET, show those of [tool.fuzzseq].
    """
    from fuzzseq import runner
    from fuzzseq.engine.inspecting import UnusableTarget, inspect_targets
    from fuzzseq.files.format_versions import INSPECTION, KEY
    from fuzzseq.loading import refuse_wrong
    from fuzzseq.reporting.finding_files import pretty
    from fuzzseq.settings.configuration import configured

    said = {key: value for key, value in {"targets": targets, **options}.items() if value not in (None, ())}
    given = {**configured(), **said}
    if "targets" not in given:
        raise UsageError("No target given: name one, e.g. 'fuzzseq inspect my_model.py:build'.")
    settings, entries, unusable = runner.settings_of(given), list[Mapping[str, object]](), False
    refuse_wrong(given["targets"], settings.custom_checks, settings.custom_objects)
    for seen in inspect_targets(given["targets"], settings):
        if isinstance(seen, UnusableTarget):
            unusable = True
            named = seen.error if seen.target in seen.error else f"{seen.target}: {seen.error}"
            echo(f"fuzzseq: {named}", err=True)
        elif as_json:
            entries.append(inspection_entry(seen))
        else:
            _print_target(seen)
    if not (as_json or unusable):
        echo(_HOW)
    if as_json:
        echo(pretty({KEY: INSPECTION, "targets": entries}).rstrip("\n"))
    return 2 if unusable else 0


def inspection_entry(seen: InspectedTarget) -> Mapping[str, object]:
    """Return what the JSON document says of a target: its Spec, and what a person is shown of it."""
    from fuzzseq.protocol.serialization import to_data
    from fuzzseq.reporting.spec_view import spec_view

    return {
        "target": seen.target,
        "versions": dict(seen.versions),
        "spec": to_data(seen.spec),
        **to_data(spec_view(seen.spec, seen.checks)),
    }


def _print_target(seen: InspectedTarget) -> None:
    from fuzzseq.reporting.spec_view import spec_view
    from fuzzseq.reporting.terminal import console_for_output

    def paragraph(text: str) -> None:
        echo(textwrap.fill(text, console_for_output().width, subsequent_indent="  ", break_long_words=False))

    view = spec_view(seen.spec, seen.checks)
    echo(f"target {seen.target}")
    versions = (f"{name} {version}" for name, version in sorted(seen.versions.items()))
    paragraph(f"  {view.model} ({', '.join(versions)})")
    for note in seen.spec.traits.notes:
        paragraph(f"  note: {note}")
    echo()
    show(("from", "dimension", "meaning"), ((d.source, d.line, d.meaning) for d in view.dimensions), headed=True)
    echo()
    show(("from", "option", "meaning"), ((o.source, o.line, o.meaning) for o in view.options), headed=True)
    echo()
    show(("role", "input", "shape", "type"), ((i.role, i.name, i.shape, i.dtype) for i in view.inputs), headed=True)
    echo()
    paragraph(f"will be checked: {', '.join(check.check for check in view.checks if check.runs)}")
    alike: dict[tuple[str, str], list[str]] = {}
    for check in view.checks:
        if not check.runs:
            alike.setdefault((check.reason, check.line.replace(check.check, "NAME")), []).append(check.check)
    for (reason, line), names in alike.items():
        paragraph(f"not checked: {', '.join(names)} ({reason}){f'; otherwise: {line}' if line else ''}")
    echo()
