"""What a model accepts: the `Contract` by which its inputs are drawn, built and handed over."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import compress
from typing import Annotated, Final, Literal, get_args

import attrs

from fuzzseq.errors import SpecError, nearest
from fuzzseq.grammar import Count, Id, Identifier, Line, Matches, Reference
from fuzzseq.targets.decode_call import DecodeCall
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN, Dim
from fuzzseq.targets.part_calls import PartCall
from fuzzseq.targets.series import Series
from fuzzseq.targets.steps import OutputSteps

Kind = Literal["seq2seq", "encoder", "decoder", "many_to_many"]
#: How labels may be declared. A case of one-hot labels may smooth them.
TargetEncoding = Literal["sparse", "one_hot"]
Encoding = Literal[TargetEncoding, "smoothed_one_hot"]
#: What labels are: classes of a vocabulary, values of a series, or classes of fewer steps, with blanks between them.
Labels = Literal["classes", "float", "ctc"]
Padding = Literal["post", "pre"]
SampleWeight = Literal["mask"]
Side = Literal["source", "target"]

SIDES: Final[tuple[Side, ...]] = get_args(Side)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ENCODINGS: Final[tuple[TargetEncoding, ...]] = get_args(TargetEncoding)
LABELS: Final[tuple[Labels, ...]] = get_args(Labels)
PADDINGS: Final[tuple[Padding | None, ...]] = (*get_args(Padding), None)
#: What may weigh the labels of a batch in its loss: the mask of real steps, or nothing.
SAMPLE_WEIGHTS: Final[tuple[SampleWeight | None, ...]] = (*get_args(SampleWeight), None)
#: What an input of a model can be. ``*_mask`` is 1 at real positions, ``*_length`` counts them. A model that shifts the
#: target itself takes ``labels`` in the place of ``decoder_input``.
ROLES: Final = (
    "source",
    "decoder_input",
    "labels",
    "source_mask",
    "target_mask",
    "source_length",
    "target_length",
    "state",
)
#: One of them.
Role = Annotated[str, Matches(re.compile("|".join(ROLES)), f"one of {', '.join(ROLES)}", 20)]
#: A name of an expression over dimensions, or a text in it, which is none.
_WORD: Final = re.compile(r'"[^"]*"|[^\W\d]\w*')
#: Cells with a known layout of states; a multiple-layer model takes them layer after layer.
CELLS: Final = ("lstm", "gru", "bidirectional-lstm", "bidirectional-gru")


@attrs.frozen(kw_only=True)
class Tokens:
    """The ids of the special tokens; None where a model has none.

    ``label_pad`` is what labels are padded with, where that is not ``pad``: -100, for example, which no loss counts.
    ``blank`` is the class of CTC that stands for no label: -1 is the last one.
    """

    pad: Id = 0
    start: Id | None = 1
    end: Id | None = 2
    label_pad: Id | None = None
    blank: Id | None = None

    def specials(self) -> tuple[int, ...]:
        """Return the ids that are no ordinary words."""
        return tuple(sorted({t for t in (self.pad, self.start, self.end) if t is not None}))

    def lowest_word(self) -> int:
        """Return the first id above the special tokens."""
        return self.specials()[-1] + 1


@attrs.frozen(kw_only=True)
class Input:
    """One input of a model: what it is, and how it is handed over.

    ``key`` is the name in a dict or of a keyword argument; None for inputs by position.
    ``rank`` and ``dtype`` are the model's own, where it states them. ``inverted`` is True for a mask of padding.
    ``required`` is True for an argument that a call cannot leave out; ``steps_last`` for rows of floats that are taken
    as (batch, width, steps).
    """

    role: Role
    key: Line | None = None
    rank: Count | None = None
    dtype: Line | None = None
    inverted: bool = False
    required: bool = False
    steps_last: bool = False


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a factory that carries a dimension."""

    name: Identifier
    dimension: Identifier
    default: int | None = None


@attrs.frozen(kw_only=True)
class Contract:
    """What a model accepts. Plain data: functions are held as references (``file.py:name``).

    Two models with the same contract take the same cases in the same way: known cases are kept by it, and a run that is
    resumed goes on where it is the same. ``static`` are the dimensions of a batch that the built model fixes,
    ``state_arguments`` the dimensions that the function ``initial_state`` takes. ``features`` says that the output is
    no scores, which labels could be for; ``sample_weight`` what the compiled loss is given beside them; ``causal`` that
    a model without a decoder is to read no later step than the one it predicts; ``output_steps`` how many steps it has
    then. ``decode`` is the decode loop, and ``decode_call`` how it is called.
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
    initial_state: Reference | None = None
    state_arguments: tuple[Identifier, ...] = ()
    labels: Labels = "classes"
    target_encoding: TargetEncoding = "sparse"
    loss: Reference | None = None
    sample_weight: SampleWeight | None = None
    preprocess: Reference | None = None
    inputs: tuple[Input, ...] = (Input(role="source"), Input(role="decoder_input"))
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
        if side == "target" and self.kind == "many_to_many":
            return int(0 in (self.tokens.label_pad, self.tokens.blank))
        return self.tokens.lowest_word()

    def minimum(self, dimension: str) -> int:
        """Return the smallest ordinary value of a dimension; a vocabulary holds two words above its special tokens."""
        if dimension not in self._minima:
            allowed = self.range_of(dimension)
            words = [self.lowest_id(side) + 2 for side in SIDES if self.vocabulary(side) == dimension]
            words = [least + (self.tokens.blank == -1) for least in words]
            self._minima[dimension] = min(max(allowed.min, *words), allowed.max) if words else allowed.min
        return self._minima[dimension]

    @cached_property
    def _minima(self) -> dict[str, int]:
        """What :meth:`minimum` has returned so far."""
        return {}
