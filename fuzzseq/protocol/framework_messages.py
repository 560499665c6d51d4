"""What TensorFlow's, Keras' and Python's own messages say: the one place that reads them for a meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final

import attrs

from fuzzseq.object_text import text_of
from fuzzseq.sanitize import masked

_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
#: What Keras and TensorFlow put around what an exception says: prefaces, epilogues, and the paths of nodes.
_AROUND: Final = (
    re.compile(r"^(\s*Exception encountered when calling .*?\.\s*\n+)+"),
    re.compile(r"(?:^|\n)\s*(?:Call a|A)rguments received by .*", re.DOTALL),
    re.compile(r"Could not automatically infer the output shape / dtype of .*?Error encountered:\s*", re.DOTALL),
    re.compile(r"\{\{(function_node|node) [^}]*\}\}\s*"),
    re.compile(r"\s*\[Op:\w+\]( name:.*)?"),
    re.compile(r"^in user code:\s*\n.*\n\s*(?=\w*(Error|Exception)\b)", re.DOTALL),
    re.compile(r"\n\n?Stack trace for op definition:.*", re.DOTALL),
)
#: The lines that are left of what stood around it.
_NOISE: Final = re.compile(
    r'File "|Detected at node|Graph execution error:|<stack traces|\[\[|\]\]|Original stack trace'
)
#: Of a longer message the middle is left out: what a chain of exceptions says itself stands last.
_LONGEST: Final = 1990
_OPERATION: Final = re.compile(r"\[Op:(\w+)\]")
_NODE: Final = (re.compile(r"Detected at node (\S+)"), re.compile(r"\{\{node ([^}]+)\}\}"))
_WRAPPED: Final = re.compile(r"__wrapped__(\w+?)_device")
#: What TensorFlow says where ids are taken for text.
_IDS_AS_TEXT: Final = re.compile(r"\bstrings?\b.*\bu?int(32|64)\b|\bu?int(32|64)\b.*\bstrings?\b", re.DOTALL)
#: What Python, or TensorFlow, says where a tensor is taken for a tuple or a dict.
_CTC_LABELS: Final = re.compile("Not enough time for target transition sequence|Labels length is zero in batch")
_TAKEN_APART: Final = re.compile(r"to unpack|Only integers, slices|has no attribute '(keys|items|values|get|pop)'")
#: What Keras says of a call that has something beside tensors in it, before the layer looks at it.
_REFUSED_CALL: Final = re.compile("you cannot mix tensors and non-tensors|Only input tensors may be passed as position")
_OUT_OF_MEMORY: Final = ("std::bad_alloc", "MemoryError", "Out of memory", "out of memory", "Cannot allocate memory")

_SHAPE: Final = re.compile(r"[\[(]((?:\d+|None)(?:,\s*(?:\d+|None))*,?)[\])]")
_NUMBER: Final = re.compile(r"(?<![\d.])\d+(?![\d.])")
#: How TensorFlow, Keras and NumPy write a value: its shape, type and numbers say nothing of what is wrong.
_VALUE: Final = (
    re.compile(r"\barray\((?:[^()]|\([^()]*\))*\)"),
    re.compile(r"<(?=[^<>]*(?:shape|numpy|dtype|value)=|tf\.\w+)[^<>]*(?:<[^<>]*>[^<>]*)*>"),
    re.compile(r"\b(?:\w+\.)?\w*(?:tensor|tensorspec)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"),
)
#: A type beside a value, which says as little.
_TYPE: Final = re.compile(r"dtype=[\w.<>': ]+|has no attribute 'dtype'")
#: What a message says that is about a type.
_OF_TYPES: Final = (
    "dtype",
    "expected to be a float tensor",
    "expected to be a int",
    "data type",
    "is not in the list of allowed values",
)
_SHORT: Final = 80


def innermost(message: str) -> str:
    """Return what an exception says itself: of a chain of them the last, and no example that Keras appends."""
    return message.rsplit("Exception encountered: ", 1)[-1].split("\nExample:", 1)[0].replace("\n", " ")


def plain_operation(name: str) -> str:
    """Return an operation's name without the marks of a library or a version: ``__MklMatMul`` is ``MatMul``."""
    return re.sub(r"V\d+$", "", re.sub(r"^_+(Mkl|OneDnn)?(Native)?", "", name))


class Topic(Enum):
    """What a message can be about, each with the words that say so."""

    RAGGED_ROWS = ("non-rectangular", "inhomogeneous", "ragged")
    SHAPES = ("shape", "dimension", "rank", "incompatible", "broadcast", "size", "equal", "axis", "axes")
    WIDTHS = ("incompatible", "dimensions", "shape", "expected axis", "must be equal")
    SHAPE = ("shape",)
    RANK = ("rank",)
    INCOMPATIBLE = ("incompatible",)
    #: An axis was to have another size, as Keras' InputSpec says it.
    EXPECTED_AXIS = ("expected axis",)
    RESHAPE = ("reshape",)
    ELEMENTS = ("number of elements",)
    STRUCTURE = ("the same nested structure",)
    #: The array in which a loop keeps what it carries from step to step.
    LOOP_ARRAY = ("tensorarray",)
    #: TensorFlow says outright which type it expected.
    EXPECTED_TYPE = ("was expected to be a",)
    #: What a recurrent layer keeps, or begins with.
    STATE = ("stateful", "initial_state", "initial state")
    #: A weight is to be made whose size is that of an open axis.
    OPEN_WEIGHT = ("must be fully-defined", "should be defined")
    NO_GRADIENT = ("gradient registry has no entry", "no gradient defined for operation")


@attrs.frozen
class FrameworkMessage:
    """The message of an exception, empty where nothing raised, and what it speaks of."""

    message: str

    @property
    def plain(self) -> str:
        """The message without ANSI codes."""
        return _ANSI.sub("", self.message)

    @property
    def cleaned(self) -> str:
        """The message without ANSI codes, Keras' preface and epilogue, TensorFlow's node paths, and secrets."""
        text = self.plain
        for around in _AROUND:
            text = around.sub("", text)
        lines = (line.strip() for line in text.splitlines())
        # A secret is masked before half of it is cut off.
        return text_of(masked("\n".join(line for line in lines if line and not _NOISE.match(line))), _LONGEST)

    @property
    def operation(self) -> str:
        """The TensorFlow operation that it names, without its variant; empty where it names none."""
        text = self.plain
        named = _OPERATION.search(text)
        if named and not named.group(1).startswith("__inference"):
            return plain_operation(named.group(1))
        if node := _NODE[0].search(text) or _NODE[1].search(text):
            return plain_operation(re.sub(r"_\d+$", "", node.group(1).rsplit("/", 1)[-1]))
        wrapped = _WRAPPED.search(text)
        return plain_operation(wrapped.group(1)) if wrapped else ""

    @property
    def takes_ids_for_text(self) -> bool:
        """Whether something that takes text was given ids."""
        return bool(_IDS_AS_TEXT.search(self.message))

    @property
    def refuses_ctc_labels(self) -> bool:
        """Whether a loss of CTC was given more labels than a path through its steps can hold, or none at all."""
        return bool(_CTC_LABELS.search(self.message))

    @property
    def takes_tensor_apart(self) -> bool:
        """Whether a tensor was taken for a tuple or a dict."""
        return bool(_TAKEN_APART.search(self.message))

    @property
    def refuses_none(self) -> bool:
        """Whether Keras refuses None beside tensors in a call, as it does before 3.4."""
        return bool(_REFUSED_CALL.search(self.message)) and "none" in self.said

    @property
    def of_memory(self) -> bool:
        """Whether it is about a limit on memory; so may be all that a process printed."""
        return any(words in self.message for words in _OUT_OF_MEMORY)

    def names(self, words: Iterable[str]) -> bool:
        """Say whether it has one of some words, in whatever case, outside of the values that are written in it."""
        return any(word in self.said for word in words)

    @property
    def text(self) -> str:
        """The message in lower case."""
        return self.message.lower()

    @property
    def said(self) -> str:
        """The message in lower case without the values that are written in it."""
        text = self.text
        for value in _VALUE:
            text = value.sub("...", text)
        return text

    @property
    def short(self) -> str:
        """The beginning of the message."""
        return self.text[:_SHORT]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes that it names, without the sizes that are not known."""
        return tuple(tuple(int(n) for n in re.findall(r"\d+", found)) for found in _SHAPE.findall(self.said))

    @property
    def numbers(self) -> Iterator[int]:
        """The whole numbers in it."""
        return (int(number) for number in _NUMBER.findall(self.said))

    @property
    def beyond_table(self) -> bool:
        """Whether it is about an id, or a label, which a table or the classes of an output do not hold."""
        return "is not in [0" in self.text or ("label value" in self.text and "outside" in self.text)

    def speaks_of(self, *topics: Topic) -> bool:
        """Say whether it has words of one of some topics."""
        return any(self.names(topic.value) for topic in topics)

    @property
    def of_missing_index(self) -> bool:
        """Whether it is Python's for a list that is too short."""
        return self.text.startswith("list index out of range")

    @property
    def of_types(self) -> bool:
        """Whether it is about the type of a tensor."""
        text = _TYPE.sub("", self.said)
        return any(words in text for words in _OF_TYPES)

    @property
    def of_booleans(self) -> bool:
        """Whether it is about booleans, beside how a tensor is written."""
        return "bool" in _TYPE.sub("", self.said)
