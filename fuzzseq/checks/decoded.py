"""What a decode loop gave, as the checks of loops see it."""

from __future__ import annotations

import attrs

from fuzzseq.cases.arrays import Array
from fuzzseq.checks.produced import first_gap, first_miss, first_other_value
from fuzzseq.protocol.outcome import Frame
from fuzzseq.targets.tokens import Tokens


@attrs.frozen(kw_only=True)
class Decoded:
    """What a decode loop gave for a batch, held to teacher forcing.

    Attributes:
        rows: the ids of each row that it decoded, without those that it began with.
        after_prompt: whether these stood before them.
        scores: those of teacher forcing on the rows, (batch, steps, words); None where there are none.
        own: those that the loop itself chose from; None where nobody saw them.
        end: the id after which a row says nothing more; None where the loop goes on.
        unaligned: why there are none.
        began_with: the id that the loop gave the decoder first, where all rows had the same and it was seen.
        chose_best: whether each id is the best of some that the loop saw for its step; None where nobody saw any.
        accompanied: whether the loop returns more than ids, as lengths of rows.
        values: those of a series that it gave, (batch, steps, channels), in the place of rows of ids.
        forced: those of teacher forcing on what it fed the model; None where nobody saw that.
        whole: those of the model for the batch as it is, with an axis of channels.
        line: the user's line in the loop that calls the model.

    """

    rows: tuple[tuple[int, ...], ...] = ()
    after_prompt: bool = False
    scores: Array | None = None
    own: Array | None = None
    end: int | None = None
    unaligned: str = ""
    began_with: int | None = None
    chose_best: bool | None = None
    accompanied: bool = False
    values: Array | None = None
    forced: Array | None = None
    whole: Array | None = None
    line: Frame | None = None

    def miss(self, tokens: Tokens) -> tuple[int, int, int, int, float, float] | None:
        """Return the first word that is not the best by teacher forcing: see :func:`first_miss`."""
        if self.scores is None:
            return None
        return first_miss(self.scores, self.rows, self.end, tokens.pad, sorted(tokens.specials(target=True)))

    def gap(self, tokens: Tokens) -> tuple[int, int, int, float, float] | None:
        """Return where the loop chose from other scores than those of teacher forcing: see :func:`first_gap`."""
        if self.scores is None or self.own is None or not self.chose_best:
            return None
        return first_gap(self.own, self.scores, self.rows, self.end, tokens.pad)

    def value_gap(self) -> tuple[int, int, int, float, float] | None:
        """Return where the loop gives other values than teacher forcing: see :func:`first_other_value`."""
        if self.values is None or self.forced is None:
            return None
        return first_other_value(self.values, self.forced)

    def repeats(self, other: Decoded) -> bool:
        """Say whether a loop gave the same another time."""
        if self.values is None or other.values is None:
            return self.rows == other.rows
        return self.values.shape == other.values.shape and first_other_value(self.values, other.values) is None

    def agrees(self, tokens: Tokens) -> bool:
        """Say whether the loop gives what teacher forcing gives on its words, or its values."""
        return self.miss(tokens) is None and self.gap(tokens) is None and self.value_gap() is None
