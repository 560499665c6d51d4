"""Long steps toward a small case. None is needed; each saves many single steps, or leaves a dead end."""

from __future__ import annotations

from functools import reduce
from itertools import combinations

import attrs

from fuzzseq.cases.case import Case, tokens_for_steps
from fuzzseq.cases.domain import encodings, lowest_setting, padding_side
from fuzzseq.cases.transforms import (
    At,
    capped,
    merged,
    row_of,
    rows_of,
    size_of,
    with_batch,
    with_batches,
    with_dimensions,
    with_every_id,
    with_row,
)
from fuzzseq.shrink.neighbors import lower_values, without_tokens
from fuzzseq.shrink.search import Search, bisect, delete_in_halves
from fuzzseq.shrink.seeds import beginnings, differing
from fuzzseq.targets.contract import SIDES


def begin(search: Search) -> None:
    """Start over from the first of the smallest conceivable cases that fails."""
    any(search.attempt(case) for case in beginnings(search.best, search.contract))


def accelerate(search: Search) -> None:
    """Take every kind of long step once: what belongs to a batch first, since a new dimension costs a build."""

    def without(case: Case, start: int, stop: int) -> Case:
        return attrs.evolve(case, batches=case.batches[:start] + case.batches[stop:])

    delete_in_halves(search, lambda case: len(case.batches), without)
    _lower(search, "batch_size")
    for side in search.contract.sides():
        search.attempt(with_batches(search.best, **{f"extra_{side}": 0}))
        _lower(search, f"{side}_length")
    _plainer(search)
    _lowest_ids(search)
    _fewer_pairs(search)
    _fewer_tokens(search)
    if not search.attempt(with_dimensions(search.best, lowest_setting(search.contract) or {}, search.contract)):
        for name in search.contract.build_dimensions():
            _lower(search, name)
    _lower_ids(search)
    _both_smaller(search)
    # Two rows that differ in an id, in the place of rows that may be there to differ, in length or in number.
    batches = search.best.batches
    if len(batches) == 1 and len({pair.source for pair in batches[0].pairs}) > 1:
        any(search.attempt(case) for case in sorted(differing(search.best, search.contract), key=search.rank))


def _fewer_pairs(search: Search) -> None:
    """Put the longest source and target of each batch into one pair, else delete rows of each batch in halves."""
    joined = (
        attrs.evolve(batch, pairs=tuple(reduce(merged, batch.pairs, pair) for pair in batch.pairs[:1]))
        for batch in search.best.batches
    )
    search.attempt(attrs.evolve(search.best, batches=tuple(joined)))
    for index in range(len(search.best.batches)):

        def count(case: Case, index: int = index) -> int:
            return len(case.batches[index].pairs)

        def without(case: Case, start: int, stop: int, index: int = index) -> Case:
            batch = case.batches[index]
            return with_batch(case, index, attrs.evolve(batch, pairs=batch.pairs[:start] + batch.pairs[stop:]))

        delete_in_halves(search, count, without)


def _plainer(search: Search) -> None:
    """Run eagerly, with no initial state, the usual encoding and padding, and seed 0: all at once, then each."""
    contract = search.contract
    handed: dict[str, object] = {
        "initial_state": "none",
        "target_encoding": encodings(contract)[0],
        "padding": padding_side(contract),
    }
    if search.attempt(attrs.evolve(with_batches(search.best, **handed), mode="eager", seed=0)):
        return
    search.attempt(attrs.evolve(search.best, mode="eager"))
    search.attempt(attrs.evolve(search.best, seed=0))
    for name, value in handed.items():
        search.attempt(with_batches(search.best, **{name: value}))


def _lowest_ids(search: Search) -> None:
    """Put all ids at the lowest ordinary one: of the case, of a side, of a row."""
    contract = search.contract
    for chosen in (SIDES, *((side,) for side in SIDES)):
        case = search.best
        for side in chosen:
            case = with_every_id(case, side, contract.lowest_id(side))
        search.attempt(case)
    for at, ids in rows_of(search.best):
        search.attempt(with_row(search.best, at, (contract.lowest_id(at[2]),) * len(ids)))


def _fewer_tokens(search: Search) -> None:
    """Cut each row to its shortest, else delete its tokens in halves."""
    contract = search.contract
    fewest = {
        "source": int(contract.has_source),
        "target": max(0, tokens_for_steps(1, contract.tokens)) if contract.has_target else 0,
    }
    for at, ids in rows_of(search.best):
        if search.attempt(without_tokens(search.best, at, slice(fewest[at[2]], len(ids)), contract)):
            continue

        def count(case: Case, at: At = at) -> int:
            return len(row_of(case, at))

        def without(case: Case, start: int, stop: int, at: At = at) -> Case:
            return without_tokens(case, at, slice(start, stop), contract)

        delete_in_halves(search, count, without)


def _lower_ids(search: Search) -> None:
    for at, ids in rows_of(search.best):
        for position, word in enumerate(ids):

            def made(case: Case, value: int, at: At = at, position: int = position) -> Case:
                row = row_of(case, at)
                return with_row(case, at, (*row[:position], value, *row[position + 1 :]))

            bisect(search, range(search.contract.lowest_id(at[2]), word), made)


def _both_smaller(search: Search) -> None:
    """Lower two sizes by one amount at once: some failures need two that are equal, or that differ by a constant."""
    contract = search.contract

    def lowered(case: Case, names: tuple[str, str], amount: int) -> Case:
        for name in names:
            case = capped(case, name, size_of(case, name, contract) - amount, contract)
        return case

    for names in combinations([name for name in contract.names() if _below(search, name)], 2):
        if all(_below(search, name) for name in names) and search.attempt(lowered(search.best, names, 1)):
            start, room = search.best, min(len(_below(search, name)) for name in names)

            def made(_: Case, left: int, start: Case = start, names: tuple[str, str] = names, room: int = room) -> Case:
                return lowered(start, names, room - left)

            bisect(search, range(room), made)


def _below(search: Search, name: str) -> list[int]:
    return lower_values(search.best, name, search.contract)


def _lower(search: Search, name: str) -> None:
    contract = search.contract

    def made(case: Case, value: int) -> Case:
        return capped(case, name, value, contract)

    bisect(search, _below(search, name), made, expensive=name in contract.build_dimensions())
