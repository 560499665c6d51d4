"""Specs of every kind, with the ties and fixed sizes that make a step harder; and predicates of no pattern."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.protocol.serialization import dumps
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.inputs import Parameter
from fuzzseq.targets.tokens import Tokens
from tests.shrink.bugs import SPEC


def parameters(*names: str) -> tuple[Parameter, ...]:
    """Return the parameters of a factory that takes these dimensions."""
    return tuple(Parameter(name=name, dimension=name) for name in names)


TIED = Contract(
    parameters=parameters("source_vocab_size", "target_vocab_size", "units", "num_heads"),
    dimensions={"units": dim(2, 16, multiple_of="num_heads"), "source_length": dim(1, 8, at_least="target_length")},
)
STATIC = Contract(
    parameters=parameters("vocab_size", "embedding_dim", "max_source_length"),
    dimensions={"source_length": dim(2, 8, multiple_of=2), "batch_size": dim(2, 6, multiple_of=2)},
    static=("source_length",),
)
LIMITED = Contract(
    parameters=parameters("vocab_size", "units", "max_length"),
    dimensions={"source_length": dim(1, 12, at_most="max_length"), "target_length": dim(1, 12, equal_to="max_length")},
    initial_state="gru",
)
SPECS = {
    "usual": attrs.evolve(SPEC, dimensions={}),
    "tied": TIED,
    "static": STATIC,
    "limited": LIMITED,
    "no padding": Contract(padding=None, target_encoding="one_hot"),
    "padded before": Contract(padding="pre", graph=False),
    "no special tokens": Contract(tokens=Tokens(start=None, end=None)),
    "encoder": Contract(kind="encoder", parameters=parameters("vocab_size", "units")),
    "decoder": Contract(kind="decoder", parameters=parameters("target_vocab_size", "units"), initial_state="lstm"),
    "many to many": Contract(kind="many_to_many", parameters=parameters("source_vocab_size", "output_dim", "units")),
    "float source": Contract(float_source=True, parameters=parameters("feature_dim", "target_vocab_size", "units")),
}


def patternless(start: Case, share: int) -> Callable[[Case], bool]:
    """Return a predicate that holds for ``start`` and for a share of all cases, in hundredths, with no pattern."""
    own = dumps(start)

    def fails(case: Case) -> bool:
        text = dumps(case)
        return text == own or hashlib.sha256((own + text).encode()).digest()[0] * 100 < share * 256

    return fails
