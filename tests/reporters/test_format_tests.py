"""``test_regressions.py``, run before and after its model is mended."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import attrs
import pytest

import fuzzseq
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.failures import Inconclusive
from fuzzseq.settings import Settings

BROKEN = """
import keras
from keras import layers

def build(vocab_size, units):
    tokens = keras.Input((None,), dtype="int32", name="source")
    return keras.Model(tokens, layers.Dense(vocab_size)(layers.Embedding(vocab_size - 1, units)(tokens)))
"""
CASE = Case(
    dimensions={"vocab_size": 5, "units": 2},
    batches=(Batch(pairs=(Pair((4,), (3,)), Pair((3, 4), (3, 3))), extra_source=1),),
    seed=7,
)


@pytest.fixture
def functions(reported):
    """Return what gives the functions of the tests of a run with these events, by name."""

    def made(events):
        reported("tests", "test_regressions.py", events)
        return runpy.run_path("out/test_regressions.py")

    return made


@pytest.mark.slow
def test_fails_until_it_is_mended(functions, run_events, crash_finding):
    """A test of a finding fails with what the finding says, and passes once the model is fixed."""
    Path("small.py").write_text(BROKEN)
    finding = attrs.evolve(crash_finding, target="small.py:build", case=CASE, checks=("accepts",))
    test = functions(run_events(finding))[f"test_{finding.id.replace('-', '_')}"]
    assert test.__doc__.startswith("An embedding is smaller than its vocabulary.")
    with pytest.raises(AssertionError, match="small.py:build: accepts fails at stage forward: .*not in"):
        test()
    Path("small.py").write_text(BROKEN.replace("vocab_size - 1", "vocab_size"))
    assert test() is None
    with pytest.raises(fuzzseq.FuzzseqError, match="takes the dimensions vocab_size, units by now"):
        fuzzseq.check_case("small.py:build", attrs.evolve(CASE, dimensions={"units": 2}))


def test_imports_what_it_calls(reported, run_events, crash_finding):
    """The file imports what its tests call, and nothing that a model only names."""
    batch = attrs.evolve(CASE.batches[0], pairs=())
    named = attrs.evolve(crash_finding.diagnosis, explanation="pytest.fail was called in Pair(3, 4).")
    finding = attrs.evolve(crash_finding, case=attrs.evolve(CASE, batches=(batch,)), diagnosis=named)
    text = reported("tests", "test_regressions.py", run_events(finding))
    assert "\nfrom fuzzseq import Batch, Case, check_case\n" in text
    assert "import pytest" not in text


def test_asks_for_the_expected_properties(tmp_path, monkeypatch):
    """A test of a property that the target does not declare any more passes, as it does once the property holds."""
    monkeypatch.chdir(tmp_path)
    mean = "keras.ops.mean(layers.Embedding(vocab_size, units)(tokens), axis=1, keepdims=True)"
    table = "layers.Embedding(vocab_size - 1, units)(tokens)"
    model = BROKEN.replace(table, f"{table} + {mean}").replace("vocab_size - 1", "vocab_size")
    Path("mean.py").write_text(model)
    case = attrs.evolve(CASE, batches=(attrs.evolve(CASE.batches[0], pairs=(Pair((4, 3), (3, 3)),)),))
    fuzzseq.check_case("mean.py:build", case, in_process=True)
    with pytest.raises(AssertionError, match="mean.py:build: padding_invariant fails at stage forward"):
        fuzzseq.check_case("mean.py:build", case, ["padding_invariant"], in_process=True)
    declared = "import fuzzseq\n" + model.replace("def build", "@fuzzseq.fuzz_target(padding=None)\ndef build")
    Path("mean.py").write_text(declared)
    fuzzseq.check_case("mean.py:build", case, ["padding_invariant"], in_process=True)


def test_a_case_that_does_not_reach_its_check(tmp_path, monkeypatch):
    """A case that gives a check nothing to judge shows nothing of it, and its test does not pass."""
    monkeypatch.chdir(tmp_path)
    table = "layers.Embedding(vocab_size - 1, units)(tokens)"
    Path("own.py").write_text(BROKEN.replace(table, "layers.Embedding(vocab_size, units)(tokens)"))
    empty = attrs.evolve(CASE, batches=(attrs.evolve(CASE.batches[0], pairs=(Pair((), ()),)),))
    fuzzseq.check_case("own.py:build", CASE, ["padding_invariant"], in_process=True)
    with pytest.raises(Inconclusive, match="own.py:build: padding_invariant has nothing to judge in the case"):
        fuzzseq.check_case("own.py:build", empty, ["padding_invariant"], in_process=True)


def test_says_the_whole_case(reported, run_events, crash_finding, leak_finding):
    """The case of a finding stands in its test as Python, and so do the settings that it may fail by."""
    settings = Settings(profile="quick", max_cases=60, case_timeout=2.0, custom_checks=("mine.py:is_small",))
    text = reported("tests", "test_regressions.py", run_events(crash_finding, leak_finding, settings=settings))
    tree = ast.parse(text)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert names == [f"test_{finding.id.replace('-', '_')}" for finding in (crash_finding, leak_finding)]
    for node, finding in zip(tree.body[2:], (crash_finding, leak_finding), strict=True):
        (assigned,) = (part for part in node.body if isinstance(part, ast.Assign))
        known = {name: getattr(fuzzseq, name) for name in ("Batch", "Case", "Pair")}
        assert eval(ast.unparse(assigned.value), known) == finding.case  # noqa: S307 (it is what we have written)
    assert (
        '    check_case("my_model.py:build", case, checks=["accepts", "trains"], '
        'custom_checks=["mine.py:is_small"], case_timeout=2.0)\n'
    ) in text


def test_a_closure_is_skipped(functions, run_events, crash_finding):
    """A factory that no other file can name is said to be one, by a test that is skipped."""
    finding = attrs.evolve(crash_finding, target="test_tagger.tagger")
    test = functions(run_events(finding))[f"test_{finding.id.replace('-', '_')}"]
    with pytest.raises(pytest.skip.Exception, match="test_tagger.tagger was a closure or came from a notebook"):
        test()


def test_nothing_found(functions, run_events):
    """A run without findings gives a file without tests."""
    assert not [name for name in functions(run_events()) if name.startswith("test_")]


def test_whatever_a_model_says_it_is_python(reported, hostile_events):
    """Whatever a model says stands in a docstring, and the name of its file in a literal."""
    tree = ast.parse(reported("tests", "test_regressions.py", hostile_events()))
    (test,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert len(test.body) == 3
    target = test.body[2].value.args[0].value
    assert target.endswith("%41 ::error::?.py:build")
    assert "::error::gotcha" in ast.get_docstring(test)
