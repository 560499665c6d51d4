"""The predicates that fit what was seen of a failure, and the case that would tell most of them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from fuzzseq.diagnosis.predicates import ALWAYS, Columns, Predicate, Truth, atoms, joined, truth

#: How many of the simplest predicates that fit are weighed against each other.
_MOST = 200
#: How many conditions are joined in pairs.
_MOST_PARTS = 160
#: How many exceptions to the simplest predicate are thought of.
_MOST_EXCEPTIONS = 60
#: How much less likely a predicate is for each unit of its cost.
_BASE: Final = 4.0
#: The share of the weight below which the other predicates are not worth another case; and exceptions to the simplest.
WORTH: Final = 0.02
LITTLE: Final = 0.0005


class Hypotheses:
    """Every predicate over a fixed list of cases; the failing ones among them become known one after the other."""

    def __init__(self, rows: Sequence[Mapping[str, bool | int | str]], constants: Sequence[int]) -> None:
        self._table: Columns = {name: np.asarray([row[name] for row in rows]) for name in rows[0]}
        varied = [name for name, column in self._table.items() if len(set(column.tolist())) > 1]
        numbers = [name for name in varied if self._table[name].dtype.kind == "i"]
        others = [name for name in varied if name not in numbers]
        found: dict[bytes, tuple[Predicate, Truth]] = {}
        # What is true of the same cases of the list cannot be told apart: the simplest stands for all.
        for atom in sorted(atoms(numbers, others, constants), key=lambda atom: atom.cost):
            holds = truth(atom.condition, self._table)
            found.setdefault(holds.tobytes(), (atom, holds))
        self._atoms = [atom for atom, _ in found.values()]
        self._truths = np.asarray([holds for _, holds in found.values()]).reshape(len(found), len(rows))
        self._known: dict[int, bool] = {}
        self._left = np.ones(len(rows), dtype=bool)

    def learn(self, index: int, failed: bool | None) -> None:
        """Take note of how a case ended; None where that says nothing of this failure."""
        if failed is not None:
            self._known[index] = failed
        self._left[index] = False

    def fitting(self) -> list[tuple[Predicate, Truth]]:
        """Return the simplest predicates that fit all that is known, the simplest first, each with its truth."""
        failing = np.asarray([index for index, failed in self._known.items() if failed], dtype=int)
        passing = np.asarray([index for index, failed in self._known.items() if not failed], dtype=int)
        in_all: Truth = np.all(self._truths[:, failing], axis=1)
        in_none: Truth = np.logical_not(np.any(self._truths[:, passing], axis=1))
        found = [(self._atoms[i], self._truths[i]) for i in np.flatnonzero(in_all & in_none)]
        joins: tuple[tuple[Literal["and", "or"], np.ufunc, Truth, Truth, Truth], ...] = (
            ("and", np.logical_and, in_all, in_none, self._truths[:, passing]),
            ("or", np.logical_or, in_none, in_all, ~self._truths[:, failing]),
        )
        for word, both, chosen, alone, wrong in joins:
            parts = np.flatnonzero(chosen)[:_MOST_PARTS]
            # Two conditions are worth joining where they are never wrong in one case.
            numbers = wrong[parts].astype(np.int32)
            for one, two in zip(*np.nonzero(np.triu(numbers @ numbers.T == 0, 1)), strict=True):
                i, j = int(parts[one]), int(parts[two])
                if not (alone[i] or alone[j]):
                    found.append((joined(self._atoms[i], word, self._atoms[j]), both(self._truths[i], self._truths[j])))
        everywhere = [] if len(passing) else [(ALWAYS, np.ones(len(self._left), dtype=bool))]
        return [*everywhere, *sorted(found, key=lambda pair: pair[0].cost)][:_MOST]

    def exceptions(self, best: tuple[Predicate, Truth]) -> list[tuple[Predicate, Truth]]:
        """Return a predicate with what would be the simplest exceptions to it: nothing that is known speaks for one."""
        predicate, holds = best
        failing = [index for index, failed in self._known.items() if failed]
        passing = [index for index, failed in self._known.items() if not failed]
        found = [best]
        for atom, other in zip(self._atoms, self._truths, strict=True):
            if bool(other[failing].all()) and not bool(other[holds].all()):
                found.append((joined(predicate, "and", atom), holds & other))
            elif not bool(other[passing].any()) and not bool(holds[other].all()):
                found.append((joined(predicate, "or", atom), holds | other))
            if len(found) > _MOST_EXCEPTIONS:
                break
        return found

    def telling(self, fitting: Sequence[tuple[Predicate, Truth]], dear: Truth, least: float) -> int | None:
        """Return the case that tells most of the fitting predicates apart, a ``dear`` one only where it tells more.

        None where no case divides them into shares of the weight that are both above ``least``.
        """
        weights = np.asarray([_BASE**-predicate.cost for predicate, _ in fitting])
        share = weights @ np.asarray([holds for _, holds in fitting]) / weights.sum()
        worth = np.minimum(share, 1 - share) * self._left * np.where(dear, 0.7, 1.0)
        best = int(np.argmax(worth))
        return best if worth[best] > least else None

    def left(self, holds: Truth) -> list[int]:
        """Return the cases that are not known yet and for which a predicate says what ``holds`` says."""
        return [int(index) for index in np.flatnonzero(holds & self._left)]

    def passing(self) -> list[int]:
        """Return the cases that are known to pass."""
        return [index for index, failed in self._known.items() if not failed]

    def counts(self) -> tuple[int, int]:
        """Return how many cases are known to fail, and to pass."""
        failed = sum(self._known.values())
        return failed, len(self._known) - failed
