"""How an encoder or a decoder apart is called."""

from __future__ import annotations

from typing import Literal

import attrs

#: What an argument of an encoder or a decoder can be.
PartRole = Literal["tokens", "states", "memory", "source_mask", "source_length"]


@attrs.frozen(kw_only=True)
class PartCall:
    """How an encoder or a decoder apart is called: what each of its arguments is, in order.

    A ``functional`` one takes them in a list.
    """

    roles: tuple[PartRole, ...]
    functional: bool = False
    takes_training: bool = True
