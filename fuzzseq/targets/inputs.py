"""The inputs of a model, and the parameters of the factory that builds it."""

from __future__ import annotations

import re
from typing import Annotated, Final

import attrs

from fuzzseq.grammar import Count, Identifier, Line, Matches

#: What an input of a model can be. ``*_mask`` is 1 at real positions, ``*_length`` counts them. A model that shifts the
#: target itself takes ``labels`` in the place of ``decoder_input``.
ROLES: Final = (
    "source",
    "decoder_input",
    "labels",
    "source_mask",
    "target_mask",
    "source_length",
    "target_length",
    "state",
)
#: One of them.
Role = Annotated[str, Matches(re.compile("|".join(ROLES)), f"one of {', '.join(ROLES)}", 20)]


@attrs.frozen(kw_only=True)
class Input:
    """One input of a model: what it is, and how it is handed over.

    ``key`` is the name in a dict or of a keyword argument; None for inputs by position.
    ``rank`` and ``dtype`` are the model's own, where it states them. ``inverted`` is True for a mask of padding.
    ``required`` is True for an argument that a call cannot leave out; ``steps_last`` for rows of floats that are taken
    as (batch, width, steps).
    """

    role: Role
    key: Line | None = None
    rank: Count | None = None
    dtype: Line | None = None
    inverted: bool = False
    required: bool = False
    steps_last: bool = False


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a factory that carries a dimension."""

    name: Identifier
    dimension: Identifier
    default: int | None = None
