"""Named bugs as plain predicates over cases, each with the one case that it has to shrink to, and random starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, width
from fuzzseq.cases.domain import allowed
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.inputs import Parameter

BUILD = ("source_vocab_size", "target_vocab_size", "embedding_dim", "units", "num_heads", "num_layers")
LOWEST = {
    "source_vocab_size": 5,
    "target_vocab_size": 5,
    "embedding_dim": 2,
    "units": 2,
    "num_heads": 1,
    "num_layers": 1,
}
SPEC = Contract(
    parameters=tuple(Parameter(name=name, dimension=name) for name in BUILD),
    dimensions={"batch_size": dim(1, 40)},
    initial_state="lstm",
    target_encoding="one_hot",
)


def case(*batches: tuple[tuple[int, int], ...], mode: Any = "eager", last: bool = False, **sizes: int) -> Case:
    """Return a case of the lowest ids: each batch gives the source and target length of its rows, in steps."""
    settings = {name: sizes.pop(name) for name in ("extra_source", "extra_target") if name in sizes}
    word = LOWEST["source_vocab_size"] - 1 if last else 3
    rows = (tuple(Pair((word,) * source, (3,) * (target - 1)) for source, target in batch) for batch in batches)
    made = tuple(Batch(pairs=pairs, target_encoding="one_hot", **settings) for pairs in rows)
    return Case(dimensions={**LOWEST, **sizes}, batches=made, mode=mode)


def handed(minimal: Case, **settings: Any) -> Case:
    """Return a case with other settings for its batches."""
    return attrs.evolve(minimal, batches=tuple(attrs.evolve(batch, **settings) for batch in minimal.batches))


def size(name: str) -> Callable[[Case], int]:
    """Return what reads one dimension off a case."""
    return lambda case: case.sizes(SPEC)[name]


def source_ids(case: Case) -> list[int]:
    """Return all source ids of a case."""
    return [word for batch in case.batches for pair in batch.pairs for word in pair.source]


def ragged_sources(case: Case) -> bool:
    """Say whether the sources of one batch differ in length."""
    return any(len({len(pair.source) for pair in batch.pairs}) > 1 for batch in case.batches)


def shrinking_batches(case: Case) -> bool:
    """Say whether the second batch is smaller than the first."""
    return len(case.batches) > 1 and len(case.batches[1].pairs) < len(case.batches[0].pairs)


batch_size, units, heads = size("batch_size"), size("units"), size("num_heads")
source_length, target_length = size("source_length"), size("target_length")
source_words, target_words = size("source_vocab_size"), size("target_vocab_size")

#: Each bug by its failing region: the predicate, and the minimal case.
BUGS: dict[str, tuple[Callable[[Case], bool], Case]] = {
    "always": (lambda c: True, case(((1, 1),))),
    "batch_size != 32": (lambda c: batch_size(c) != 32, case(((1, 1),))),
    "batch_size >= 2": (lambda c: batch_size(c) >= 2, case(((1, 1), (1, 1)))),
    "batch_size >= 33": (lambda c: batch_size(c) >= 33, case(((1, 1),) * 33)),
    "batch_size == 1": (lambda c: batch_size(c) == 1, case(((1, 1),))),
    "source_length > 8": (lambda c: source_length(c) > 8, case(((9, 1),))),
    "source_length != target_length": (lambda c: source_length(c) != target_length(c), case(((1, 2),))),
    "source_length == target_length == 7": (lambda c: source_length(c) == target_length(c) == 7, case(((7, 7),))),
    "source_length % 3 != 0": (lambda c: source_length(c) % 3 != 0, case(((1, 1),))),
    "ragged sources": (ragged_sources, case(((1, 1), (2, 1)))),
    "units != embedding_dim": (lambda c: units(c) != c.dimensions["embedding_dim"], case(((1, 1),), units=3)),
    "units == embedding_dim": (lambda c: units(c) == c.dimensions["embedding_dim"], case(((1, 1),))),
    "units == embedding_dim + 2": (
        lambda c: units(c) == c.dimensions["embedding_dim"] + 2,
        case(((1, 1),), units=4),
    ),
    "units == source_length": (lambda c: units(c) == source_length(c), case(((2, 1),))),
    "units % num_heads != 0": (lambda c: units(c) % heads(c) != 0, case(((1, 1),), num_heads=3)),
    "num_layers >= 2": (lambda c: c.dimensions["num_layers"] >= 2, case(((1, 1),), num_layers=2)),
    "max_source_id == source_vocab_size - 1": (
        lambda c: max(source_ids(c)) == source_words(c) - 1,
        case(((1, 1),), last=True),
    ),
    "source_vocab_size != target_vocab_size": (
        lambda c: source_words(c) != target_words(c),
        case(((1, 1),), target_vocab_size=6),
    ),
    "max_source_id >= target_vocab_size": (
        lambda c: source_words(c) > target_words(c) and max(source_ids(c)) >= target_words(c),
        attrs.evolve(
            case(((1, 1),), source_vocab_size=6), batches=(Batch(pairs=(Pair((5,)),), target_encoding="one_hot"),)
        ),
    ),
    "initial_state and units != 4": (
        lambda c: c.batches[-1].initial_state != "none" and units(c) != 4,
        handed(case(((1, 1),)), initial_state="zeros"),
    ),
    "graph": (lambda c: c.mode == "graph", case(((1, 1),), mode="graph")),
    "extra padding": (
        lambda c: any(batch.extra_source + batch.extra_target for batch in c.batches),
        case(((1, 1),), extra_target=1),
    ),
    "extra source padding": (
        lambda c: any(batch.extra_source for batch in c.batches),
        case(((1, 1),), extra_source=1),
    ),
    "any source padding": (
        lambda c: any(len(pair.source) < width(batch, "source", SPEC) for batch in c.batches for pair in batch.pairs),
        case(((1, 1),), extra_source=1),
    ),
    "a smaller second batch": (shrinking_batches, case(((1, 1), (1, 1)), ((1, 1),))),
    "two batches": (lambda c: len(c.batches) > 1, case(((1, 1),), ((1, 1),))),
    "target_length == 1": (lambda c: target_length(c) == 1, case(((1, 1),))),
    "target_length > 5 and batch_size >= 2": (
        lambda c: target_length(c) > 5 and batch_size(c) >= 2,
        case(((1, 1), (1, 6))),
    ),
    "smoothed": (
        lambda c: c.batches[-1].target_encoding == "smoothed_one_hot",
        handed(case(((1, 1),)), target_encoding="smoothed_one_hot"),
    ),
    "embedding_dim > 7": (lambda c: c.dimensions["embedding_dim"] > 7, case(((1, 1),), embedding_dim=8)),
}


def starts(fails: Callable[[Case], bool], count: int, seed: int = 0) -> Iterator[Case]:
    """Yield so many random cases that fail, alike in nothing else."""
    random = Random(seed)
    found = 0
    while found < count:
        made = random_case(random)
        if fails(made):
            assert allowed(made, SPEC)
            found += 1
            yield made


def random_case(random: Random) -> Case:
    """Return a random ordinary case; sizes come in twos now and then, so that equal ones are met too."""
    ranges = {name: SPEC.range_of(name) for name in BUILD}
    sizes = {name: random.randint(SPEC.minimum(name), ranges[name].max) for name in BUILD}
    if random.random() < 0.3:
        sizes["units"] = min(16, sizes["embedding_dim"] + random.choice((0, 2)))
    longest = (random.randint(1, 12), random.randint(1, 12))
    if random.random() < 0.3:
        longest = (random.choice((7, sizes["units"] if sizes["units"] < 13 else 7)), 7)
    batches = tuple(_random_batch(random, sizes, longest) for _ in range(random.choice((1, 1, 1, 2, 3))))
    mode = random.choice(("eager", "graph"))
    return Case(dimensions=sizes, batches=batches, mode=mode, seed=random.choice((0, 7)))  # type: ignore[arg-type]


def _random_batch(random: Random, sizes: dict[str, int], longest: tuple[int, int]) -> Batch:
    """Return a random batch: rows up to the longest, and extra padding where they leave room."""
    ragged = random.random() < 0.6
    words = (sizes["source_vocab_size"], sizes["target_vocab_size"])

    def row(side: int) -> tuple[int, ...]:
        count = random.randint(1, longest[side]) if ragged else longest[side]
        return tuple(random.choice((random.randint(3, words[side] - 1), words[side] - 1)) for _ in range(count - side))

    rows = 40 if random.random() < 0.05 else random.randint(1, 6)
    made = Batch(
        pairs=tuple(Pair(row(0), row(1)) for _ in range(rows)),
        initial_state=random.choice(("none", "zeros", "random")),  # type: ignore[arg-type]
        target_encoding=random.choice(("one_hot", "smoothed_one_hot")),  # type: ignore[arg-type]
    )
    room = [12 - width(made, side, SPEC) for side in ("source", "target")]  # type: ignore[arg-type]
    extra = [random.randint(0, min(4, left)) * (random.random() < 0.4) for left in room]
    return attrs.evolve(made, extra_source=extra[0], extra_target=extra[1])
