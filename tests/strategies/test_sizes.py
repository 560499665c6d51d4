"""`dimension_sizes`, and the plain functions of `fuzzseq.cases.domain` that say which sizes are legal."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis.errors import InvalidArgument

from fuzzseq import Contract, dim
from fuzzseq.cases.domain import dependency_order, legal_values
from fuzzseq.strategies import dimension_sizes
from fuzzseq.targets.dimensions import Dim
from fuzzseq.targets.inputs import Parameter

HEADS = Contract(dimensions={"units": dim(2, 12, multiple_of="num_heads"), "num_heads": dim(1, 4)})
WIDE = Contract(
    dimensions={
        "units": dim(1, 50_000, at_most="feed_forward_dim"),
        "feed_forward_dim": dim(1, 50_000, multiple_of=64),
        "max_length": dim(2, 16, at_least="source_length"),
        "source_length": dim(4, 12),
        "num_layers": dim(1, 3, at_most="num_encoder_layers"),
        "num_encoder_layers": dim(1, 3, at_least="num_layers"),
        "embedding_dim": dim(2, 16, equal_to="key_dim"),
        "key_dim": dim(3, 8),
    }
)


def test_legal_values_are_the_range_and_the_ties_both_ways():
    """A dimension may take what its own ties allow, and what the ties of others to it allow."""
    assert legal_values("units", {}, HEADS) == list(range(2, 13))
    assert legal_values("units", {"num_heads": 3}, HEADS) == [6, 9, 12]
    assert legal_values("num_heads", {"units": 6}, HEADS) == [1, 2, 3]
    assert legal_values("source_length", {"max_length": 6}, WIDE) == [4, 5, 6]
    assert legal_values("max_length", {"source_length": 12}, WIDE) == [12, 13, 14, 15, 16]
    assert legal_values("feed_forward_dim", {"units": 49_900}, WIDE) == [49_920, 49_984]
    assert legal_values("key_dim", {"embedding_dim": 5}, WIDE) == [5]
    assert legal_values("key_dim", {"embedding_dim": 9}, WIDE) == []
    assert legal_values("embedding_dim", {"key_dim": 4}, WIDE) == [4]


def test_legal_values_do_not_look_at_the_present_value():
    """The sizes of a whole case may be given: what they hold for the dimension itself does not matter."""
    assert legal_values("units", {"units": 4, "num_heads": 3}, HEADS) == [6, 9, 12]


def test_numbers_tie_as_dimensions_do():
    """A tie to a number narrows the range."""
    contract = Contract(dimensions={"units": Dim(min=1, max=20, multiple_of=4, at_most=15, at_least=5)})
    assert legal_values("units", {}, contract) == [8, 12]


def test_an_ordinary_vocabulary_holds_two_words():
    """A vocabulary starts at two words above the special tokens, or at its fixed size where that is less."""
    assert legal_values("source_vocab_size", {}, Contract(dimensions={"source_vocab_size": dim(1, 7)})) == [5, 6, 7]
    assert legal_values("source_vocab_size", {}, Contract(dimensions={"source_vocab_size": dim(3)})) == [3]


def test_dimensions_come_after_those_they_depend_on():
    """The build comes before the batch, and each dimension after those of its group that it is tied to."""
    order = dependency_order(HEADS)
    assert order.index("num_heads") < order.index("units")
    assert order[-3:] == ("batch_size", "source_length", "target_length")
    assert sorted(dependency_order(WIDE)) == sorted(WIDE.names())


@pytest.mark.parametrize("contract", [Contract(), HEADS, WIDE])
def test_drawn_sizes_keep_every_range_and_tie(sample, contract):
    """A build setting names the dimensions of the build in report order, and each size is legal beside the others."""
    for sizes in sample(dimension_sizes(contract), 200):
        assert tuple(sizes) == contract.build_dimensions()
        for name, size in sizes.items():
            assert size in legal_values(name, sizes, contract)


@pytest.mark.parametrize("contract", [Contract(), HEADS])
def test_sizes_mostly_differ(sample, contract):
    """Each two dimensions differ in most settings: equal sizes hide bugs."""
    drawn = sample(dimension_sizes(contract))
    for one, other in combinations(contract.build_dimensions(), 2):
        assert sum(sizes[one] != sizes[other] for sizes in drawn) > len(drawn) * 0.7


def test_sizes_cover_their_ranges(find_any):
    """The least and greatest size of each dimension, equal sizes, and every tie at its bound, are found."""
    for name in Contract().build_dimensions():
        for end in (legal_values(name, {}, Contract())[0], 16):
            find_any(dimension_sizes(Contract()), lambda s, n=name, v=end: s[n] == v)
    find_any(dimension_sizes(Contract()), lambda s: s["units"] == s["embedding_dim"])
    find_any(dimension_sizes(HEADS), lambda s: s["units"] == 2 * s["num_heads"] == 8)
    find_any(dimension_sizes(WIDE), lambda s: s["units"] > 10_000)
    find_any(dimension_sizes(WIDE), lambda s: s["max_length"] == 4)


def test_a_setting_shrinks_to_the_smallest_sizes(minimal):
    """The smallest setting has each size at its least legal value, and a property moves only what it needs."""
    least = {"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2}
    assert minimal(dimension_sizes(Contract())) == least
    assert minimal(dimension_sizes(Contract()), lambda s: s["units"] > 8) == {**least, "units": 9}
    assert minimal(dimension_sizes(HEADS)) == {**least, "num_heads": 1}
    assert minimal(dimension_sizes(HEADS), lambda s: s["num_heads"] == 3) == {**least, "num_heads": 3, "units": 6}
    assert minimal(dimension_sizes(WIDE)) == {
        **least,
        "units": 1,
        "feed_forward_dim": 64,
        "max_length": 4,
        "num_layers": 1,
        "num_encoder_layers": 1,
        "key_dim": 3,
        "embedding_dim": 3,
    }


@given(dimension_sizes(Contract(parameters=(Parameter(name="batch", dimension="batch_size"),))))
def test_a_dimension_of_a_batch_is_no_build_setting(sizes):
    """A parameter of the factory that is a size of a batch is read off the batch."""
    assert "batch_size" not in sizes


@pytest.mark.parametrize(
    "dimensions",
    [
        {"units": dim(7, multiple_of="num_heads"), "num_heads": dim(2, 4)},
        {"units": dim(9, 12, at_most="key_dim")},
        {"max_length": dim(2, 3, at_least="source_length"), "source_length": dim(4, 12)},
        {"units": dim(2, 4, at_least="a"), "a": dim(3, 9, at_least="b"), "b": dim(5, 9)} | {"key_dim": dim(2)},
        {"units": Dim(min=2, max=4, at_least=5)},
        {"units": dim(2, 4), "mystery": dim(1, 2), "source_vocab_size": dim(9, equal_to="units")},
    ],
)
def test_impossible_ties_are_refused(dimensions):
    """Where no sizes keep all ties, InvalidArgument is raised at once and shows a declared range."""
    contract = Contract(dimensions=dimensions, parameters=(Parameter(name="key", dimension="key_dim"),))
    with pytest.raises(InvalidArgument, match=r"No sizes keep every range and tie of .*Dim\("):
        dimension_sizes(contract)


def test_an_unknown_dimension_is_refused():
    """A parameter that is no known dimension, and has no range, raises InvalidArgument with its name."""
    with pytest.raises(InvalidArgument, match="'mystery'"):
        dimension_sizes(Contract(parameters=(Parameter(name="mystery", dimension="mystery"),)))
