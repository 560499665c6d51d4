"""The values of a series, where a model takes or predicts floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

import attrs

from fuzzseq.grammar import AtLeastOne, Identifier, Value

#: What a decoder of floats reads before the first value: zeros, or what the source ends with.
SeriesStart = Literal["zeros", "last"]
SERIES_STARTS: Final[tuple[SeriesStart, ...]] = get_args(SeriesStart)
#: A number of channels, or the dimension that has it; None for no axis of channels.
Channels = AtLeastOne | Identifier | None


@attrs.frozen(kw_only=True)
class Series:
    """The values of a series, where a model takes or predicts floats.

    Attributes:
        channels: how many values a label has, a number or the dimension that it follows: labels are (batch, steps,
            channels); None for labels (batch, steps).
        decoder_channels: how many values of a step the decoder reads, likewise; None where it reads ids.
        start: what the decoder reads before the first value.
        pad: what stands at padding, of a float source too.
        positive: whether labels are above zero.
        flat_output: whether the model predicts one value for each step as (batch, steps).
    """

    channels: Channels = 1
    decoder_channels: Channels = None
    start: SeriesStart = "zeros"
    pad: Value = 0.0
    positive: bool = False
    flat_output: bool = False

    def width(self, dimensions: Mapping[str, int]) -> int:
        """Return how many values of a step have to be made, for the labels and the decoder alike."""
        return max(channels_of(each, dimensions) for each in (self.channels, self.decoder_channels))


def channels_of(channels: Channels, dimensions: Mapping[str, int]) -> int:
    """Return how many values a step has: a number, or the size of a dimension; one without an axis."""
    return dimensions[channels] if isinstance(channels, str) else channels or 1
