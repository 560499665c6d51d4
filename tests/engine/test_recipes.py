"""The recipes of the guide: each block of code is fuzzed, and finds what the page says."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.engine.running import events, findings, report

RECIPES = Path(__file__).resolve().parents[2] / "fuzzseq" / "guide" / "recipes"
#: What the models of each page are made of, and is not a requirement of the tests.
NEEDS: dict[str, tuple[str, ...]] = {
    "decode_loops": (),
    "tasks": (),
    "hugging_face": ("transformers", "tf_keras"),
    "keras_hub": ("keras_hub",),
    "tf_models_official": ("official", "tf_keras"),
}
#: A block of code, and the causes that the line behind it names.
BLOCK = re.compile(r"^## (.+?)$(?:(?!^## ).)*?^```python\n(.+?)^```\n\nFinds: (.+?)\.$", re.MULTILINE | re.DOTALL)

BLOCKS = [
    pytest.param(page.stem, code, re.findall("`(.+?)`", found), id=f"{page.stem} {heading}")
    for page in sorted(RECIPES.glob("*.md"))
    for heading, code, found in BLOCK.findall(page.read_text(encoding="utf-8"))
]


def test_every_block_of_code_says_what_it_finds():
    """A block that the test below does not see is one that nobody runs."""
    blocks = sum(page.read_text(encoding="utf-8").count("```python\n") for page in RECIPES.glob("*.md"))
    assert blocks == len(BLOCKS) > 0


@pytest.mark.slow
@pytest.mark.parametrize(("page", "code", "found"), BLOCKS)
def test_a_recipe(tmp_path, monkeypatch, page, code, found):
    """What a page says of a released model holds for the installed one: it is fuzzed, and the causes are those."""
    missing = [name for name in NEEDS[page] if find_spec(name) is None]
    if missing:
        pytest.skip(f"the recipe needs {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models.py").write_text(code)
    run = events(["models.py:build"], max_cases=30, case_timeout=120)
    assert not report(run, "").error
    assert [each.cause for each in findings(run)] == found
