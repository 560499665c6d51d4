"""A person reads of the sizes of a model by the names that the model's own factory has for them."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from fuzzseq import finished_runs
from fuzzseq.files.report_formats import FORMATS
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.inputs import Parameter

#: A width that is no multiple of the heads.
MODEL = """\
import keras
from keras import layers, ops


class Heads(layers.Layer):
    def __init__(self, count):
        super().__init__()
        self.count = count

    def call(self, x):
        shape = ops.shape(x)
        heads = ops.reshape(x, (shape[0], shape[1], self.count, x.shape[-1] // self.count))
        return ops.reshape(heads, (shape[0], shape[1], x.shape[-1]))


def build(num_tokens, num_tags, d_model, n_heads):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = Heads(n_heads)(layers.Embedding(num_tokens, d_model)(tokens))
    return keras.Model(tokens, layers.Dense(num_tags)(x))
"""
CANONICAL = {"num_tokens": "vocab_size", "num_tags": "output_dim", "d_model": "units", "n_heads": "num_heads"}
#: What a page has of its own: how it looks, and what it does.
_OWN = re.compile(r"<(style|script)>.*?</\1>", re.DOTALL)
_CANONICAL_WORD = re.compile(rf"\b({'|'.join(CANONICAL.values())})\b")


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, str]:
    """What a run of the model wrote, file by file, and what it printed."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "model.py").write_text(MODEL)
    settings = Settings(profile="quick", max_cases=40, workers=2)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.chdir(folder)
        assert run_and_write(["model.py:build"], settings, output=Path("out"), formats=[*FORMATS]) == 1
        finished_runs.report(Path("out"), [*FORMATS], Path("again"))
    files = [
        file
        for file in (*folder.glob("out/*.*"), *folder.glob("again/*.*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    return {str(file.relative_to(folder)): file.read_text() for file in files} | {"printed": printed.getvalue()}


def test_all_that_a_person_reads_has_the_names_of_the_factory(written) -> None:
    """The terminal, the page, tables of a build server, annotations, scripts and tests: none says another name."""
    document = json.loads(written["out/report.json"])
    (finding,) = document["findings"]
    assert finding["cause"] == "decoder-heads"
    texts = {name: _OWN.sub("", text) for name, text in written.items() if not name.endswith((".json", ".ndjson"))}
    texts["out/report.sarif"] = json.loads(texts["out/report.sarif"])["runs"][0]["results"][0]["message"]["text"]
    texts.pop("again/report.sarif")
    texts["out/github.txt"] = texts["out/github.txt"].replace("%25", "%")
    for name, text in texts.items():
        assert "d_model" in text, name
        assert not _CANONICAL_WORD.search(text), (name, _CANONICAL_WORD.findall(text))
    said = ("printed", "out/report.md", "out/report.sarif", "out/github.txt", "out/junit.xml", "out/report.html")
    assert [name for name in said if "d_model % n_heads != 0" not in texts[name]] == []
    for text in (texts["printed"], texts["out/report.html"]):
        assert "[batch_size,source_length,n_heads,d_model//n_heads]" in text or "d_model" in finding["symbolic_message"]
    assert 'd_model=dim(..., multiple_of="n_heads")' in finding["advice"]
    assert any("d_model = " in each["change"] for each in finding["interventions"])


def test_json_has_the_known_dimensions_and_how_they_are_written(written) -> None:
    """Keys are the same for all models: sizes, facts and the region; each target, and each finding, has the names."""
    document = json.loads(written["out/report.json"])
    ((target,), (finding,)) = document["targets"], document["findings"]
    alone = json.loads(written[f"out/{finding['id']}.json"])
    for spec in (target["spec"], alone["spec"]):
        assert {each["name"]: each["dimension"] for each in spec["contract"]["parameters"]} == CANONICAL
    assert {*finding["case"]["dimensions"]} == {*CANONICAL.values()} < {*finding["sizes"]}
    assert finding["region"]["expression"] == "units % num_heads != 0"
    assert finding["region"]["conditions"] == [["units", "num_heads"]]
    assert {*CANONICAL.values()} < {*finding["region"]["tried"][0]["facts"]}


def test_a_report_that_is_made_again_says_the_same(written) -> None:
    """What a finished run says is read from its folder, names and all."""
    again = {name.partition("/")[2]: text for name, text in written.items() if name.startswith("again/")}
    assert {"report.html", "report.md", "report.sarif", "github.txt", "junit.xml", "test_regressions.py"} <= {*again}
    for name in again.keys() - {"report.html"}:  # which has a picture of when each case was run
        assert again[name] == written[f"out/{name}"], name


def test_the_tests_of_a_report_fail_by_the_names_of_the_factory(written, tmp_path, monkeypatch) -> None:
    """A case may name its dimensions as the factory does, and as fuzzseq does."""
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    code = written["out/test_regressions.py"]
    assert re.search(r"\bd_model\W+\d", code)
    for text in (code, _renamed(code)):
        names: dict[str, object] = {}
        exec(text, names)  # noqa: S102 (it was written by us)
        (test,) = (value for name, value in names.items() if name.startswith("test_"))
        with pytest.raises(AssertionError, match=r"model\.py:build: accepts fails"):
            test()


def _renamed(code: str) -> str:
    """Return code with the names that fuzzseq has for dimensions."""
    for name, dimension in CANONICAL.items():
        code = code.replace(name, dimension)
    return code


def test_a_name_that_says_too_little_is_not_used() -> None:
    """Where two parameters carry a dimension, or one is called as another dimension, that keeps its own name."""
    pairs = [("d_model", "units"), ("units", "units"), ("n_heads", "num_heads"), ("key_dim", "own")]
    contract = Contract(
        parameters=tuple(Parameter(name=name, dimension=dimension) for name, dimension in pairs),
        dimensions={"own": dim(1, 4)},
    )
    assert contract.in_written_names("units % num_heads > own") == "units % n_heads > own"
    assert contract.in_written_names('initial_state != "units"') == 'initial_state != "units"'
    assert contract.written_sizes({"num_heads": 2, "batch_size": 1}) == {"n_heads": 2, "batch_size": 1}
