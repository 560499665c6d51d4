"""The pages of the causes: every model on them is run, and does what its page says of the TensorFlow at hand."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from fuzzseq.cases.invalid import KINDS
from fuzzseq.causes.catalog import CAUSES, page_of

PAGES = {cause.slug: page_of(cause) for cause in CAUSES}
HEADINGS = ("Symptoms", "Minimal example", "How to fix it")
#: An answer that names no mistake has no model.
WITHOUT_MODEL = ("unclassified",)
#: Cases enough to come past the boundary cases, which the mistakes fall to.
CASES = {"wrong": 60, "fixed": 12}


def models(page: str) -> dict[str, str]:
    """Return the files on a page, by name."""
    return dict(re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def options(page: str) -> tuple[str, ...]:
    """Return the options of the command on a page."""
    (command,) = re.findall(r"^\$ (fuzzseq run .*)$", page, re.MULTILINE)
    program, run, target, *rest = shlex.split(command)
    assert (program, run, target) == ("fuzzseq", "run", "wrong.py:build")
    return tuple(rest)


@pytest.mark.parametrize("slug", [slug for slug in PAGES if slug not in WITHOUT_MODEL])
def test_is_made_as_all_are(slug: str) -> None:
    """A page names the symptoms, shows a minimal example with its command, and the fixed one."""
    page = PAGES[slug]
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == list(HEADINGS)
    assert list(models(page)) == ["wrong", "fixed"]
    assert options(page) is not None
    assert max(map(len, page.splitlines())) <= 120


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the report says of each model of each page, by slug and name of the model."""
    folder = tmp_path_factory.mktemp("pages")
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for slug, page in PAGES.items():
        for name, body in models(page).items():
            (folder / slug).mkdir(exist_ok=True)
            (folder / slug / f"{name}.py").write_text(body, encoding="utf-8")
            groups[name, options(page)].append(slug)
    found = {}
    for number, ((name, given), slugs) in enumerate(groups.items()):
        report = fuzzed(folder, f"out{number}", [f"{slug}/{name}.py:build" for slug in slugs], name, given)
        for target in report["targets"]:
            findings = [f for f in report["findings"] if f["target"] == target["name"]]
            found[target["name"].partition("/")[0], name] = {**target, "findings": findings}
    return found


def fuzzed(folder: Path, output: str, targets: list[str], name: str, given: tuple[str, ...]) -> dict[str, Any]:
    """Return the report of a run over targets; a wrong model is left at its first error."""
    first = ("-x",) if name == "wrong" else ()
    command = (
        *(sys.executable, "-m", "fuzzseq", "run", *targets, *given, *first, "--no-corpus", "--output", output),
        *("--max-cases", str(CASES[name]), "--workers", "2"),
    )
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report: dict[str, Any] = json.loads((folder / output / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.mark.slow
@pytest.mark.parametrize("slug", [slug for slug in PAGES if slug not in WITHOUT_MODEL])
def test_does_what_it_says(slug: str, reports: dict[tuple[str, str], dict[str, Any]]) -> None:
    """The wrong model has the cause of its page, or handles invalid input as it says; the fixed one has nothing."""
    wrong, fixed = reports[slug, "wrong"], reports[slug, "fixed"]
    assert (wrong["error"], fixed["error"]) == ("", "")
    assert not [f["explanation"] for f in fixed["findings"]]
    row = re.search(r"^\| ((?!invalid input|---).*?) \| (.*?) \|$", PAGES[slug], re.MULTILINE)
    if row is None:
        assert slug in [finding["cause"] for finding in wrong["findings"]]
    else:
        (kind,) = [kind.name for kind in KINDS if kind.said == row[1]]
        assert wrong["acceptance"][kind] == row[2]
        assert fixed["acceptance"][kind] != row[2]
