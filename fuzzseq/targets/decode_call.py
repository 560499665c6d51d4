"""How a decode loop of the user's own is called: read off the names of its parameters."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from fuzzseq.grammar import Count, Identifier, Line

#: What an argument of a decode loop can be. A ``prompt`` is the first ids of rows that the loop goes on with.
DecodeRole = Literal[
    "model",
    "encoder",
    "decoder",
    "source",
    "source_mask",
    "source_length",
    "prompt",
    "steps",
    "rows",
    "start",
    "end",
    "pad",
    "beams",
    "cache",
]
#: How a loop chooses its words: the best of each step, or those of a beam, by a draw, by scores that were changed.
Strategy = Literal["greedy", "beam", "sampled", "weighted"]
#: The width of a beam that has no default.
BEAMS: Final = 3
#: What a loop is given of a batch: all of it, one row as a batch of one, or the ids of one row.
RowsAtOnce = Literal["batch", "one", "flat"]


@attrs.frozen(kw_only=True)
class DecodeParameter:
    """One argument that a decode loop is given; ``keyword`` says that it is given by name."""

    name: Identifier
    role: DecodeRole
    keyword: bool = False


@attrs.frozen(kw_only=True)
class DecodeCall:
    """How a decode loop is called.

    Attributes:
        method: says that it is a method of the model.
        parameters: its arguments, in order.
        rows: how many rows it takes at once.
        numpy: says that it takes numpy arrays and no tensors.
        several_beams: the width of its beam by default; 0 where it has none.
        strategy: how it chooses its words; with a beam that it can be told the width of it is greedy for one.
        called_elsewhere: says that other functions of the user's call it, which may cut rows at their end.
        returns: why what it returns cannot be held to teacher forcing; empty where it can.

    """

    method: bool = False
    parameters: tuple[DecodeParameter, ...] = ()
    rows: RowsAtOnce = "batch"
    numpy: bool = False
    several_beams: Count = 0
    strategy: Strategy = "greedy"
    called_elsewhere: bool = False
    returns: Line = ""

    def takes(self, role: DecodeRole) -> bool:
        """Say whether it has an argument of a role."""
        return any(parameter.role == role for parameter in self.parameters)
