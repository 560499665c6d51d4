"""How an encoder or a decoder apart is called."""

from __future__ import annotations

from typing import Literal

import attrs

from fuzzseq.grammar import Count, Identifier

#: What an argument of an encoder or a decoder can be.
PartRole = Literal["tokens", "states", "memory", "source_mask", "source_length"]


@attrs.frozen(kw_only=True)
class PartCall:
    """How an encoder or a decoder apart is called: what each of its arguments is, in order.

    A ``functional`` one takes them in a list. ``context`` is the place, among all that an encoder returns, of a vector
    (batch, width) that the decoder is given at every step in the place of the encoder's outputs. Where there are
    ``names`` of the arguments, what is not there is given by its name, and so is whatever comes after it.
    """

    roles: tuple[PartRole, ...]
    names: tuple[Identifier, ...] = ()
    functional: bool = False
    takes_training: bool = True
    context: Count | None = None
