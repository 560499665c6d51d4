"""Fitting rows as drawn to the sizes that a batch may have: cut or repeated, never drawn again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import attrs

from fuzzseq.strategies.rows import resized


@attrs.frozen
class Form:
    """How rows fill one side of a batch: equal or as drawn, with columns of padding to spare, up to the last column."""

    equal: bool = False
    extra: int = 0
    full: bool = False


#: The forms of a side whose padding changes nothing, the simplest first.
PADDED_FORMS: Final = (
    Form(),
    Form(equal=True),
    Form(extra=1),
    Form(equal=True, extra=1),
    Form(extra=2),
    Form(extra=3),
    Form(equal=True, full=True),
)
#: The forms of a side whose padding may count.
UNPADDED_FORMS: Final = (Form(), Form(equal=True), Form(equal=True, full=True))


def at_or_above(wanted: int, values: Sequence[int]) -> int:
    """Return the first of ascending values that is at least ``wanted``, or the last of all."""
    return values[min(bisect_left(values, wanted), len(values) - 1)]


def fitted(
    rows: Sequence[bytes], form: Form, less: int, widths: Sequence[int], more: int = 0
) -> tuple[list[bytes], int]:
    """Return rows that fit one of the ascending ``widths``, and how many columns of padding they then leave.

    Rows are first cut to ``less`` columns below the widest. ``more`` is how many columns a row takes beyond its own
    bytes: special tokens, less the shift.
    """
    rows = [row[: max(widths[-1] - less, 1) - more] for row in rows]
    longest = max(map(len, rows)) + more
    width = widths[-1] if form.full else at_or_above(longest + form.extra, widths)
    if form.equal:
        rows = [resized(row, max(width - form.extra, 1) - more) for row in rows]
    return rows, width - max(map(len, rows)) - more
