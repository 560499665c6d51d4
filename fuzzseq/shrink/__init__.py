"""Shrinking: from a failing case to the smallest one that fails in the same way."""

from fuzzseq.shrink.neighbors import neighbors
from fuzzseq.shrink.order import size
from fuzzseq.shrink.reducer import Reduced, reduce

__all__ = ["Reduced", "neighbors", "reduce", "size"]
