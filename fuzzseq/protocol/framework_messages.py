"""What TensorFlow's, Keras' and Python's own messages say: the one place that reads them for a meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

_SHAPE: Final = re.compile(r"[\[(]((?:\d+|None)(?:,\s*(?:\d+|None))*,?)[\])]")
_NUMBER: Final = re.compile(r"(?<![\d.])\d+(?![\d.])")
#: The type in how TensorFlow writes a tensor or its spec, which says nothing of what is wrong.
_REPRESENTED: Final = re.compile(r"dtype=[\w.<>': ]+|has no attribute 'dtype'")
#: What a message says that is about a type.
_OF_TYPES: Final = (
    "dtype",
    "expected to be a float tensor",
    "expected to be a int",
    "data type",
    "is not in the list of allowed values",
)
#: A message about shapes has one of these.
_OF_SHAPES: Final = ("shape", "dimension", "rank", "incompatible", "broadcast", "size", "equal", "axis", "axes")
_OF_WIDTHS: Final = ("incompatible", "dimensions", "shape", "expected axis", "must be equal")
_SHORT: Final = 80


def innermost(message: str) -> str:
    """Return what an exception says itself: of a chain of them the last, and no example that Keras appends."""
    return message.rsplit("Exception encountered: ", 1)[-1].split("\nExample:", 1)[0].replace("\n", " ")


@attrs.frozen
class FrameworkMessage:
    """The message of an exception, empty where nothing raised, and what it speaks of."""

    message: str

    @property
    def text(self) -> str:
        """The message in lower case."""
        return self.message.lower()

    @property
    def short(self) -> str:
        """The beginning of the message."""
        return self.text[:_SHORT]

    def _has(self, *words: str) -> bool:
        return any(word in self.text for word in words)

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes that it names, without the sizes that are not known."""
        return tuple(tuple(int(n) for n in re.findall(r"\d+", found)) for found in _SHAPE.findall(self.text))

    @property
    def numbers(self) -> Iterator[int]:
        """The whole numbers in it."""
        return (int(number) for number in _NUMBER.findall(self.text))

    @property
    def beyond_table(self) -> bool:
        """Whether it is about an id, or a label, which a table or the classes of an output do not hold."""
        return self._has("is not in [0") or (self._has("label value") and self._has("outside"))

    @property
    def of_ragged_rows(self) -> bool:
        """Whether it is about rows of different lengths."""
        return self._has("non-rectangular", "inhomogeneous", "ragged")

    @property
    def of_shapes(self) -> bool:
        """Whether it is about shapes, in whatever words."""
        return self._has(*_OF_SHAPES)

    @property
    def of_widths(self) -> bool:
        """Whether it says that two sizes do not fit."""
        return self._has(*_OF_WIDTHS)

    @property
    def names_shape(self) -> bool:
        """Whether it has the word itself."""
        return self._has("shape")

    @property
    def names_rank(self) -> bool:
        """Whether it is about a number of axes."""
        return self._has("rank")

    @property
    def incompatible(self) -> bool:
        """Whether it calls something incompatible."""
        return self._has("incompatible")

    @property
    def expected_axis(self) -> bool:
        """Whether an axis was to have another size, as Keras' InputSpec says it."""
        return self._has("expected axis")

    @property
    def of_reshape(self) -> bool:
        """Whether it is about a reshape."""
        return self._has("reshape")

    @property
    def of_elements(self) -> bool:
        """Whether it is about a number of elements that does not fit."""
        return self._has("number of elements")

    @property
    def of_missing_index(self) -> bool:
        """Whether it is Python's for a list that is too short."""
        return self.text.startswith("list index out of range")

    @property
    def of_structure(self) -> bool:
        """Whether two nested structures differ."""
        return self._has("the same nested structure")

    @property
    def of_types(self) -> bool:
        """Whether it is about the type of a tensor."""
        text = _REPRESENTED.sub("", self.text)
        return any(words in text for words in _OF_TYPES)

    @property
    def of_booleans(self) -> bool:
        """Whether it is about booleans, beside how a tensor is written."""
        return "bool" in _REPRESENTED.sub("", self.text)

    @property
    def of_loop_array(self) -> bool:
        """Whether it is about the array in which a loop keeps what it carries from step to step."""
        return self._has("tensorarray")

    @property
    def states_expected_type(self) -> bool:
        """Whether TensorFlow says outright which type it expected."""
        return self._has("was expected to be a")

    @property
    def without_gradient(self) -> bool:
        """Whether it says that an operation has none."""
        return self._has("gradient registry has no entry", "no gradient defined for operation")
