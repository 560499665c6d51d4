"""Cases of the ordinary domain: one build setting and a batch, seldom two, that a training run could meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq.cases.case import Batch, Case, Mode, Pair, StateKind, tokens_for_steps
from fuzzseq.cases.domain import encodings, id_range, modes, padding_side, states
from fuzzseq.strategies.arguments import check_integer
from fuzzseq.strategies.fitting import PADDED_FORMS, UNPADDED_FORMS, Form, at_or_above, fitted
from fuzzseq.strategies.rows import words
from fuzzseq.strategies.sizes import SizePlan
from fuzzseq.targets.contract import Contract, Encoding, Side
from fuzzseq.targets.dimensions import DATA_DIMENSIONS

#: Rows beyond this many repeat the first ones, so that a large batch costs no more draws.
_MOST_ROWS: Final = 6
#: Of eight numbers, those above this one say how many of the last rows make a batch of their own.
_ONE_BATCH: Final = 5

RawRow: TypeAlias = tuple[bytes, bytes]
#: How rows fill a side, and how many columns they stay below the widest by.
Filling: TypeAlias = tuple[Form, int]
Drawn: TypeAlias = tuple[tuple[int, ...], list[RawRow], int, int, Filling, Filling, StateKind, Encoding, Mode]


def cases(contract: Contract, *, dimensions: Mapping[str, int] | None = None, seed: int = 0) -> st.SearchStrategy[Case]:
    """Return a strategy for :class:`fuzzseq.Case` values in the ordinary domain of a contract.

    ``dimensions`` fixes the dimensions of the build, all of them, so that only data is drawn; ``seed`` is that of
    every case.
    Shrinks to the smallest sizes and one row of one step, in eager mode, with no initial state and no extra padding.
    Raises ``InvalidArgument`` where the contract, or ``dimensions``, leaves no case.
    """
    check_integer("seed", seed, 0)
    plan = SizePlan.of(contract)
    fixed = None if dimensions is None else _checked(dimensions, plan)
    maker = CaseMaker(contract=contract, plan=plan, fixed=fixed, shared=contract.fixed(), seed=seed)
    return maker.drawn().map(maker.case)


def _checked(dimensions: Mapping[str, int], plan: SizePlan) -> dict[str, int]:
    """Return fixed dimensions in report order, or raise where they are not those of the build, or leave no batch."""
    contract, names = plan.contract, plan.contract.build_dimensions()
    if set(dimensions) != set(names):
        raise InvalidArgument(f"Invalid dimensions={dict(dimensions)!r}: they are {', '.join(names)}")
    for name in names:
        check_integer(name, dimensions[name], 1)
    sizes = dict(dimensions)
    for name in contract.data_dimensions():
        values = plan.legal(name, sizes)
        if not values:
            raise InvalidArgument(
                f"Invalid dimensions={dict(dimensions)!r}: no {name} keeps {contract.range_of(name)!r}"
            )
        sizes[name] = values[0]
    return {name: dimensions[name] for name in names}


@attrs.frozen(kw_only=True)
class CaseMaker:
    """Makes cases of a contract out of a fixed number of plain draws."""

    contract: Contract
    plan: SizePlan
    fixed: Mapping[str, int] | None
    seed: int
    shared: frozenset[str]

    @property
    def parted(self) -> bool:
        """Whether a last partial batch can follow: its size is free, and moves no size that the built model fixes."""
        return "batch_size" not in self.shared and not any(
            set(self.plan.kin.get(name, ())).intersection(DATA_DIMENSIONS) for name in self.shared
        )

    def drawn(self) -> st.SearchStrategy[Drawn]:
        """Return the strategy for all that a case is made of."""
        contract = self.contract
        most = contract.range_of("batch_size").max
        longest = contract.range_of("source_length").max
        # A byte an id. Special tokens are left out; without a decoder, the target are the labels of a source row.
        source_row = st.binary(min_size=1, max_size=longest) if contract.has_source else st.just(b"")
        target_row = st.binary(max_size=longest) if contract.has_target_ids else st.just(b"")
        if contract.has_target:
            more = -tokens_for_steps(0, contract.tokens)
            steps = max(1, contract.range_of("target_length").max)
            target_row = st.binary(min_size=1 - more, max_size=steps - more)
        return st.tuples(
            st.just(()) if self.fixed is not None else self.plan.raw_sizes(),
            st.lists(st.tuples(source_row, target_row), min_size=1, max_size=min(most, _MOST_ROWS)),
            st.integers(0, max(0, most - _MOST_ROWS)),
            st.integers(0, _ONE_BATCH + 2),
            self._fillings("source_length"),
            self._fillings("target_length"),
            st.sampled_from(states(contract)),
            st.sampled_from(encodings(contract)),
            st.sampled_from(modes(contract)),
        )

    def _fillings(self, name: str) -> st.SearchStrategy[Filling]:
        """Return the strategy for how rows fill one side, where the model has it."""
        if name not in self.contract.data_dimensions():
            return st.just((Form(), 0))
        side: Side = "source" if name == "source_length" else "target"
        padded = self.contract.pads(side) and not self.contract.pads_itself(side)
        forms = PADDED_FORMS if padded else UNPADDED_FORMS
        return st.tuples(st.sampled_from(forms), st.integers(0, self.contract.range_of(name).max - 1))

    def case(self, drawn: Drawn) -> Case:
        """Return the case that draws stand for."""
        raw_sizes, rows, copies, last, source_filling, target_filling, state, encoding, mode = drawn
        sizes = self.plan.sizes(raw_sizes) if self.fixed is None else dict(self.fixed)
        like = Batch(pairs=(), initial_state=state, target_encoding=encoding, padding=padding_side(self.contract))
        case = Case(dimensions=sizes, batches=(), mode=mode, seed=self.seed)
        for group in self._groups(rows, copies, last, sizes):
            before = case.sizes(self.contract) if case.batches else {}
            known = {name: size for name, size in before.items() if name in self.shared}
            batch = self._batch(group, {**sizes, **known}, (source_filling, target_filling), like)
            case = attrs.evolve(case, batches=(*case.batches, batch))
        return case

    def _groups(self, rows: list[RawRow], copies: int, last: int, sizes: Mapping[str, int]) -> list[list[RawRow]]:
        """Return the rows of each batch: of one, or of a first and a last partial one."""
        counts = self.plan.legal("batch_size", sizes)
        if (usual := self.contract.rows) is not None and usual in counts:
            # The batch size that stands in the model, and seldom a last partial batch.
            cut = max(1, min(len(rows), usual - 1))
            whole = _counted(rows, 0, [usual])
            return [whole, rows[:cut]] if last > _ONE_BATCH and cut < usual else [whole]
        cut = len(rows) - max(0, last - _ONE_BATCH)
        if self.parted and 0 < cut < len(rows):
            first = _counted(rows[:cut], copies, counts)
            if len(rows) - cut < len(first) and len(rows) - cut in counts:
                return [first, rows[cut:]]
        return [_counted(rows, copies, counts)]

    def _batch(
        self, rows: list[RawRow], sizes: Mapping[str, int], fillings: tuple[Filling, Filling], like: Batch
    ) -> Batch:
        """Return a batch of rows, made to fit; ``sizes`` holds the widths too that the built model fixes."""
        contract, known = self.contract, {**sizes, "batch_size": len(rows)}
        source, target = [row[0] for row in rows], [row[1] for row in rows]
        extra_source = extra_target = 0
        if contract.has_source:
            source, extra_source = fitted(source, *fillings[0], self._widths("source_length", known))
            known["source_length"] = max(map(len, source)) + extra_source
        if contract.has_target:
            more = -tokens_for_steps(0, contract.tokens)
            target, extra_target = fitted(target, *fillings[1], self._widths("target_length", known), more)
        elif contract.has_target_ids:
            target = [labels[: len(row)] for labels, row in zip(target, source, strict=True)]
        of_source = id_range("source", sizes, contract)[1] if contract.has_source else 0
        of_target = id_range("target", sizes, contract)[1] if contract.has_target_ids else 0
        pairs = tuple(
            Pair(words(a, "source", of_source, contract), words(b, "target", of_target, contract))
            for a, b in zip(source, target, strict=True)
        )
        return attrs.evolve(like, pairs=pairs, extra_source=extra_source, extra_target=extra_target)

    def _widths(self, name: str, known: Mapping[str, int]) -> Sequence[int]:
        """Return the columns that one side of a batch may have, ascending."""
        return (known[name],) if name in known else self.plan.legal(name, known)


def _counted(rows: list[RawRow], copies: int, counts: Sequence[int]) -> list[RawRow]:
    """Return rows, the first ones repeated, as many as a batch may hold."""
    count = at_or_above(len(rows) + copies, counts)
    return (rows * -(-count // len(rows)))[:count]
