"""What is seen of a decode loop while it runs: what layers were given and gave, and the line that calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import Final

import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array
from fuzzseq.protocol.outcome import Frame
from fuzzseq.worker.frames import Position, frame_at, position_of, users_stack
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Layer, Nest

#: The widest rows of numbers among which the values of a series are looked for.
_WIDEST: Final = 256


class Watch:
    """The calls of layers in one call of a loop, below the function that is its ``caller``.

    Kept are the ids that embeddings look up, arrays of as many columns as ``words``, and what layers are given that has
    as many ``channels`` as a decoder of values reads.
    """

    def __init__(self, words: int | None, channels: int | None, caller: CodeType) -> None:
        self._words, self._channels, self._caller = words, channels, caller
        self.ids: list[Array] = []
        self.calls: list[tuple[Layer, Array]] = []
        #: The values of the last step that a layer was given in each call, by the layer and the place among its inputs.
        self.fed: dict[tuple[int, int], list[Array]] = {}
        #: The frames of the user's own that all calls share: those of the loop, and of what calls it.
        self._frames: list[FrameType] | None = None
        self._positions: list[list[Position]] = []

    def __call__(self, _path: str, output: Nest, layer: Layer, given: Args) -> None:
        """Take note of a call of a layer."""
        stack = users_stack(self._caller)
        before = stack if self._frames is None else self._frames
        self._frames = [frame for frame, other in zip(before, stack, strict=False) if frame is other]
        self._positions.append(list(map(position_of, stack)))
        if KERAS.table_rows(layer) is not None and given and hasattr(given[0], "numpy"):
            self.ids.append(np.asarray(given[0]))
        shape = tuple(getattr(output, "shape", None) or ())
        if len(shape) in (2, 3) and shape[-1] == self._words and hasattr(output, "numpy"):
            self.calls.append((layer, np.asarray(output)))
        for place, value in enumerate(tf.nest.flatten(given) if self._channels else ()):
            rank = len(getattr(value, "shape", ()))
            if rank in (2, 3) and (self._channels or 0) <= value.shape[-1] <= _WIDEST and hasattr(value, "numpy"):
                last = np.asarray(value)[:, -1] if rank == 3 else np.asarray(value)
                self.fed.setdefault((id(layer), place), []).append(last)

    @property
    def line(self) -> Frame | None:
        """The line of the user's own loop from which most layers were called, the last of several."""
        depth = len(self._frames or ())
        lines = Counter(positions[depth - 1] for positions in reversed(self._positions) if depth)
        return frame_at(lines.most_common(1)[0][0]) if lines else None

    def chose_best(self, rows: Sequence[Sequence[int]], counts: Sequence[int]) -> bool | None:
        """Say whether each id is the best of some step of the scores that a layer computed for its step."""
        layers = {id(layer): layer for layer, _ in self.calls}
        seen = [[array for other, array in self.calls if other is layer] for layer in layers.values()]
        enough = [arrays for arrays in seen if len(arrays) >= max(counts, default=0)]

        def best(arrays: list[Array]) -> bool:
            ids = ((place, step) for place, count in enumerate(counts) for step in range(count))
            return all(
                len(arrays[step]) == len(rows) and rows[place][step] in arrays[step][place].argmax(axis=-1).ravel()
                for place, step in ids
            )

        return any(map(best, enough)) if enough and any(counts) else None
