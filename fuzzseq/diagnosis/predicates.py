"""What a failing region can be: a tree of comparisons of facts, and two of these joined; simple ones first."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, Final, Literal

import attrs
import numpy as np
import numpy.typing as npt

#: A value for each case of a table, by the name of a fact.
Columns = Mapping[str, npt.NDArray[Any]]
Truth = npt.NDArray[np.bool_]

_SMALL: Final = range(1, 17)
_DIVISORS: Final = range(2, 9)
_OFFSETS: Final = (-3, -2, -1, 1, 2)
_JOIN: Final = {"and": 1.0, "or": 1.6}
_RARE: Final = 0.4
#: Names that explain less often than others do.
_SELDOM: Final = ("previous_batch_size", "max_source_id", "max_target_id", "min_source_id", "min_target_id")
_DATA: Final = ("batch_size", "source_length", "target_length")
_PLAIN: Final = {"initial_state": "none", "target_encoding": "sparse"}

#: What stands between two terms; a remainder of a size of nothing is that of one.
_FUNCTIONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": lambda left, right: left % np.maximum(right, 1),
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


@attrs.frozen
class Fact:
    """A fact of a case, by its name."""

    name: str


@attrs.frozen
class Arithmetic:
    """Two terms calculated with."""

    left: Term
    operator: Literal["+", "-", "*", "%"]
    right: Term


#: What is compared: a fact, a number or a text, or a calculation with these.
Term = Fact | Arithmetic | int | str


@attrs.frozen
class Always:
    """Every case."""


@attrs.frozen
class Not:
    """A fact that is true or false, and is false."""

    fact: Fact


@attrs.frozen
class Comparison:
    """Two terms compared."""

    left: Term
    operator: Literal[">", ">=", "<", "==", "!="]
    right: Term


@attrs.frozen
class Joined:
    """Two conditions, both of which hold, or one at least."""

    left: Condition
    word: Literal["and", "or"]
    right: Condition


Condition = Always | Fact | Not | Comparison | Joined


def truth(condition: Condition, table: Columns) -> Truth:
    """Return for each case of a table whether a condition holds."""
    result: Truth
    match condition:
        case Always():
            return np.ones(len(table["batch_size"]), dtype=bool)
        case Fact(name):
            return table[name].astype(bool)
        case Not(fact):
            return ~truth(fact, table)
        case Comparison(left, symbol, right):
            result = _FUNCTIONS[symbol](_value(left, table), _value(right, table))
            return result
        case Joined(left, word, right):
            both = truth(left, table), truth(right, table)
            return both[0] & both[1] if word == "and" else both[0] | both[1]


def _value(term: Term, table: Columns) -> Any:
    match term:
        case Fact(name):
            return table[name]
        case Arithmetic(left, symbol, right):
            return _FUNCTIONS[symbol](_value(left, table), _value(right, table))
        case _:
            return term


def rendered(node: Condition | Term) -> str:
    """Return a condition, or a term, as Python writes it."""
    match node:
        case Always():
            return "True"
        case Fact(name):
            return name
        case Not(fact):
            return f"not {fact.name}"
        case Comparison(left, word, right) | Arithmetic(left, word, right) | Joined(left, word, right):
            return f"{rendered(left)} {word} {rendered(right)}"
        case str():
            return f'"{node}"'
        case int():
            return str(node)


def facts_compared(condition: Condition) -> tuple[tuple[str, ...], ...]:
    """Return the facts that each comparison of a condition speaks of, in order."""
    match condition:
        case Always():
            return ()
        case Joined(left, _, right):
            return facts_compared(left) + facts_compared(right)
        case _:
            return (tuple(_names(condition)),)


def _names(node: Fact | Not | Comparison | Term) -> Iterator[str]:
    match node:
        case Fact(name) | Not(Fact(name)):
            yield name
        case Comparison(left, _, right) | Arithmetic(left, _, right):
            yield from (*_names(left), *_names(right))


@attrs.frozen
class Predicate:
    """A condition on the facts of a case, and its cost: how far from simple it is."""

    condition: Condition
    cost: float


ALWAYS: Final = Predicate(Always(), 0.0)


def atoms(numbers: Sequence[str], facts: Sequence[str], constants: Sequence[int]) -> Iterator[Predicate]:
    """Yield the conditions on one or two facts: ``numbers`` and other ``facts`` by name, constants that were seen."""
    for name in facts:
        fact = Fact(name)
        if name == "mode":
            yield Predicate(Comparison(fact, "==", "graph"), 1.0)
            yield Predicate(Comparison(fact, "==", "eager"), 1.4)
        elif name in _PLAIN:
            yield Predicate(Comparison(fact, "!=", _PLAIN[name]), 1.0)
            yield Predicate(Comparison(fact, "==", _PLAIN[name]), 1.4)
        else:
            yield Predicate(fact, 1.0)
            yield Predicate(Not(fact), 1.4)
    for name in numbers:
        fact, seldom = Fact(name), 0.3 if name in _SELDOM else 0.0
        for constant in sorted({*_SMALL, *constants}):
            # One that the failure shows is likelier.
            more = seldom + (0.0 if constant in constants or constant == 1 else _RARE)
            yield Predicate(Comparison(fact, ">", constant), 1.6 + more - (constant == 1) * 0.8)
            yield Predicate(Comparison(fact, "==", constant), 2.2 + more - (constant == 1) * 1.2)
            if constant > 1:
                yield Predicate(Comparison(fact, "!=", constant), 1.8 + more)
            if constant > 2:
                yield Predicate(Comparison(fact, "<", constant), 2.0 + more)
        for divisor in _DIVISORS:
            remainder = Arithmetic(fact, "%", divisor)
            yield Predicate(Comparison(remainder, "!=", 0), 2.3 + seldom)
            yield Predicate(Comparison(remainder, "==", 0), 2.9 + seldom)
    for one, two in permutations(numbers, 2):
        yield from _of_pair(one, two)


def _of_pair(one: str, two: str) -> Iterator[Predicate]:
    more = 0.3 * ((one in _SELDOM) + (two in _SELDOM))
    ids = one in _SELDOM[1:] and two.endswith("vocab_size")
    x, y = Fact(one), Fact(two)
    if one < two:
        yield Predicate(Comparison(x, "!=", y), 1.9 + more)
        yield Predicate(Comparison(x, "==", y), 2.4 + more)
        if one in _DATA and two in _DATA:
            for most in (4, 8, 9, 12, 16, 20, 24, 32):
                yield Predicate(Comparison(Arithmetic(x, "*", y), ">", most), 3.6)
    yield Predicate(Comparison(x, ">", y), 2.1 + more)
    yield Predicate(Comparison(x, ">=", y), 2.2 + more - ids * 0.5)
    yield Predicate(Comparison(Arithmetic(x, "%", y), "!=", 0), 2.5 + more)
    yield Predicate(Comparison(x, ">", Arithmetic(2, "*", y)), 3.2 + more)
    yield Predicate(Comparison(x, "!=", Arithmetic(2, "*", y)), 3.2 + more)
    for offset in _OFFSETS:
        shifted = Arithmetic(y, "+" if offset > 0 else "-", abs(offset))
        yield Predicate(Comparison(x, ">=", shifted), 2.8 + more + abs(offset) * 0.1 - ids)
        yield Predicate(Comparison(x, "!=", shifted), 3.1 + more)


def joined(one: Predicate, word: Literal["and", "or"], two: Predicate) -> Predicate:
    """Return the predicate that both hold, or one of them."""
    return Predicate(Joined(one.condition, word, two.condition), one.cost + two.cost + _JOIN[word])
