"""What a training step of the user's own is given."""

from __future__ import annotations

from typing import Final, Literal, get_args

import attrs

from fuzzseq.grammar import Identifier, Line, Reference

#: What a part of a training batch can be: what the model is called with, or an array by its role; ``target`` is the
#: whole target row, with start and end.
BatchPart = Literal["inputs", "source", "decoder_input", "labels", "target"]
BATCH_PARTS: Final[tuple[BatchPart, ...]] = get_args(BatchPart)
#: What weighs the labels of a batch, where that is no function of the user's: 1 at real steps, 0 at padding.
MASK_WEIGHTS: Final = "mask"


@attrs.frozen(kw_only=True)
class TrainingBatch:
    """What a ``function`` of the user's makes of its ``arguments``; else a tuple of ``parts``, or a dict with ``keys``.

    A part of several is a tuple of its own.
    """

    function: Reference | None = None
    arguments: tuple[Identifier, ...] = ()
    parts: tuple[tuple[BatchPart, ...], ...] = (("inputs",), ("labels",))
    keys: tuple[Line, ...] = ()

    def shown(self, weighed: bool) -> str:
        """Return what a train_step is given, for a person; ``weighed`` says whether weights go with it."""
        if self.function is not None:
            return "what train_step is given"
        parts = [f"({', '.join(part)})" if len(part) > 1 else part[0] for part in self.parts]
        if self.keys:
            pairs = (f"{key!r}: {part}" for key, part in zip(self.keys, parts, strict=True))
            return f"train_step is given {{{', '.join(pairs)}}}"
        return f"train_step is given ({', '.join([*parts, *['weights'] * weighed])})"
