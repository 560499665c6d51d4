from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.shell_completion import ShellComplete

from fuzzseq.cli import main
from fuzzseq.settings import OPTIONS
from tests.generated import GENERATED

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "fuzzseq/settings/pyproject.schema.json").read_text())


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_what_is_generated_is_up_to_date(file: Path) -> None:
    """What ships is what the settings make: write it anew with ``python -m tests.generated``."""
    assert file.read_text(encoding="utf-8") == GENERATED[file]()


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({"profile": "ci", "max_cases": 5, "budget": "2m", "checks": "trains", "workers": "auto"}, True),
        ({"budget": 90, "memory": "1GiB", "domains": ["edge"], "in_process": True, "fail_on": "never"}, True),
        ({"max_case": 5}, False),
        ({"max_cases": 0}, False),
        ({"max_cases": "5"}, False),
        ({"profile": "quik"}, False),
        ({"domains": ["egde"]}, False),
        ({"in_process": 1}, False),
    ],
)
def test_an_editor_says_what_a_run_would(settings: dict[str, object], allowed: bool) -> None:
    """The schema takes the keys and values that are read from a pyproject.toml, and the rest of that file."""
    document = {"project": {"name": "x"}, "tool": {"other": {}, "fuzzseq": settings}}
    assert jsonschema.Draft7Validator(SCHEMA).is_valid(document) is allowed


@pytest.mark.parametrize(
    ("words", "incomplete", "values"),
    [
        (["run", "--check"], "gra", ["graph_agrees"]),
        (["run", "--profile"], "", ["quick", "ci", "nightly"]),
        (["run", "--report"], "j", ["json", "junit"]),
        (["run", "--fail-on"], "n", ["note", "never"]),
        (["replay", "--device"], "", ["cpu", "gpu"]),
        (["report", "--format"], "h", ["html"]),
        (["explain"], "state-uni", ["state-units"]),
    ],
)
def test_values_are_completed(words: list[str], incomplete: str, values: list[str]) -> None:
    """A shell completes the names of checks, profiles, formats, severities and causes."""
    shell = ShellComplete(main, {}, "fuzzseq", "_FUZZSEQ_COMPLETE")
    assert [item.value for item in shell.get_completions(words, incomplete)] == values


def test_every_setting_says_what_it_is() -> None:
    """A setting has a help text that is a sentence, and an option for a value says what stands for it."""
    for each in OPTIONS.values():
        assert each.help.endswith((".", "]")), each.key
        assert bool(each.metavar) == (each.kind.schema != {"type": "boolean"}) or each.key in ("targets", "device")
