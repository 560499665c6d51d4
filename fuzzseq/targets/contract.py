"""What a model accepts: the `Contract` by which its inputs are drawn, built and handed over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import compress
from typing import Final, Literal, get_args

import attrs

from fuzzseq.errors import SpecError, nearest
from fuzzseq.grammar import Count, Identifier, Line, Reference
from fuzzseq.targets.decode_call import DecodeCall
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN, Dim
from fuzzseq.targets.input_forms import InputForms
from fuzzseq.targets.inputs import Input, Parameter
from fuzzseq.targets.part_calls import PartCall
from fuzzseq.targets.series import Series
from fuzzseq.targets.steps import OutputSteps
from fuzzseq.targets.tokens import Tokens
from fuzzseq.targets.training_batch import TrainingBatch

Kind = Literal["seq2seq", "encoder", "decoder", "many_to_many"]
#: How labels may be declared. A case of one-hot labels may smooth them.
TargetEncoding = Literal["sparse", "one_hot"]
Encoding = Literal[TargetEncoding, "smoothed_one_hot"]
#: What labels are: classes of a vocabulary, values of a series, or classes of fewer steps, with blanks between them.
Labels = Literal["classes", "float", "ctc"]
Padding = Literal["post", "pre"]
Side = Literal["source", "target"]

SIDES: Final[tuple[Side, ...]] = get_args(Side)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ENCODINGS: Final[tuple[TargetEncoding, ...]] = get_args(TargetEncoding)
LABELS: Final[tuple[Labels, ...]] = get_args(Labels)
PADDINGS: Final[tuple[Padding | None, ...]] = (*get_args(Padding), None)
#: A name of an expression over dimensions, or a text in it, which is none.
_WORD: Final = re.compile(r'"[^"]*"|[^\W\d]\w*')
#: Cells with a known layout of states; a multiple-layer model takes them layer after layer.
CELLS: Final = ("lstm", "gru", "bidirectional-lstm", "bidirectional-gru")


@attrs.frozen(kw_only=True)
class Contract:
    """What a model accepts. Plain data: functions are held as references (``file.py:name``).

    Two models with the same contract take the same cases in the same way: known cases are kept by it, and a run that is
    resumed goes on where it is the same. ``static`` are the dimensions of a batch that the built model fixes,
    ``state_arguments`` the dimensions that the function ``initial_state`` takes. Padding of ``unpadded`` sides is
    unspecified, and ``target_padding`` is where that of targets is, if not where that of sources is. ``features`` says
    that the output is no scores, which labels could be for; ``sample_weight`` what the compiled loss is given beside
    them, ``"mask"`` or a function of ``weight_arguments``; ``batch`` what a training step of the user's own is given.
    ``forms`` are those of inputs that hold no ids. ``rows`` is the batch size that stands in a model which other
    sizes come to, and ``first_batch`` says that a factory is called with the size of the first batch alone. A
    ``stateful`` model keeps its state from batch to batch on purpose. ``causal`` says that a model without a
    decoder is to read no later step than the one it predicts; ``output_steps`` how many steps it has then.
    ``decode`` is the decode loop, and ``decode_call`` how it is called.
    """

    kind: Kind = "seq2seq"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="source_vocab_size", dimension="source_vocab_size"),
        Parameter(name="target_vocab_size", dimension="target_vocab_size"),
        Parameter(name="embedding_dim", dimension="embedding_dim"),
        Parameter(name="units", dimension="units"),
    )
    dimensions: Mapping[Identifier, Dim] = attrs.field(factory=dict)
    static: tuple[Identifier, ...] = ()
    tokens: Tokens = Tokens()
    series: Series = attrs.field(factory=Series)
    padding: Padding | None = "post"
    target_padding: Padding | None = None
    unpadded: tuple[Side, ...] = ()
    initial_state: Reference | None = None
    state_arguments: tuple[Identifier, ...] = ()
    labels: Labels = "classes"
    target_encoding: TargetEncoding = "sparse"
    loss: Reference | None = None
    sample_weight: Reference | None = None
    weight_arguments: tuple[Identifier, ...] = ()
    rows: Count | None = None
    first_batch: bool = False
    stateful: bool = False
    batch: TrainingBatch = TrainingBatch()
    preprocess: Reference | None = None
    inputs: tuple[Input, ...] = (Input(role="source"), Input(role="decoder_input"))
    forms: InputForms = attrs.field(factory=InputForms)
    float_source: bool = False
    calling: Literal["single", "list", "tuple", "dict", "arguments", "steps"] = "list"
    takes_training: bool = True
    graph: bool = True
    encoder: PartCall | None = None
    decoder: PartCall | None = None
    decode: Reference | None = None
    decode_call: DecodeCall | None = None
    output: Line | int | None = None
    features: bool = False
    causal: bool = False
    output_steps: OutputSteps = None

    def objection(self) -> str:
        """Return what is wrong with what was read: the dimension of a parameter has no range; else nothing."""
        unknown = [
            p.dimension for p in self.parameters if p.dimension not in KNOWN and p.dimension not in self.dimensions
        ]
        return f"the dimension {unknown[0]!r} of a parameter has no range" if unknown else ""

    @property
    def has_source(self) -> bool:
        """Whether the model reads a source sequence."""
        return self.kind != "decoder"

    @property
    def has_target(self) -> bool:
        """Whether the model reads shifted target tokens."""
        return self.kind in ("seq2seq", "decoder")

    @property
    def takes_labels(self) -> bool:
        """Whether the model is given the labels, and makes of them what its decoder reads."""
        return any(item.role == "labels" for item in self.inputs)

    @property
    def has_labels(self) -> bool:
        """Whether the model's output is scored token by token."""
        return self.kind != "encoder" and not self.features

    @property
    def has_target_ids(self) -> bool:
        """Whether rows have target ids: a decoder reads them, or they are labels."""
        return self.has_target or self.has_labels

    @property
    def has_classes(self) -> bool:
        """Whether labels are classes of a vocabulary, one for each step."""
        return self.has_labels and self.labels == "classes"

    @property
    def is_ctc(self) -> bool:
        """Whether labels are classes of fewer steps than the output has."""
        return self.has_labels and self.labels == "ctc"

    @property
    def float_labels(self) -> bool:
        """Whether labels are values of a series."""
        return self.has_labels and self.labels == "float"

    @property
    def float_decoder(self) -> bool:
        """Whether the decoder reads values of a series."""
        return self.float_labels and self.has_target and self.series.decoder_channels is not None

    def sides(self) -> tuple[Side, ...]:
        """Return the sides whose widths are dimensions of a batch."""
        return tuple(compress(SIDES, (self.has_source, self.has_target)))

    def fixed(self) -> frozenset[str]:
        """Return the dimensions of a batch that the built model fixes: all batches of a case agree on them."""
        named = {*self.static, *(p.dimension for p in self.parameters)}
        return frozenset(DATA_DIMENSIONS).intersection(named - {"batch_size"} if self.first_batch else named)

    def built_width(self, side: Side) -> str | None:
        """Return the dimension that the factory is called with and a side is always as wide as; None where none is."""
        name = f"{side}_length"
        tied = self.dimensions[name].equal_to if name in self.dimensions else None
        carried = {parameter.dimension for parameter in self.parameters}
        return next((str(each) for each in (tied, name) if each in carried), None)

    def fixes_rows(self) -> bool:
        """Say whether the number of rows is fixed, or stands in the model: one row is then no batch to compare with."""
        return self.rows is not None or "batch_size" in self.fixed()

    def pads(self, side: Side) -> bool:
        """Say whether padding of a side is specified: more of it changes nothing at real positions."""
        return self.padding is not None and side not in self.unpadded

    def pads_itself(self, side: Side) -> bool:
        """Say whether the user's own preprocessing, or what takes sentences, pads a side in our place."""
        return bool(side == "source" and self.preprocess) or self.forms.pads_itself(side)

    def range_of(self, dimension: str) -> Dim:
        """Return the declared range of a dimension, else the usual one of a known dimension."""
        if dimension in self.dimensions:
            return self.dimensions[dimension]
        if dimension in KNOWN:
            return KNOWN[dimension][0]
        raise SpecError(f"The Spec has no dimension {dimension!r}.{nearest(dimension, self.names())}")

    def build_dimensions(self) -> tuple[str, ...]:
        """Return the dimensions that the factory is called with, and do not come from a batch, in report order."""
        return self._build_dimensions

    @cached_property
    def _build_dimensions(self) -> tuple[str, ...]:
        """What :meth:`build_dimensions` returns; a search asks for it a million times."""
        named = {p.dimension for p in self.parameters} | set(self.dimensions)
        named |= {name for name in (self.vocabulary("source"), self.vocabulary("target")) if name}
        if self.float_source:
            named.add("feature_dim")
        return tuple(name for name in (*KNOWN, *sorted(named - set(KNOWN))) if name in named - set(DATA_DIMENSIONS))

    def data_dimensions(self) -> tuple[str, ...]:
        """Return the dimensions of a batch that this kind of model has."""
        return tuple(compress(DATA_DIMENSIONS, (True, self.has_source, self.has_target)))

    def names(self) -> tuple[str, ...]:
        """Return every dimension of the model, those of a batch first."""
        return (*self.data_dimensions(), *self.build_dimensions())

    @cached_property
    def written(self) -> Mapping[str, str]:
        """How the dimensions are called where a person reads of them: as the factory calls its parameters.

        One that two parameters carry keeps its own name, and so does one whose parameter is called as another is.
        """
        carriers = Counter(p.dimension for p in self.parameters)
        own = {
            p.dimension: p.name
            for p in self.parameters
            if carriers[p.dimension] == 1 and (p.name not in (*KNOWN, *self.names()) or p.name == p.dimension)
        }
        return {name: own.get(name, name) for name in (*KNOWN, *self.names())}

    def in_written_names(self, expression: str) -> str:
        """Return an expression over dimensions, as ``units % num_heads != 0``, with their :attr:`written` names."""
        return _WORD.sub(lambda word: self.written.get(word[0], word[0]), expression)

    def written_sizes(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return sizes by the :attr:`written` names of their dimensions, in the order in which they are given."""
        return {self.written.get(name, name): size for name, size in sizes.items()}

    def vocabulary(self, side: Side) -> str | None:
        """Return the dimension that holds the vocabulary of a side; None for float features or a missing side."""
        return self._vocabularies[side]

    @cached_property
    def _vocabularies(self) -> dict[Side, str | None]:
        """What :meth:`vocabulary` returns of each side."""
        known = {p.dimension for p in self.parameters} | set(self.dimensions)
        values = self.float_labels and (self.float_decoder or not self.has_target)
        target = ("output_dim", "vocab_size") if self.kind == "many_to_many" else ("vocab_size", "output_dim")
        names: dict[Side, tuple[str, ...]] = {
            "source": ("source_vocab_size", "vocab_size") if self.has_source and not self.float_source else (),
            "target": ("target_vocab_size", *target) if self.has_target_ids and not values else (),
        }
        return {
            side: next((n for n in choices if n in known), choices[0] if choices else None)
            for side, choices in names.items()
        }

    def lowest_id(self, side: Side) -> int:
        """Return the lowest ordinary id of a side; of a many-to-many model's labels none but padding is special."""
        if side in self.forms.text:
            return self.forms.text[side].ordinary[0]
        if side == "target" and self.kind == "many_to_many":
            return int(0 in (self.tokens.label_pad, self.tokens.blank))
        return self.tokens.word_from(0, target=side == "target")

    def is_word(self, side: Side, word: int) -> bool:
        """Say whether an id is an ordinary one of a side, whatever the vocabulary."""
        if (text := self.forms.text.get(side)) is not None:
            return word in text.ordinary
        return word >= self._lowest[side] and word not in self._specials[side]

    def word_near(self, side: Side, word: int, high: int) -> int:
        """Return an id where it is an ordinary one of a side, else the next one up to ``high``, else the lowest."""
        near = next((each for each in range(word, high + 1) if self.is_word(side, each)), None)
        return min(self._lowest[side], high) if near is None else near

    def size_for(self, side: Side, words: int) -> int:
        """Return the smallest vocabulary of a side that holds so many ordinary words, and the special ids."""
        tags = side == "target" and self.kind == "many_to_many"
        return self._lowest[side] + words if tags else self.tokens.size_for(words, target=side == "target")

    def plain_id(self, side: Side) -> int:
        """Return the first ordinary id of a side beyond all ids that are special, or have a name."""
        return self._lowest[side] if side in self.forms.text else self.size_for(side, 0)

    def named_words(self, side: Side = "source") -> tuple[int, ...]:
        """Return the ids that have a name, and occur in a source like any other; of text, that of unknown words."""
        text = self.forms.text.get(side)
        unknown = () if text is None or text.unknown is None else (text.unknown,)
        return self.tokens.named_words() if text is None else unknown

    @cached_property
    def _specials(self) -> dict[Side, frozenset[int]]:
        """The ids that are no ordinary ones of a side; the labels of a many-to-many model are classes."""
        tags = self.kind == "many_to_many"
        return {
            side: frozenset() if tags and side == "target" else self.tokens.specials(target=side == "target")
            for side in SIDES
        }

    @cached_property
    def _lowest(self) -> dict[Side, int]:
        """What :meth:`lowest_id` returns of each side."""
        return {side: self.lowest_id(side) for side in SIDES}

    def minimum(self, dimension: str) -> int:
        """Return the smallest ordinary value of a dimension; a vocabulary holds two words above its special tokens."""
        if dimension not in self._minima:
            allowed = self.range_of(dimension)
            words = [self.size_for(side, 2) for side in SIDES if self.vocabulary(side) == dimension]
            words = [least + (self.tokens.blank == -1) for least in words]
            self._minima[dimension] = min(max(allowed.min, *words), allowed.max) if words else allowed.min
        return self._minima[dimension]

    @cached_property
    def _minima(self) -> dict[str, int]:
        """What :meth:`minimum` has returned so far."""
        return {}
