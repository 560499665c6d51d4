"""Hypothesis strategies for sequence-to-sequence inputs, each usable alone in any ``@given`` test."""

from __future__ import annotations

from fuzzseq.strategies.batches import PaddedPairs, RaggedBatch, ragged_batches
from fuzzseq.strategies.encodings import EncodedTargets, TargetEncoding, target_encodings
from fuzzseq.strategies.ordinary import cases
from fuzzseq.strategies.rows import pairs
from fuzzseq.strategies.series import PaddedSeries, SeriesBatch, series
from fuzzseq.strategies.sizes import dimension_sizes, vocab_sizes
from fuzzseq.strategies.states import InitialState, initial_states

__all__ = [
    "EncodedTargets",
    "InitialState",
    "PaddedPairs",
    "PaddedSeries",
    "RaggedBatch",
    "SeriesBatch",
    "TargetEncoding",
    "cases",
    "dimension_sizes",
    "initial_states",
    "pairs",
    "ragged_batches",
    "series",
    "target_encodings",
    "vocab_sizes",
]
