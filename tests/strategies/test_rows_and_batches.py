"""`pairs` and `ragged_batches`: what they cover, what they shrink to, and the arrays that they become."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq import Contract, Pair, Tokens
from fuzzseq.strategies import RaggedBatch, pairs, ragged_batches
from fuzzseq.strategies.rows import resized, words


@given(pairs(min_source_size=2, max_source_size=5, max_target_size=3, source_vocab_size=7, target_vocab_size=300))
def test_a_pair_keeps_its_sizes_and_vocabularies(pair):
    """Rows have the sizes asked for, and ids lie above the special tokens and below the vocabulary's size."""
    assert 2 <= len(pair.source) <= 5
    assert 1 <= len(pair.target) <= 3
    assert all(3 <= word < 7 for word in pair.source)
    assert all(3 <= word < 300 for word in pair.target)


@pytest.mark.parametrize("size", [5, 16, 300, 40_000])
def test_the_last_row_of_a_vocabulary_is_frequent(sample, size):
    """One pair in eight or more, of any vocabulary, holds the last id; large ones too, with no luck needed."""
    drawn = sample(pairs(source_vocab_size=size))
    assert sum(size - 1 in pair.source for pair in drawn) > len(drawn) / 8


@pytest.mark.parametrize(
    "holds",
    [
        lambda p: len(p.source) == 1,
        lambda p: len(p.source) == 12,
        lambda p: len(p.target) == 12,
        lambda p: len(p.source) == len(p.target) > 1,
        lambda p: len(p.source) > len(p.target),
        lambda p: len(p.source) < len(p.target),
        lambda p: len(set(p.source)) > 5,
        lambda p: len(set(p.source)) == 1 < len(p.source),
        lambda p: 3 in p.source and 15 in p.source,
        lambda p: 15 in p.target,
    ],
)
def test_pairs_cover(find_any, holds):
    """Rows of length 1 and of full length, of equal and of unequal length, of many words and of one, are found."""
    find_any(pairs(), holds)


def test_a_pair_shrinks_to_one_lowest_word_on_each_side(minimal):
    """The smallest pair is one word, the first above the special tokens, on each side."""
    assert minimal(pairs()) == Pair((3,), (3,))
    assert minimal(pairs(min_source_size=0, min_target_size=0)) == Pair()
    assert minimal(pairs(tokens=Tokens(start=None, end=None))) == Pair((1,), (1,))


def test_a_pair_shrinks_row_by_row_and_word_by_word(minimal):
    """A property of one word leaves one word; of two words, two in ascending order of what is needed."""
    assert minimal(pairs(), lambda p: 15 in p.source) == Pair((15,), (3,))
    assert minimal(pairs(), lambda p: len(set(p.target)) > 1) == Pair((3,), (3, 4))
    assert minimal(pairs(), lambda p: len(p.source) > 7) == Pair((3,) * 8, (3,))
    assert minimal(pairs(), lambda p: len(p.source) > len(p.target) > 1) == Pair((3, 3, 3), (3, 3))
    assert minimal(pairs(source_vocab_size=40_000), lambda p: 39_999 in p.source).source == (39_999,)


def test_every_id_of_a_small_vocabulary_has_a_byte():
    """Bytes reach each id of a vocabulary of up to 240 words, the lowest id by byte 0 and the last by the last byte."""
    assert set(words(bytes(range(256)), "source", 242, Contract())) == set(range(3, 243))
    assert words(bytes(range(5)), "source", 7, Contract()) == (3, 4, 5, 6, 7)
    assert words(b"\0\xff", "source", 9_999, Contract()) == (3, 9_999)


def test_the_ids_of_a_large_vocabulary_are_near_its_ends_and_spread_between():
    """Where bytes do not reach each id, the first ninety-six and the last do have one, and the rest are spread."""
    reached = words(bytes(range(256)), "source", 50_002, Contract())
    assert set(range(3, 99)) <= set(reached)
    assert max(reached) == 50_002
    assert all(any(low <= word < low + 5_000 for word in reached) for low in range(20_003, 50_000, 5_000))


@given(st.binary(max_size=5), st.integers(0, 12))
def test_a_resized_row_has_the_size_and_starts_as_it_did(row, size):
    """Rows are cut off or repeated; nothing else changes in them."""
    made = resized(row, size)
    assert len(made) == size
    assert made.startswith(row[:size])


@pytest.mark.parametrize(
    "holds",
    [
        lambda b: len(b.pairs) == 1,
        lambda b: len(b.pairs) == 6,
        lambda b: len(b.pairs) > 4 and len({len(row) for row in b.source}) == 1 < len(b.source[0]),
        lambda b: len(b.pairs) > 2 and len({len(row) for row in b.source}) == 3,
        lambda b: len(b.pairs) > 4 and len({len(row) for row in b.target}) == 1 < len(b.target[0]),
        lambda b: b.padding == "pre",
        lambda b: b.padding == "post" and b.extra_source > 0 == b.extra_target,
        lambda b: b.extra_target == 3,
        lambda b: b.arrays().source.shape[1] != b.arrays().target.shape[1],
        lambda b: b.arrays().source.shape == b.arrays().target.shape,
        lambda b: max(map(len, b.source)) == 12,
    ],
)
def test_ragged_batches_cover(find_any, holds):
    """Equal and unequal lengths, one row and many, both sides of padding, extra padding, unequal sides: all found."""
    find_any(ragged_batches(), holds)


def test_a_ragged_batch_shrinks_to_one_short_row(minimal):
    """The smallest batch is one pair of one word each, padded after, with no extra padding."""
    assert minimal(ragged_batches()) == RaggedBatch(pairs=(Pair((3,), (3,)),))
    assert minimal(ragged_batches(min_size=0)) == RaggedBatch(pairs=())
    assert minimal(ragged_batches(paddings=("pre",))) == RaggedBatch(pairs=(Pair((3,), (3,)),), padding="pre")


def test_a_ragged_batch_keeps_only_what_a_property_needs(minimal):
    """Raggedness leaves two rows that differ by one word; extra padding leaves one row and one column."""
    ragged = minimal(ragged_batches(), lambda b: len({len(row) for row in b.source}) > 1)
    assert sorted(ragged.source) == [(3,), (3, 3)]
    assert ragged == RaggedBatch(pairs=tuple(Pair(row, (3,)) for row in ragged.source))
    extra = minimal(ragged_batches(), lambda b: b.extra_target > 0)
    assert extra == RaggedBatch(pairs=(Pair((3,), (3,)),), extra_target=1)
    pre = minimal(ragged_batches(), lambda b: b.padding == "pre" and len(b.pairs) > 2)
    assert pre == RaggedBatch(pairs=(Pair((3,), (3,)),) * 3, padding="pre")


def test_arrays_pad_after_or_before():
    """Real words stand first or last, masks are true there, and lengths count them."""
    batch = RaggedBatch(pairs=(Pair((3, 4, 5), (6,)), Pair((7,), (8, 9))), extra_source=1, pad=1)
    arrays = batch.arrays()
    assert arrays.source.tolist() == [[3, 4, 5, 1], [7, 1, 1, 1]]
    assert arrays.source_mask.tolist() == [[True, True, True, False], [True, False, False, False]]
    assert arrays.source_length.tolist() == [3, 1]
    assert arrays.target.tolist() == [[6, 1], [8, 9]]
    before = RaggedBatch(pairs=batch.pairs, padding="pre", extra_target=1).arrays()
    assert before.source.tolist() == [[3, 4, 5], [0, 0, 7]]
    assert before.target.tolist() == [[0, 0, 6], [0, 8, 9]]
    assert before.target_mask.tolist() == [[False, False, True], [False, True, True]]
    assert before.target_length.tolist() == [1, 2]


@given(ragged_batches(min_size=0))
def test_arrays_hold_the_rows_and_nothing_else(batch):
    """What the masks select are the rows, of the documented types; the rest is padding."""
    arrays = batch.arrays()
    assert arrays.source[arrays.source_mask].tolist() == [word for row in batch.source for word in row]
    assert arrays.target[arrays.target_mask].tolist() == [word for row in batch.target for word in row]
    assert not arrays.source[~arrays.source_mask].any()
    assert (arrays.source.dtype, arrays.target_mask.dtype, arrays.target_length.dtype) == (np.int32, bool, np.int32)


@given(ragged_batches(pairs(min_source_size=4), min_size=2, max_size=3, max_extra=1))
def test_a_ragged_batch_keeps_its_arguments(batch):
    """Rows come from the given strategy, cut to equal lengths or not, as many as asked for."""
    assert 2 <= len(batch.pairs) <= 3
    assert all(len(row) >= 4 for row in batch.source)
    assert max(batch.extra_source, batch.extra_target) <= 1


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (lambda: pairs(min_source_size=4, max_source_size=3), "max_source_size=3 < min_source_size=4"),
        (lambda: pairs(min_target_size=-1), "min_target_size=-1"),
        (lambda: pairs(source_vocab_size=3), "source_vocab_size=3"),
        (lambda: pairs(target_vocab_size=st.just(9)), "target_vocab_size=just(9)"),
        (lambda: ragged_batches(min_size=3, max_size=2), "max_size=2 < min_size=3"),
        (lambda: ragged_batches(max_size=2.5), "max_size=2.5"),
        (lambda: ragged_batches(max_extra=-1), "max_extra=-1"),
        (lambda: ragged_batches(pad=True), "pad=True"),
        (lambda: ragged_batches(paddings=()), "paddings=()"),
        (lambda: ragged_batches(paddings="post"), "paddings='post'"),
        (lambda: ragged_batches(paddings=("left",)), "paddings=('left',)"),
    ],
)
def test_impossible_arguments_are_refused(make, shown):
    """An argument that cannot hold raises InvalidArgument, which shows its value."""
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert shown in str(caught.value)
