"""One concrete input of a model, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Literal

import attrs

from fuzzseq.grammar import Count, Id, Identifier, Seed
from fuzzseq.targets.contract import Contract, Encoding, Padding, Side
from fuzzseq.targets.steps import steps_of
from fuzzseq.targets.tokens import Tokens

Mode = Literal["eager", "graph"]
Domain = Literal["ordinary", "edge", "invalid"]
StateKind = Literal["none", "zeros", "random"]


@attrs.frozen
class Pair:
    """One row of a batch: its source ids and its target ids, special tokens and padding left out."""

    source: tuple[Id, ...] = ()
    target: tuple[Id, ...] = ()


@attrs.frozen(kw_only=True)
class Batch:
    """The rows that a model is given at once, and how they are handed over.

    ``extra_source`` and ``extra_target`` are columns of padding beyond the longest row.
    """

    pairs: tuple[Pair, ...]
    initial_state: StateKind = "none"
    target_encoding: Encoding = "sparse"
    padding: Padding = "post"
    extra_source: Count = 0
    extra_target: Count = 0

    @property
    def ragged(self) -> bool:
        """Whether rows of one side differ in length."""
        return len({len(p.source) for p in self.pairs}) > 1 or len({len(p.target) for p in self.pairs}) > 1


@attrs.frozen(kw_only=True)
class Case:
    """One concrete input: what the model is built with, the batches it is given in turn, and how it is run.

    ``dimensions`` are those of the build; those of a batch (``batch_size``, ``source_length``, ``target_length``)
    are read off its rows by :meth:`sizes`. ``seed`` fixes weights, random initial states and float features.
    """

    dimensions: Mapping[Identifier, Count] = attrs.field(factory=dict)
    batches: tuple[Batch, ...]
    mode: Mode = "eager"
    seed: Seed = 0
    domain: Domain = "ordinary"

    def objection(self) -> str:
        """Return what is wrong with a case that was read, whatever its model: it has no batch; else nothing."""
        return "" if self.batches else "a case has one batch or more, and this has none"

    @property
    def key(self) -> str:
        """What equal cases have in common and no others, in whatever order their dimensions stand."""
        return repr(attrs.evolve(self, dimensions=dict(sorted(self.dimensions.items()))))

    def sizes(self, contract: Contract, batch: int = -1) -> dict[str, int]:
        """Return every dimension with its value: those of one batch (the last, usually), then those of the build."""
        rows = self.batches[batch]
        data = {
            "batch_size": len(rows.pairs),
            "source_length": width(rows, "source", contract),
            "target_length": width(rows, "target", contract),
        }
        return {**{name: data[name] for name in contract.data_dimensions()}, **self.dimensions}


def steps(target: tuple[int, ...], tokens: Tokens) -> int:
    """Return the decoder steps of one row: its tokens, one more with start and end, one less without either."""
    return max(0, len(target) + (tokens.start is not None) + (tokens.end is not None) - 1)


def tokens_for_steps(count: int, tokens: Tokens) -> int:
    """Return how many target ids make ``count`` decoder steps."""
    return count + 1 - (tokens.start is not None) - (tokens.end is not None)


def width(batch: Batch, side: Side, contract: Contract) -> int:
    """Return the columns of one side of a batch, its padding included."""
    if side == "source":
        return max((len(p.source) for p in batch.pairs), default=0) + batch.extra_source
    return max((steps(p.target, contract.tokens) for p in batch.pairs), default=0) + batch.extra_target


def shifted(target: tuple[int, ...], tokens: Tokens) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return decoder input and labels of one row: start + ids, and ids + end."""
    whole = (
        *(() if tokens.start is None else (tokens.start,)),
        *target,
        *(() if tokens.end is None else (tokens.end,)),
    )
    return whole[:-1], whole[1:]


def tagged(pair: Pair, contract: Contract, case: Case) -> tuple[int, ...]:
    """Return the labels of a many-to-many row: its target ids, repeated as far as its output has steps.

    Those of CTC are as many as there are, one at least; ordinary ones are cut to what a path of so many steps can hold.
    """
    if contract.is_ctc and case.domain == "edge":
        return pair.target
    if not pair.source:
        return ()
    count = steps_of(contract.output_steps, len(pair.source), case.dimensions)
    labels = pair.target or (contract.lowest_id("target"),)
    if contract.is_ctc:
        return labels[: sum(steps <= count for steps in _path_steps(labels))]
    return tuple(labels[step % len(labels)] for step in range(count))


def _path_steps(labels: tuple[int, ...]) -> Iterator[int]:
    """Yield how many steps a path of CTC needs up to each label: a blank stands between two that are the same."""
    yield from accumulate(1 + (one == other) for one, other in zip(labels, (None, *labels), strict=False))


def overlong(pair: Pair, contract: Contract, dimensions: Mapping[str, int]) -> bool:
    """Say whether a row has more labels of CTC than a path through its output can hold."""
    count = steps_of(contract.output_steps, len(pair.source), dimensions)
    return contract.is_ctc and max(_path_steps(pair.target), default=0) > count
