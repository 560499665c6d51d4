"""Sizes get names: the numbers of a failure as expressions of dimensions that explain it at two assignments of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations, permutations
from typing import Final

import attrs

from fuzzseq.checks.wording import shape_message
from fuzzseq.protocol.evidence import WrongShape

#: A number that stands alone: no part of a name, of another number or of a type.
_NUMBER: Final = re.compile(r"(?<![\w.])-?\d+(?![\w.]|\.\d)")
#: An index of an array or a list is a place, and no size: ``In[0]``, ``indices[0,1]``.
_INDEX: Final = re.compile(r"(?<=\w)\[[\d,\s]+\]")
#: Values, no sizes, and as many as there are: the labels that TensorFlow appends to one that is out of range, and the
#: numbers of an array that is written out.
_VALUES: Final = re.compile(r"(?<=Label values: )\d[\d ]*(?<! )|(?<=array\()(?:[^()]|\([^()]*\))*(?=\))")
#: An equal number in both assignments is taken for a constant up to here; a fixed dimension beyond is likelier.
_PLAIN: Final = 4
Sizes = Mapping[str, int]
_Form = tuple[str, Callable[..., int], int, bool]

#: What a size can be of one dimension, two or three, the simplest first; and whether the order of these matters.
_FORMS: Final[tuple[_Form, ...]] = (
    ("{}", lambda x: x, 1, False),
    ("{} + 1", lambda x: x + 1, 1, False),
    ("{} - 1", lambda x: x - 1, 1, False),
    ("2*{}", lambda x: 2 * x, 1, False),
    ("4*{}", lambda x: 4 * x, 1, False),
    ("3*{}", lambda x: 3 * x, 1, False),
    ("{}//2", lambda x: x // 2, 1, False),
    ("{}//4", lambda x: x // 4, 1, False),
    ("{} + {}", lambda x, y: x + y, 2, False),
    ("{}*{}", lambda x, y: x * y, 2, False),
    ("{}*{}*{}", lambda x, y, z: x * y * z, 3, False),
)
#: What a size seldom is.
_RARE_FORMS: Final[tuple[_Form, ...]] = (
    ("{} + 2", lambda x: x + 2, 1, False),
    ("{} - 2", lambda x: x - 2, 1, False),
    ("{} - {}", lambda x, y: x - y, 2, True),
    ("{}//{}", lambda x, y: x // max(y, 1), 2, True),
    ("{} + 2*{}", lambda x, y: x + 2 * y, 2, True),
    ("2*{} + 1", lambda x: 2 * x + 1, 1, False),
    ("2*({} + 1)", lambda x: 2 * (x + 1), 1, False),
    ("4*({} + 1)", lambda x: 4 * (x + 1), 1, False),
    ("4*({} - 1)", lambda x: 4 * (x - 1), 1, False),
    ("{}*({} + 1)", lambda x, y: x * (y + 1), 2, True),
    ("{}*({} - 1)", lambda x, y: x * (y - 1), 2, True),
    ("2*{}*{}", lambda x, y: 2 * x * y, 2, False),
)


@attrs.frozen(eq=False)
class Expression:
    """A size in terms of dimensions; ``named`` is False for a number that no dimension explains."""

    text: str
    value: Callable[[Sizes], int]
    named: bool = True

    @staticmethod
    def of_number(number: int) -> Expression:
        """Return a number as itself."""
        return Expression(str(number) if number >= 0 else "None", lambda _: number, named=False)


class Names:
    """The names of sizes, from two assignments of all dimensions that are pairwise different."""

    def __init__(self, one: Sizes, two: Sizes | None, written: Mapping[str, str]) -> None:
        """Keep the assignments; without a second one no expression but a plain name is believed.

        ``written`` says how dimensions are called in an expression.
        """
        self.one, self.two, self.written = one, two, written
        self._known: dict[tuple[int, int], Expression | None] = {}

    def expression(self, a: int, b: int) -> Expression:
        """Return what explains a size that is ``a`` under the first assignment and ``b`` under the second."""
        if (a, b) not in self._known:
            self._known[a, b] = self._found(a, b)
        return self._known[a, b] or Expression.of_number(a)

    def _found(self, a: int, b: int) -> Expression | None:
        fixed = {size for name, size in self.one.items() if self.two is not None and self.two.get(name) == size}
        if a < 0 or b < 0 or (a == b and (a <= _PLAIN or (self.two is not None and a not in fixed))):
            return None
        other = self.two if self.two is not None else self.one
        names = tuple(self.one)

        def fitting(forms: Sequence[_Form]) -> list[Expression]:
            expressions = (
                Expression(text.format(*(self.written.get(n, n) for n in chosen)), partial(_value, function, chosen))
                for text, function, count, ordered in forms
                for chosen in (permutations if ordered else combinations)(names, count)
            )
            return [e for e in expressions if e.value(self.one) == a and e.value(other) == b]

        usual = fitting(_FORMS if self.two is not None else _FORMS[:1])
        if usual:
            return usual[0]
        # Of many forms one is likely to fit by chance, and two that fit say nothing.
        rare = fitting(_RARE_FORMS) if self.two is not None else []
        return rare[0] if len(rare) == 1 else None

    def shape(self, one: Sequence[int], two: Sequence[int] | None) -> tuple[Expression, ...]:
        """Return a shape in names, from the same shape under both assignments."""
        if two is None or len(two) != len(one):
            return tuple(Expression.of_number(size) for size in one)
        return tuple(self.expression(a, b) for a, b in zip(one, two, strict=True))

    def message(self, one: str, two: str | None) -> tuple[str, tuple[int, ...]]:
        """Return a message with names for its sizes, and the numbers above 1 in it that have none.

        The message itself comes back where the one of the second assignment is another.
        """
        one = _VALUES.sub("...", one)
        places = _INDEX.findall(one)
        first, second = (_INDEX.sub("[]", text) for text in (one, _VALUES.sub("...", two or "")))
        if two is None or _NUMBER.split(first) != _NUMBER.split(second):
            return one, ()
        said = []
        nameless = set()
        for a, b in zip(map(int, _NUMBER.findall(first)), map(int, _NUMBER.findall(second)), strict=True):
            found = self.expression(a, b) if a >= 0 else None
            said.append(found.text if found else str(a))
            if found and not found.named and (a != b or a > _PLAIN):
                nameless.add(a)
        words, indices = iter(said), iter(places)
        text = _NUMBER.sub(lambda _: next(words), first)
        return re.sub(r"(?<=\w)\[\]", lambda _: next(indices), text), tuple(sorted(nameless))

    def wrong_shape(self, one: WrongShape, two: WrongShape) -> tuple[str, tuple[int, ...]]:
        """Return what is wrong with a shape in names, and the sizes above 1 in it that have none.

        Nothing comes back where that of the second assignment is of another rank, or no size has a name.
        """
        sizes, others = (*one.expected, *one.actual), (*two.expected, *two.actual)
        if [size is None for size in sizes] != [size is None for size in others]:
            return "", ()
        pairs = zip(sizes, others, strict=True)
        found = [None if a is None or b is None else self.expression(a, b) for a, b in pairs]
        texts = [None if size is None else size.text for size in found]
        nameless = {
            a
            for size, a, b in zip(found, sizes, others, strict=True)
            if a is not None and size and not size.named and (a != b or a > _PLAIN)
        }
        if not any(size and size.named for size in found):
            return "", tuple(sorted(nameless))
        rank = len(one.expected)
        actual = [text for text in texts[rank:] if text is not None]
        message = shape_message(texts[:rank], actual, eager_is_right=one.eager_is_right)
        return message, tuple(sorted(nameless))


def _value(function: Callable[..., int], names: Sequence[str], sizes: Sizes) -> int:
    return function(*(sizes[name] for name in names))
