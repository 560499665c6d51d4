"""Target encodings: how ragged target rows become a decoder's input and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

import attrs
import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq.cases.arrays import SMOOTHING, Array, ArrayFields, one_hot, padded, real_positions
from fuzzseq.cases.case import shifted
from fuzzseq.strategies.arguments import check_choices
from fuzzseq.targets.contract import Encoding
from fuzzseq.targets.tokens import Tokens

_KNOWN: Final[tuple[Encoding, ...]] = get_args(Encoding)
_TOKENS: Final = Tokens()


@attrs.frozen(kw_only=True)
class EncodedTargets(ArrayFields):
    """Target rows as numpy arrays, labels one step ahead of the decoder input.

    ``decoder_input`` is int32 (batch, steps); ``labels`` int32 (batch, steps) or float32 (batch, steps, words);
    ``mask`` bool (batch, steps), true at real steps; ``lengths`` int32 (batch,).
    """

    decoder_input: Array
    labels: Array
    mask: Array
    lengths: Array


@attrs.frozen(kw_only=True)
class TargetEncoding:
    """An encoding of labels, and the special tokens that rows are shifted with."""

    encoding: Encoding = "sparse"
    tokens: Tokens = Tokens()

    def arrays(
        self, rows: Sequence[Sequence[int]], *, vocab_size: int, padding: str = "post", extra: int = 0
    ) -> EncodedTargets:
        """Return decoder input (start + row) and labels (row + end) of target rows, as in teacher forcing.

        ``vocab_size`` is the depth of one-hot labels, ``extra`` counts columns of padding beyond the longest row.
        Raises ``ValueError`` for an id that is no row of the vocabulary.
        """
        halves = [shifted(tuple(row), self.tokens) for row in rows]
        lengths = [len(first) for first, _ in halves]
        columns = max(lengths, default=0) + extra
        labels = padded([second for _, second in halves], columns, self.tokens.pad, padding)
        if labels.size and not 0 <= labels.min() <= labels.max() < vocab_size:
            raise ValueError(f"Labels from {labels.min()} to {labels.max()} do not fit vocab_size={vocab_size!r}")
        smoothing = SMOOTHING if self.encoding == "smoothed_one_hot" else 0.0
        return EncodedTargets(
            decoder_input=padded([first for first, _ in halves], columns, self.tokens.pad, padding),
            labels=labels if self.encoding == "sparse" else one_hot(labels, vocab_size, smoothing),
            mask=real_positions(lengths, columns, padding),
            lengths=np.asarray(lengths, dtype=np.int32),
        )

    def tensors(
        self, rows: Sequence[Sequence[int]], *, vocab_size: int, padding: str = "post", extra: int = 0
    ) -> dict[str, object]:
        """Return what :meth:`arrays` does as TensorFlow tensors, by name. Imports TensorFlow."""
        return self.arrays(rows, vocab_size=vocab_size, padding=padding, extra=extra).tensors()


def target_encodings(
    *, encodings: Sequence[Encoding] = _KNOWN, tokens: Tokens = _TOKENS
) -> st.SearchStrategy[TargetEncoding]:
    """Return a strategy for :class:`TargetEncoding` values; shrinks to the first of ``encodings``.

    Raises ``InvalidArgument`` for an unknown encoding.
    """
    check_choices("encodings", encodings, _KNOWN)
    if not isinstance(tokens, Tokens):
        raise InvalidArgument(f"Expected fuzzseq.Tokens but got tokens={tokens!r}")
    return st.sampled_from([TargetEncoding(encoding=encoding, tokens=tokens) for encoding in encodings])
