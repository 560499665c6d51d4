"""What a decode loop gives, as rows of ids or of values, and where these are not what the model gives: numpy alone.

The worker and the checks call these functions, and a script that reproduces a finding has them pasted in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Found = TypeVar("Found")

#: How far below the best score, beside the spread of scores, a word has to be: nearer ones are ties.
TIE: Final = 0.01
#: What a loop's own scores have to be apart from those of teacher forcing, beside their spread, to be others.
OTHERS: Final = 0.02


def decoded_rows(returned: Any) -> list[list[int]]:
    """Return the ids of each row of what a decode loop returned; of several hypotheses of a row the first.

    It may be an array (rows, steps) or (rows, beams, steps), a list of rows of any length, the ids of
    one row, or these among other things in a tuple or a dict. Raises ValueError that says why it is
    none of them.
    """
    if hasattr(returned, "to_list"):  # as a RaggedTensor has
        returned = returned.to_list()
    if isinstance(returned, (tuple, Mapping)):
        return first_part(decoded_rows, returned.values() if isinstance(returned, Mapping) else returned)
    if returned is None or isinstance(returned, (str, bytes)):
        raise ValueError("it returns nothing" if returned is None else "it returns text")
    if isinstance(returned, list) and any(np.ndim(part) or isinstance(part, (str, bytes)) for part in returned):
        return [next(iter(decoded_rows(part)), []) if len(part) else [] for part in returned]
    return rows_of_array(np.asarray(returned))


def first_part(read: Callable[[Any], Found], parts: Iterable[object]) -> Found:
    """Return what is read in the first part that holds any; raises ValueError with the reason of the first."""
    reasons = []
    for part in parts:
        try:
            return read(part)
        except ValueError as error:
            reasons.append(error)
    raise reasons[0] if reasons else ValueError("it returns nothing")


def rows_of_array(ids: Array) -> list[list[int]]:
    """Return the rows of an array (rows, steps), (rows, beams, steps) or (steps,); raises ValueError for no ids."""
    if ids.dtype.kind in "USO":
        raise ValueError("it returns text")
    if ids.ndim == 3:
        ids = ids[..., 0] if ids.shape[-1] == 1 < ids.shape[1] else ids[:, 0]
    if ids.dtype.kind not in "iu" and (ids != np.round(ids)).any():
        raise ValueError("it returns floats and no ids")
    if ids.ndim not in (1, 2):
        raise ValueError(f"it returns an array of rank {ids.ndim}")
    return [[int(word) for word in row] for row in np.atleast_2d(ids)]


def decoded_values(returned: object) -> Array:
    """Return the values (rows, steps, channels) of what a decode loop of a series returned.

    It may be an array of rank 3, or of rank 2 or 1 for one channel or one row, a list of such, or one
    of these among other things in a tuple or a dict. Raises ValueError that says why it is none.
    """
    if isinstance(returned, (tuple, Mapping)):
        return first_part(decoded_values, returned.values() if isinstance(returned, Mapping) else returned)
    try:
        values = np.asarray(returned, np.float64)
    except (TypeError, ValueError):
        raise ValueError("it returns no array of numbers") from None
    if values.ndim not in (1, 2, 3):
        raise ValueError(f"it returns an array of rank {values.ndim}")
    return values if values.ndim == 3 else np.atleast_2d(values)[..., None]


def fed_back(given: Iterable[Sequence[Array]], values: Array, channels: int) -> Array | None:
    """Return what a decoder was given at each step (rows, steps, channels) of a loop that feeds its own ``values``.

    ``given`` has a list for each layer: the last step of what each call of it was given, for all rows
    or for one row after another; the values may stand beside others there. None where no layer was
    given, at each step but the first, the values of the step before.
    """
    rows, steps = values.shape[:2]
    before = values[:, :-1, :channels]
    for calls in sorted(given, key=lambda calls: calls[0].shape[-1]):
        counts = {len(each) for each in calls}
        if len(calls) == steps and counts == {rows}:
            whole = np.stack(calls, axis=1)
        elif len(calls) == rows * steps and counts == {1}:
            whole = np.concatenate(calls).reshape(rows, steps, -1)
        else:
            continue
        for place in range(whole.shape[-1] - channels + 1):
            fed = whole[..., place : place + channels]
            if np.allclose(fed[:, 1:, : before.shape[-1]], before, rtol=1e-5, atol=1e-7) and before.any():
                return fed
    return None


def read_series(
    parts: Sequence[object], given: Iterable[Sequence[Array]], rows: int, channels: int
) -> tuple[Array, Array | None]:
    """Return the values (rows, steps, channels) in what a loop gave in some ``parts``, and what it fed for them.

    A part is of all rows, or of one. The first axis may be that of steps. Raises ValueError where
    there is not one row for each.
    """
    arrays = [decoded_values(part) for part in parts]
    if len(parts) == rows > 1:
        arrays = [each if len(each) == 1 else each[None, ..., 0] for each in arrays]
    try:
        values = np.concatenate(arrays)
    except ValueError:
        raise ValueError("it returns rows of several lengths") from None
    ways = [values] if len(values) == rows else []
    if values.shape[1] == rows:
        ways.append(values.swapaxes(0, 1))
    if not ways:
        raise ValueError(f"it returns {len(values)} rows for {rows}")
    calls = list(given)
    found = ((way, fed_back(calls, way, channels)) for way in ways)
    return next((each for each in found if each[1] is not None), (ways[0], None))


def first_other_value(one: Array, two: Array) -> tuple[int, int, int, float, float] | None:
    """Return where values (rows, steps, channels) are first others than rounding makes them.

    That is the step, the row, the channel, how far they are apart, and how large values are.
    """
    scale = max(float(np.abs(two).max(initial=0.0)), 1e-3)
    for step in range(min(one.shape[1], two.shape[1])):
        apart = np.abs(one[:, step] - two[:, step])
        if np.isfinite(scale) and apart.max(initial=0.0) > OTHERS * scale:
            row, channel = np.unravel_index(int(apart.argmax()), apart.shape)
            return step, int(row), int(channel), float(apart.max()), scale
    return None


def readings(rows: Sequence[Sequence[int]], prompt: Array, first_id: int | None = None) -> Iterator[list[list[int]]]:
    """Yield what rows of ids may say of the words that were decoded: after their ``prompt`` (rows, ids), or alone.

    Where every row begins with the prompt, or with the ``first_id`` that the loop was seen to begin
    with, a model may have given these ids all the same. Rows may also be columns. Raises ValueError
    where there is not one for each row.
    """
    count, width = prompt.shape
    ways = [[list(row) for row in rows]] if len(rows) == count else []
    if rows and {len(row) for row in rows} == {count}:
        ways.append([list(column) for column in zip(*rows, strict=True)])
    if not ways:
        raise ValueError(f"it returns {len(rows)} rows for {count}")
    for way in ways:
        if all(row[:width] == list(first) for row, first in zip(way, prompt.tolist(), strict=True)):
            yield [row[width:] for row in way]
        elif first_id is not None and all(row[:1] == [first_id] for row in way):
            yield [row[1:] for row in way]
        yield way


def teacher_forced(rows: Sequence[Sequence[int]], prompt: Array, pad: int, width: int) -> npt.NDArray[np.int32]:
    """Return what a decoder is fed that is to give rows of ids: the prompt, and all of them but the last."""
    fed = np.full((len(rows), width), pad, np.int32)
    for place, row in enumerate(rows):
        ids = [*prompt[place].tolist(), *row][:width]
        fed[place, : len(ids)] = ids
    return fed


def counted(row: Sequence[int], end: int | None, pad: int) -> int:
    """Return how many ids of a row count: those up to the end token, and before padding."""
    stop = row.index(end) + 1 if end in row else len(row)
    return min(stop, row.index(pad) if pad in row else len(row))


def word_after_end(row: Sequence[int], alone: Sequence[int], end: int | None, pad: int) -> int | None:
    """Return the step of the first ordinary word behind the end token of a row which ends there where it is alone."""
    if end is None or end not in alone:
        return None
    ended = list(alone).index(end) + 1
    if list(row[:ended]) != list(alone[:ended]) or not {*alone[ended:]} <= {end, pad}:
        return None
    return next((step for step, word in enumerate(row) if step >= ended and word not in (end, pad)), None)


def last_id(own: Array | None, rows: Sequence[Sequence[int]], end: int | None, pad: int) -> int | None:
    """Return the id that ends a row; None where a loop goes on after it with what is best by its ``own`` scores."""
    if own is None or not any(end in row[:-1] for row in rows):
        return end
    counts = [min(counted(row, None, pad), own.shape[1]) for row in rows]
    ids = ((place, step) for place, count in enumerate(counts) for step in range(count))
    return None if all(own[place, step].argmax() == rows[place][step] for place, step in ids) else end


def first_miss(
    scores: Array, rows: Sequence[Sequence[int]], end: int | None, pad: int, left_out: Sequence[int]
) -> tuple[int, int, int, int, float, float] | None:
    """Return the first word that is not the best by the scores (rows, steps, words) of teacher forcing.

    That is its step, its row, its id, the best id, and the scores of both. Ties count for nothing, nor
    do ids that are ``left_out`` because a loop may refuse them.
    """
    for step in range(scores.shape[1]):
        for place, row in enumerate(rows):
            if step >= counted(row, end, pad):
                continue
            given, word = np.array(scores[place, step], np.float64), row[step]
            spread = float(given.max() - given.min())
            others = np.array(given)
            others[[each for each in left_out if each != word and each < len(others)]] = -np.inf
            best = int(others.argmax())
            if np.isfinite(spread) and others[best] - given[word] > TIE * spread:
                return step, place, word, best, float(given[word]), float(given[best])
    return None


def paired_scores(
    calls: Sequence[tuple[object, Array]],
    forced: Sequence[tuple[object, Array]],
    scores: Array,
    steps: int,
    begins: int,
) -> Array | None:
    """Return the scores (rows, steps, words) that a loop saw; None where the steps cannot be told.

    ``calls`` are the layers that ran in the loop with what each gave, ``forced`` those of teacher
    forcing: of these one gave the ``scores``. In the loop it has to run once for each step.
    ``begins`` is how many ids rows begin with.
    """
    for layer in {id(each): each for each, _ in forced}.values():
        given = [array if array.ndim == 3 else array[:, None] for each, array in forced if each is layer]
        if len({len(array) for array in given}) > 1 or not np.array_equal(np.concatenate(given, axis=1), scores):
            continue
        seen = [array for each, array in calls if each is layer]
        if len(seen) != steps or {len(array) for array in seen} != {len(scores)}:
            continue
        fixed = (
            len({array.shape for array in seen}) == 1 and seen[0].ndim == 3 and seen[0].shape[1] >= begins + steps - 1
        )
        last = [begins - 1 + step if fixed else -1 for step in range(steps)]
        return np.stack([a if a.ndim == 2 else a[:, at] for a, at in zip(seen, last, strict=True)], axis=1)
    return None


def first_gap(
    own: Array, scores: Array, rows: Sequence[Sequence[int]], end: int | None, pad: int
) -> tuple[int, int, int, float, float] | None:
    """Return where a loop saw other scores than teacher forcing on the same words (rows, steps, words).

    That is the step, the row, the word, how far they are apart, and their spread.
    """
    for step in range(min(own.shape[1], scores.shape[1])):
        for place, row in enumerate(rows):
            if step >= counted(row, end, pad):
                continue
            given, seen = (np.array(each[place, step], np.float64) for each in (scores, own))
            spread, apart = float(given.max() - given.min()), np.abs(given - seen)
            if np.isfinite(spread) and apart.max() > OTHERS * max(spread, 1e-3):
                return step, place, int(apart.argmax()), float(apart.max()), spread
    return None


def departure(
    scores: Array,
    own: Array | None,
    rows: Sequence[Sequence[int]],
    end: int | None,
    pad: int,
    left_out: Sequence[int],
) -> tuple[float, ...] | None:
    """Return where a loop departs from teacher forcing: by a word that is not the best, or by its scores."""
    missed = first_miss(scores, rows, end, pad, left_out)
    return missed if missed is not None or own is None else first_gap(own, scores, rows, end, pad)
