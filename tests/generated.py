"""The files that are generated from classes: ``python -m tests.generated`` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import fuzzseq
from fuzzseq.checks.registry import CHECKS
from fuzzseq.settings import OPTIONS
from fuzzseq.settings.option import Option
from tests.report_schemas import finding_schema, inspection_schema, report_schema

PACKAGE = Path(fuzzseq.__file__).parent
README = Path(__file__).parents[1] / "README.md"


def settings_schema() -> str:
    """Return the JSON Schema of a pyproject.toml, which also tells click and pytest of their options."""
    section = {
        "type": "object",
        "description": "Settings of fuzzseq, unless an option of the command line says otherwise.",
        "additionalProperties": False,
        "properties": {key: property_of(each) for key, each in OPTIONS.items()},
    }
    tool = {"type": "object", "properties": {"fuzzseq": {"$ref": "#/definitions/settings"}}}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "[tool.fuzzseq] of pyproject.toml",
        "type": "object",
        "properties": {"tool": tool},
        "definitions": {"settings": section},
    }
    return json.dumps(document, indent=2) + "\n"


def property_of(option: Option) -> Mapping[str, Any]:
    """Return what an editor is told of a setting, and each front end."""
    kind = option.kind
    shared = {"metavar": option.metavar} if option.metavar else {}
    run = {
        "flag": option.run_flag,
        **shared,
        **({"values": kind.values} if kind.values else {}),
        **({"repeatable": True} if kind.repeatable else {}),
        **({"replay": True} if option.in_replay else {}),
    }
    action = {"action": "append"} if kind.repeatable else {} if option.metavar else {"action": "store_true"}
    test = {"flag": option.pytest_ending, **shared, **action, "help": option.pytest_help or option.help}
    return {
        "description": option.help,
        **kind.schema,
        **({"x-run": run} if option.run_flag else {}),
        **({"x-pytest": test} if option.pytest_ending else {}),
    }


def fuzz_keywords() -> str:
    """Return the module with the keywords of ``fuzzseq.fuzz``, for type checkers and editors."""
    lines = "".join(f"    {key}: {each.kind.hint}\n" for key, each in OPTIONS.items() if each.in_fuzz)
    return (
        '"""The keywords of :func:`fuzzseq.fuzz`, for type checkers and editors: written by tests/generated.py."""\n\n'
        "from __future__ import annotations\n\n"
        "from collections.abc import Sequence\nfrom pathlib import Path\nfrom typing import Literal, TypedDict\n\n\n"
        f'class FuzzKeywords(TypedDict, total=False):\n    """See :mod:`fuzzseq.settings`."""\n\n{lines}'
    )


def readme() -> str:
    """Return the README with its table of checks, and the help of ``fuzzseq run`` on a terminal of 100 columns."""
    from fuzzseq.cli import main  # It reads the schema, which has been written by now.

    shown = CliRunner().invoke(main, ["run", "--help"], prog_name="fuzzseq", terminal_width=98).output
    text, head, after = README.read_text(encoding="utf-8").partition("| check | verifies |\n|---|---|\n")
    rows = "".join(f"| `{check.name}` | {check.description} |\n" for check in CHECKS)
    before, command, after = f"{text}{head}{rows}{after[after.index(chr(10) * 2) + 1 :]}".partition(
        "$ fuzzseq run --help\n"
    )
    return before + command + shown + after[after.index("```") :]


#: Every generated file with what makes it, after those that it is made of.
GENERATED = {
    PACKAGE / "settings" / "pyproject.schema.json": settings_schema,
    PACKAGE / "settings" / "keywords.py": fuzz_keywords,
    PACKAGE / "reporting" / "finding.schema.json": finding_schema,
    PACKAGE / "reporting" / "report.schema.json": report_schema,
    PACKAGE / "reporting" / "inspection.schema.json": inspection_schema,
    README: readme,
}

if __name__ == "__main__":
    for file, made in GENERATED.items():
        file.write_text(made(), encoding="utf-8")
