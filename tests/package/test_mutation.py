"""The mutants of the benchmark: each is one mistake on the line that it names."""

from __future__ import annotations

import ast
import difflib

from tests.benchmarks.mutation.__main__ import OPERATORS, ROOT
from tests.benchmarks.mutation.mutant import mutants
from tests.zoo import healthy

MODELS = ("lstm_attention", "transformer", "gru_bahdanau", "own_training_step", "masked_pooling", "causal_forecaster")


def test_a_mutant_is_one_mistake_on_its_line():
    """A mutant parses, has a name of its own, and only the lines of one expression, from its own on, are others."""
    files = [ROOT / reference.partition(":")[0] for reference in healthy()]
    seen, names = set(), set()
    for file in (each for each in files if each.stem in MODELS):
        before = file.read_text(encoding="utf-8").splitlines()
        for mutant in mutants(file, OPERATORS):
            ast.parse(mutant.source)
            matcher = difflib.SequenceMatcher(a=before, b=mutant.source.splitlines(), autojunk=False)
            changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
            assert [code[3] + 1 for code in changes] == [mutant.line], mutant.name
            assert mutant.name not in names
            names.add(mutant.name)
            seen.add(mutant.operator.name)
    assert len(seen) > 60


def test_operators_have_names_of_their_own():
    """Sixty operators at least, each under one name."""
    names = [operator.name for operator in OPERATORS]
    assert len(set(names)) == len(names) >= 60
