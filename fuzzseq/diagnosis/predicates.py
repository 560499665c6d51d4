"""What a failing region can be: comparisons of facts, divisibility, and two of these joined, simple ones first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

#: A value for each case of a table, by the name of a fact.
Columns = Mapping[str, npt.NDArray[Any]]
Truth = npt.NDArray[np.bool_]

_SMALL: Final = range(1, 17)
_DIVISORS: Final = range(2, 9)
_OFFSETS: Final = (-3, -2, -1, 1, 2)
_JOIN, _EITHER, _RARE = 1.0, 1.6, 0.4
#: Names that explain less often than others do.
_SELDOM: Final = ("previous_batch_size", "max_source_id", "max_target_id")
_DATA: Final = ("batch_size", "source_length", "target_length")


@attrs.frozen(eq=False)
class Predicate:
    """A condition on the facts of a case, or two of them joined: as Python would write it, its cost, and its truth.

    ``cost`` is how far from simple it is; ``conditions`` are the facts that each condition in it speaks of, in order.
    """

    text: str
    cost: float
    truth: Callable[[Columns], Truth]
    conditions: tuple[tuple[str, ...], ...] = ()

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Say whether the condition holds for the facts of one case."""
        return bool(self.truth({name: np.asarray([value]) for name, value in facts.items()})[0])


#: Every case fails.
ALWAYS: Final = Predicate("True", 0.0, lambda table: np.ones(len(table["batch_size"]), dtype=bool))


def atoms(numbers: Sequence[str], facts: Sequence[str], constants: Sequence[int]) -> Iterator[Predicate]:
    """Yield the conditions on one or two facts: ``numbers`` and other ``facts`` by name, constants that were seen."""
    for name in facts:
        yield from _of_fact(name)
    for name in numbers:
        for constant in sorted({*_SMALL, *constants}):
            yield from _of_constant(name, constant, constant in constants)
        for divisor in _DIVISORS:
            yield from _of_divisor(name, divisor)
    for one, two in permutations(numbers, 2):
        yield from _of_pair(one, two)


def _of_fact(name: str) -> Iterator[Predicate]:
    """Yield the conditions on a fact that is no number."""
    plain = {"initial_state": "none", "target_encoding": "sparse", "mode": "eager"}.get(name)
    if plain is None:
        yield Predicate(name, 1.0, lambda t: t[name].astype(bool), ((name,),))
        yield Predicate(f"not {name}", 1.4, lambda t: ~t[name].astype(bool), ((name,),))
    elif name == "mode":
        yield Predicate('mode == "graph"', 1.0, lambda t: t[name] == "graph", ((name,),))
        yield Predicate('mode == "eager"', 1.4, lambda t: t[name] == "eager", ((name,),))
    else:
        yield Predicate(f'{name} != "{plain}"', 1.0, lambda t: t[name] != plain, ((name,),))
        yield Predicate(f'{name} == "{plain}"', 1.4, lambda t: t[name] == plain, ((name,),))


def _of_constant(name: str, c: int, seen: bool) -> Iterator[Predicate]:
    """Yield the comparisons of a number with a constant; one that the failure shows is likelier."""
    more = (0.3 if name in _SELDOM else 0.0) + (0.0 if seen or c == 1 else _RARE)
    yield Predicate(f"{name} > {c}", 1.6 + more - (c == 1) * 0.8, lambda t: t[name] > c, ((name,),))
    yield Predicate(f"{name} == {c}", 2.2 + more - (c == 1) * 1.2, lambda t: t[name] == c, ((name,),))
    if c > 1:
        yield Predicate(f"{name} != {c}", 1.8 + more, lambda t: t[name] != c, ((name,),))
    if c > 2:
        yield Predicate(f"{name} < {c}", 2.0 + more, lambda t: t[name] < c, ((name,),))


def _of_divisor(name: str, divisor: int) -> Iterator[Predicate]:
    """Yield whether a number divides another."""
    more = 0.3 if name in _SELDOM else 0.0
    yield Predicate(f"{name} % {divisor} != 0", 2.3 + more, lambda t: t[name] % divisor != 0, ((name,),))
    yield Predicate(f"{name} % {divisor} == 0", 2.9 + more, lambda t: t[name] % divisor == 0, ((name,),))


def _of_pair(x: str, y: str) -> Iterator[Predicate]:
    """Yield the comparisons of two numbers, as they are, with an offset, and with a small multiple."""
    more = 0.3 * ((x in _SELDOM) + (y in _SELDOM))
    both = ((x, y),)
    ids = x in _SELDOM[1:] and y.endswith("vocab_size")
    if x < y:
        yield Predicate(f"{x} != {y}", 1.9 + more, lambda t: t[x] != t[y], both)
        yield Predicate(f"{x} == {y}", 2.4 + more, lambda t: t[x] == t[y], both)
        if x in _DATA and y in _DATA:
            for most in (4, 8, 9, 12, 16, 20, 24, 32):
                yield Predicate(f"{x} * {y} > {most}", 3.6, lambda t, most=most: t[x] * t[y] > most, both)  # type: ignore[misc]
    yield Predicate(f"{x} > {y}", 2.1 + more, lambda t: t[x] > t[y], both)
    yield Predicate(f"{x} >= {y}", 2.2 + more - ids * 0.5, lambda t: t[x] >= t[y], both)
    yield Predicate(f"{x} % {y} != 0", 2.5 + more, lambda t: t[x] % np.maximum(t[y], 1) != 0, both)
    yield Predicate(f"{x} > 2 * {y}", 3.2 + more, lambda t: t[x] > 2 * t[y], both)
    yield Predicate(f"{x} != 2 * {y}", 3.2 + more, lambda t: t[x] != 2 * t[y], both)
    for offset in _OFFSETS:
        said = f"{y} {'+' if offset > 0 else '-'} {abs(offset)}"
        yield Predicate(
            f"{x} >= {said}",
            2.8 + more + abs(offset) * 0.1 - ids,
            lambda t, o=offset: t[x] >= t[y] + o,  # type: ignore[misc]
            both,
        )
        yield Predicate(f"{x} != {said}", 3.1 + more, lambda t, o=offset: t[x] != t[y] + o, both)  # type: ignore[misc]


def joined(one: Predicate, two: Predicate) -> Predicate:
    """Return the condition that both hold."""
    conditions, cost = one.conditions + two.conditions, one.cost + two.cost + _JOIN
    return Predicate(f"{one.text} and {two.text}", cost, lambda t: one.truth(t) & two.truth(t), conditions)


def either(one: Predicate, two: Predicate) -> Predicate:
    """Return the condition that one of two holds."""
    conditions, cost = one.conditions + two.conditions, one.cost + two.cost + _EITHER
    return Predicate(f"{one.text} or {two.text}", cost, lambda t: one.truth(t) | two.truth(t), conditions)
