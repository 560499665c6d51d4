"""What a decode loop gives, as rows of ids, and where they are not what the model scores best: numpy alone.

The worker and the checks call these functions, and a script that reproduces a finding has them pasted in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: How far below the best score, beside the spread of scores, a word has to be: nearer ones are ties.
TIE: Final = 0.01


def decoded_rows(returned: Any) -> list[list[int]]:
    """Return the ids of each row of what a decode loop returned; of several hypotheses of a row the first.

    It may be an array (rows, steps) or (rows, beams, steps), a list of rows of any length, the ids of
    one row, or these among other things in a tuple or a dict. Raises ValueError that says why it is
    none of them.
    """
    if hasattr(returned, "to_list"):  # as a RaggedTensor has
        returned = returned.to_list()
    if isinstance(returned, (tuple, Mapping)):
        reasons = []
        for part in returned.values() if isinstance(returned, Mapping) else returned:
            try:
                return decoded_rows(part)
            except ValueError as error:
                reasons.append(error)
        raise reasons[0] if reasons else ValueError("it returns nothing")
    if returned is None or isinstance(returned, (str, bytes)):
        raise ValueError("it returns nothing" if returned is None else "it returns text")
    if isinstance(returned, list) and any(np.ndim(part) or isinstance(part, (str, bytes)) for part in returned):
        return [next(iter(decoded_rows(part)), []) if len(part) else [] for part in returned]
    ids = np.asarray(returned)
    if ids.dtype.kind in "USO":
        raise ValueError("it returns text")
    if ids.ndim == 3 and ids.shape[-1] == 1 and ids.shape[1] > 1:
        ids = ids[..., 0]
    ids = ids[:, 0] if ids.ndim == 3 else ids
    if ids.dtype.kind not in "iu" and (ids != np.round(ids)).any():
        raise ValueError("it returns floats and no ids")
    if ids.ndim not in (1, 2):
        raise ValueError(f"it returns an array of rank {ids.ndim}")
    return [[int(word) for word in row] for row in np.atleast_2d(ids)]


def readings(rows: Sequence[Sequence[int]], prompt: npt.NDArray[Any]) -> Iterator[list[list[int]]]:
    """Yield what rows of ids may say of the words that were decoded: after their ``prompt`` (rows, ids), or alone.

    Where every row begins with the prompt, a model may have given these ids all the same. Rows may
    also be columns. Raises ValueError where there is not one for each row.
    """
    count, width = prompt.shape
    ways = [[list(row) for row in rows]] if len(rows) == count else []
    if rows and {len(row) for row in rows} == {count}:
        ways.append([list(column) for column in zip(*rows)])
    if not ways:
        raise ValueError(f"it returns {len(rows)} rows for {count}")
    for way in ways:
        if all(row[:width] == list(first) for row, first in zip(way, prompt.tolist())):
            yield [row[width:] for row in way]
        yield way


def teacher_forced(
    rows: Sequence[Sequence[int]], prompt: npt.NDArray[Any], pad: int, width: int
) -> npt.NDArray[np.int32]:
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


def first_miss(
    scores: npt.NDArray[Any], rows: Sequence[Sequence[int]], end: int | None, pad: int, left_out: Sequence[int]
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
