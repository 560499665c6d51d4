"""The boundary cases: a short deterministic list that most bugs fall to, before anything random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, tokens_for_steps
from fuzzseq.cases.domain import (
    allowed,
    dependency_order,
    encodings,
    id_range,
    legal_values,
    lowest_setting,
    modes,
    no_sizes,
    padding_side,
    states,
)
from fuzzseq.cases.transforms import with_batches, with_source_ids
from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import SIDES, Contract
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN

#: Sizes to aim at, pairwise different, for the first look at a model; each setting moves away from it in one way.
_DISTINCT = {
    "vocab_size": 9,
    "source_vocab_size": 9,
    "target_vocab_size": 11,
    "embedding_dim": 6,
    "units": 8,
    "encoder_units": 8,
    "decoder_units": 7,
    "attention_units": 5,
    "feed_forward_dim": 10,
    "key_dim": 3,
    "num_heads": 2,
    "num_layers": 1,
    "num_encoder_layers": 1,
    "num_decoder_layers": 1,
    "filters": 5,
    "kernel_size": 3,
    "feature_dim": 4,
    "output_dim": 7,
    "max_length": 12,
    "max_source_length": 7,
    "max_target_length": 9,
}
#: How many shapes are run eagerly before the model is traced.
_EAGER_FIRST = 4
_SETTINGS: tuple[Mapping[str, int], ...] = (
    _DISTINCT,
    {**_DISTINCT, "num_layers": 2, "num_encoder_layers": 2, "num_decoder_layers": 2},
    {**_DISTINCT, "source_vocab_size": 12, "target_vocab_size": 7, "embedding_dim": 8, "units": 6, "encoder_units": 6,
     "decoder_units": 9},
    {**_DISTINCT, "num_heads": 3, "units": 7, "num_encoder_layers": 3, "num_decoder_layers": 2, "kernel_size": 2},
)  # fmt: skip


def first_setting(contract: Contract) -> dict[str, int] | None:
    """Return the setting of the build that most boundary cases have; None where no setting is legal."""
    return nearest_setting(contract, _DISTINCT, {})


def boundary_cases(contract: Contract, seed: int) -> tuple[Case, ...]:
    """Return the boundary cases of a contract, each once, all of them in its ordinary domain."""
    seen: dict[str, Case] = {}
    for case in _all(contract, seed):
        if allowed(case, contract):
            seen.setdefault(case.key, case)
    return tuple(seen.values())


def _all(contract: Contract, seed: int) -> Iterator[Case]:
    """Yield a look at the factory's defaults, the shapes of data on one setting, then the telling ones on others."""
    defaults = {p.dimension: p.default for p in contract.parameters if p.default is not None}
    if defaults:
        usual = nearest_setting(contract, {**_DISTINCT, **defaults}, defaults)
        yield from _Maker(contract, usual, seed).telling() if usual else ()
    for index, aim in enumerate((*_SETTINGS, dict.fromkeys(KNOWN, 1))):
        setting = nearest_setting(contract, aim, {})
        if setting is None:
            return
        make = _Maker(contract, setting, seed)
        for number, case in enumerate(make.telling() if index else make.shapes()):
            # Many shapes on one setting are worth its trace; the first few show most bugs sooner without.
            yield attrs.evolve(case, mode=modes(contract)[-1]) if number >= _EAGER_FIRST else case
        if not index:
            yield from make.manners()
        elif index == 1:
            yield from make.stacked()


def nearest_setting(contract: Contract, aim: Mapping[str, int], keep: Mapping[str, int]) -> dict[str, int] | None:
    """Return legal sizes of the build near those aimed at; a default in ``keep`` that is aimed at is taken as it is."""
    sizes: dict[str, int] = {}
    for name in dependency_order(contract):
        if name in DATA_DIMENSIONS:
            continue
        legal = legal_values(name, sizes, contract)
        wanted = aim.get(name, 4)
        if name not in contract.dimensions and keep.get(name) == wanted:
            sizes[name] = wanted
        elif legal:
            sizes[name] = min(legal, key=lambda value: (abs(value - wanted), value))
        else:
            return lowest_setting(contract)
    return {name: sizes[name] for name in contract.build_dimensions()}


@attrs.frozen
class _Maker:
    """Makes cases of one setting of the build."""

    contract: Contract
    dimensions: Mapping[str, int]
    seed: int

    def shapes(self) -> Iterator[Case]:
        """Yield the shapes of data that show most bugs."""
        yield self.case([(3, 4), (2, 2), (1, 3)])
        yield self.case([(1, 1)])
        yield self.case([(3, 2)] * 2)
        yield self.case([(3, 2), (2, 3), (4, 2)], [(3, 3)])
        yield self.case([(2, 2)] * 2)
        yield self.case([(5, 3), (4, 1)], last="source")
        yield self.case([(3, 5), (2, 4)], last="target")
        yield self.case([(2, 4)])
        yield self.case([(1, 3), (1, 2)])
        yield self.case([(4, 1), (3, 1)])
        yield self.case([(12, 5)])
        yield self.case([(5, 12)])
        yield self.case([(12, 12), (7, 9), (1, 1)], last="both")
        yield self.case([(3, 3)] * 6)

    def telling(self) -> Iterator[Case]:
        """Yield a ragged and a single row, with the last ids."""
        yield self.case([(3, 4), (2, 2)], last="both")
        yield self.case([(4, 2)])

    def stacked(self) -> Iterator[Case]:
        """Yield a batch for each kind of state: which layer takes which shows in a stack alone."""
        for state in states(self.contract)[1:]:
            yield with_batches(self.case([(3, 4), (2, 2)]), initial_state=state)

    def manners(self) -> Iterator[Case]:
        """Yield one case for each way to hand over the same data."""
        base = self.case([(3, 4), (2, 2), (1, 3)])
        for state in states(self.contract)[1:]:
            for rows in ([(3, 4), (2, 2)], [(1, 1)]):
                yield with_batches(self.case(rows), initial_state=state)
        for encoding in encodings(self.contract)[1:]:
            yield with_batches(base, target_encoding=encoding)
        for side in SIDES:
            if self.contract.pads(side):
                yield with_batches(base, **{f"extra_{side}": 2})
        if named := self.contract.named_words():
            # An unknown word, a separator, a mask: models treat them in ways of their own.
            yield with_source_ids(base, named)
        for mode in modes(self.contract)[1:]:
            for rows in ([(3, 4), (2, 2), (1, 3)], [(1, 1)]):
                yield attrs.evolve(self.case(rows, last="both"), mode=mode)
            for state in states(self.contract)[2:]:
                yield attrs.evolve(with_batches(base, initial_state=state), mode=mode)

    def case(self, *batches: list[tuple[int, int]], last: str = "") -> Case:
        """Return a case whose batches have rows of the given source ids and decoder steps."""
        made = tuple(self._batch(rows, last, partial=place > 0) for place, rows in enumerate(batches))
        return Case(dimensions=self.dimensions, batches=made, seed=self.seed)

    def _batch(self, rows: list[tuple[int, int]], last: str, partial: bool) -> Batch:
        """Return a batch, its lengths moved into what is allowed, filled up to a length that the model fixes.

        It has the rows that stand in the model, where any do, unless it is a ``partial`` one after others.
        """
        contract = self.contract
        counts = legal_values("batch_size", self.dimensions, contract)
        if contract.rows in counts and not partial:
            counts = [contract.rows]
        if counts and len(rows) not in counts:
            size = min(counts, key=lambda value: abs(value - len(rows)))
            rows = [rows[index % len(rows)] for index in range(size)]
        sources, extra_source = self._lengths("source_length", [source for source, _ in rows])
        targets, extra_target = self._lengths("target_length", [target for _, target in rows])
        pairs = []
        for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
            count = tokens_for_steps(target, contract.tokens) if contract.has_target else source
            source_ids = self._ids("source", source, row, last) if contract.has_source else ()
            target_ids = self._ids("target", count, row if last else row + 1, last) if contract.has_target_ids else ()
            pairs.append(Pair(source_ids, target_ids))
        return Batch(
            pairs=tuple(pairs),
            target_encoding=encodings(contract)[0],
            padding=padding_side(contract),
            extra_source=extra_source if contract.has_source else 0,
            extra_target=extra_target if contract.has_target else 0,
        )

    def _lengths(self, name: str, lengths: list[int]) -> tuple[list[int], int]:
        """Return lengths within what is legal, and the columns of padding that bring the longest to a legal width."""
        legal = legal_values(name, self.dimensions, self.contract) if name in self.contract.data_dimensions() else []
        if not legal:
            return lengths, 0
        longest = max(lengths)
        width = min(legal, key=lambda value: (abs(value - longest), value))
        if name in self.contract.fixed() or width < longest:
            return [min(length, width) for length in lengths], width - min(longest, width)
        return [length + width - longest for length in lengths], 0

    def _ids(self, side: str, count: int, row: int, last: str) -> tuple[int, ...]:
        """Return ids that differ from one to the next, with the vocabulary's last row where it is asked for."""
        low, high = id_range(side, self.dimensions, self.contract)  # type: ignore[arg-type]
        ids = (low + (row + i) % max(1, high - low) for i in range(count))
        if last in (side, "both"):
            ids = (high - (row + i) % (high - low + 1) for i in range(count))
        return tuple(self.contract.word_near(side, word, high) for word in ids)  # type: ignore[arg-type]


def check_possible(name: str, contract: Contract) -> None:
    """Raise for a contract whose ranges and ties leave no sizes to build a model with."""
    if why := no_sizes(name, contract):
        raise SpecError(why)
