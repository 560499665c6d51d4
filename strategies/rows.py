"""Rows of token ids, each from a single draw: a bytestring shrinks like a row, and is drawn at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from fuzzseq.cases.case import Pair
from fuzzseq.strategies.arguments import check_integer, check_range
from fuzzseq.targets.contract import SIDES, Contract, Side
from fuzzseq.targets.tokens import Tokens

_TOKENS: Final = Tokens()
#: Bytes from here up stand for the last row of a vocabulary, however large it is.
_LAST: Final = 240
#: Bytes from here up to those stand for an unknown word of a text.
_UNKNOWN: Final = 232
#: Below this, bytes count up from the lowest id of a vocabulary that has more ids than there are bytes for.
_NEAR: Final = 96


def words(raw: bytes, side: Side, high: int, contract: Contract) -> tuple[int, ...]:
    """Return an ordinary id of a side up to ``high`` for each byte; 0 is the lowest, smaller ones are lower mostly."""
    low = min(contract.lowest_id(side), high)
    unknown = contract.named_words(side) if side in contract.forms.text else ()
    return tuple(
        unknown[0] if unknown and _UNKNOWN <= byte < _LAST else contract.word_near(side, _word(byte, low, high), high)
        for byte in raw
    )


def _word(byte: int, low: int, high: int) -> int:
    """Return the id of one byte; in a large vocabulary those above ``_NEAR`` are spread evenly."""
    count = high - low + 1
    if byte >= _LAST:
        return high
    if count <= _LAST:
        return low + byte % count
    return low + (byte if byte < _NEAR else byte * count // _LAST)


def resized(row: bytes, size: int) -> bytes:
    """Return a row cut off, or repeated, to a size; an empty row is taken for one of the lowest id."""
    return ((row or b"\0") * (-(-size // max(1, len(row)))))[:size]


def pairs(
    *,
    min_source_size: int = 1,
    max_source_size: int = 12,
    min_target_size: int = 1,
    max_target_size: int = 12,
    source_vocab_size: int = 16,
    target_vocab_size: int = 16,
    tokens: Tokens = _TOKENS,
) -> st.SearchStrategy[Pair]:
    """Return a strategy for :class:`fuzzseq.Pair` values: one row of source ids and one of target ids.

    Sizes count ids, and are inclusive. Ids lie above the special ``tokens`` and below their vocabulary's size; its last
    row is frequent. Shrinks to short rows of low ids. Raises ``InvalidArgument`` for an impossible range.
    """
    check_range(min_source_size, max_source_size, "source_size", 0)
    check_range(min_target_size, max_target_size, "target_size", 0)
    check_integer("source_vocab_size", source_vocab_size, tokens.size_for(1))
    check_integer("target_vocab_size", target_vocab_size, tokens.size_for(1, target=True))
    contract, highest = Contract(tokens=tokens), (source_vocab_size - 1, target_vocab_size - 1)

    def pair(raw: Sequence[bytes]) -> Pair:
        return Pair(*(words(row, side, high, contract) for row, side, high in zip(raw, SIDES, highest, strict=True)))

    return st.tuples(
        st.binary(min_size=min_source_size, max_size=max_source_size),
        st.binary(min_size=min_target_size, max_size=max_target_size),
    ).map(pair)
