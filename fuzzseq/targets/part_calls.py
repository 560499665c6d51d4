"""How an encoder or a decoder apart is called."""

from __future__ import annotations

from typing import Literal

import attrs

from fuzzseq.grammar import Count

#: What an argument of an encoder or a decoder can be.
PartRole = Literal["tokens", "states", "memory", "source_mask", "source_length"]


@attrs.frozen(kw_only=True)
class PartCall:
    """How an encoder or a decoder apart is called: what each of its arguments is, in order.

    A ``functional`` one takes them in a list. ``context`` is the place, among all that an encoder returns, of a vector
    (batch, width) that the decoder is given at every step in the place of the encoder's outputs.
    """

    roles: tuple[PartRole, ...]
    functional: bool = False
    takes_training: bool = True
    context: Count | None = None
