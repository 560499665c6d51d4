from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.shell_completion import ShellComplete

from fuzzseq.cli import main
from fuzzseq.settings import OPTIONS
from tests.generated import GENERATED

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "fuzzseq/settings/pyproject.schema.json").read_text())

LINE = '    quiet: bool = option(kinds.FLAG, "true or false", "Print findings only.", default=False)\n'
PROGRAM = """
import fuzzseq
from fuzzseq import runner
from fuzzseq.cli import main
from fuzzseq.settings.configuration import configured
print(runner.request_of(configured()).quiet)
try:
    fuzzseq.fuzz("gone.py:build", quiet=True)
except fuzzseq.FuzzseqError as error:
    print(error)
main(["run", "--help"], prog_name="fuzzseq")
"""


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_what_is_generated_is_up_to_date(file: Path) -> None:
    """What ships is what the settings make: write it anew with ``python -m tests.generated``."""
    assert file.read_text(encoding="utf-8") == GENERATED[file]()


def test_an_option_is_one_line(tmp_path: Path) -> None:
    """One line in the settings makes an option of the command line and of pytest, a key, a keyword and a property."""
    shutil.copytree(ROOT / "fuzzseq", tmp_path / "fuzzseq", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "strategies", tmp_path / "fuzzseq/strategies")
    shutil.copy(ROOT / "README.md", tmp_path)
    (tmp_path / "tests").mkdir()
    for name in ("__init__", "generated", "report_schemas", "schema_descriptions"):
        shutil.copy(ROOT / f"tests/{name}.py", tmp_path / "tests")
    settings = tmp_path / "fuzzseq/settings/__init__.py"
    before, marker, after = settings.read_text().rpartition("    given: Given\n")
    settings.write_text(before + LINE + marker + after)
    (tmp_path / "pyproject.toml").write_text("[tool.fuzzseq]\nquiet = true\n")

    def printed(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    printed("-m", "tests.generated")
    toml, call, *help_ = printed("-c", PROGRAM).splitlines()
    assert toml == "True"
    assert "gone.py" in call  # It was read, and the target was looked for.
    assert "  --quiet                   Print findings only." in help_
    assert "--fuzz-seq2seq-quiet" in printed("-m", "pytest", "--help")
    schema = json.loads((tmp_path / "fuzzseq/settings/pyproject.schema.json").read_text())
    jsonschema.validate({"tool": {"fuzzseq": {"quiet": True}}}, schema)
    assert "  --quiet                   Print findings only.\n" in (tmp_path / "README.md").read_text()
    assert "    quiet: bool | None\n" in (tmp_path / "fuzzseq/settings/keywords.py").read_text()


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
