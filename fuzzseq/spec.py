"""What a model accepts and promises: the `Spec`, and the decorator that declares one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

import attrs

from fuzzseq.dimensions import DATA_DIMENSIONS, KNOWN, Dim, dim, dimension_of
from fuzzseq.errors import SpecError, nearest

Kind = Literal["seq2seq", "encoder", "decoder", "many_to_many"]
Encoding = Literal["sparse", "one_hot", "smoothed_one_hot"]
Side = Literal["source", "target"]
Factory = TypeVar("Factory", bound=Callable[..., Any])

KINDS: Final = ("seq2seq", "encoder", "decoder", "many_to_many")
ENCODINGS: Final = ("sparse", "one_hot")
PADDINGS: Final = ("post", "pre", None)

#: What an input of a model can be. ``*_mask`` is 1 at real positions, ``*_length`` counts them.
ROLES: Final = (
    "source",
    "decoder_input",
    "source_mask",
    "target_mask",
    "source_length",
    "target_length",
    "state",
)
#: Cells with a known layout of states; a multiple-layer model takes them layer after layer.
CELLS: Final = ("lstm", "gru", "bidirectional-lstm", "bidirectional-gru")


@attrs.frozen(kw_only=True)
class Tokens:
    """The ids of the special tokens; None where a model has none."""

    pad: int = 0
    start: int | None = 1
    end: int | None = 2

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
    ``required`` is True for an argument that a call cannot leave out.
    """

    role: str
    key: str | None = None
    rank: int | None = None
    dtype: str | None = None
    inverted: bool = False
    required: bool = False


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a factory that carries a dimension."""

    name: str
    dimension: str
    default: int | None = None


@attrs.frozen(kw_only=True)
class Spec:
    """What a model accepts and promises. Plain data: functions are held as references (``file.py:name``).

    ``origins`` says of each field whether it was ``declared`` by the user or ``inferred`` from the model;
    a field that it does not name has its default. ``code_numbers`` are whole numbers that stand in the factory's code.
    """

    kind: Kind = "seq2seq"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="source_vocab_size", dimension="source_vocab_size"),
        Parameter(name="target_vocab_size", dimension="target_vocab_size"),
        Parameter(name="embedding_dim", dimension="embedding_dim"),
        Parameter(name="units", dimension="units"),
    )
    dimensions: Mapping[str, Dim] = attrs.field(factory=dict)
    tokens: Tokens = Tokens()
    padding: Literal["post", "pre"] | None = "post"
    initial_state: str | None = None
    target_encoding: Literal["sparse", "one_hot"] = "sparse"
    loss: str | None = None
    preprocess: str | None = None
    inputs: tuple[Input, ...] = (Input(role="source"), Input(role="decoder_input"))
    calling: Literal["single", "list", "tuple", "dict", "arguments", "steps"] = "list"
    output: str | int | None = None
    logits: bool | None = None
    float_source: bool = False
    graph: bool = True
    functional: bool = False
    keras_model: bool = False
    own_training_step: bool = False
    own_functions: bool = False
    whole_decoder: bool = False
    low_precision: bool = False
    skip: Mapping[str, str] = attrs.field(factory=dict)
    static: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    own_checks: Mapping[str, str] = attrs.field(factory=dict)
    origins: Mapping[str, Literal["declared", "inferred"]] = attrs.field(factory=dict)
    notes: tuple[str, ...] = ()
    code_numbers: tuple[int, ...] = ()

    @property
    def has_source(self) -> bool:
        """Whether the model reads a source sequence."""
        return self.kind != "decoder"

    @property
    def has_target(self) -> bool:
        """Whether the model reads shifted target tokens."""
        return self.kind in ("seq2seq", "decoder")

    @property
    def has_labels(self) -> bool:
        """Whether the model's output is scored token by token."""
        return self.kind != "encoder"

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
        return tuple(
            name for name, there in zip(DATA_DIMENSIONS, (True, self.has_source, self.has_target), strict=True) if there
        )

    def names(self) -> tuple[str, ...]:
        """Return every dimension of the model, those of a batch first."""
        return (*self.data_dimensions(), *self.build_dimensions())

    def vocabulary(self, side: Side) -> str | None:
        """Return the dimension that holds the vocabulary of a side; None for float features or a missing side."""
        return self._vocabularies[side]

    @cached_property
    def _vocabularies(self) -> dict[Side, str | None]:
        """What :meth:`vocabulary` returns of each side."""
        return {"source": self._vocabulary("source"), "target": self._vocabulary("target")}

    def _vocabulary(self, side: Side) -> str | None:
        """Return what :meth:`vocabulary` does."""
        own = f"{side}_vocab_size"
        known = {p.dimension for p in self.parameters} | set(self.dimensions)
        if side == "source" and (not self.has_source or self.float_source):
            return None
        if side == "target" and not self.has_labels:
            return None
        others: tuple[str, ...] = ("vocab_size",)
        if side == "target":
            others = ("output_dim", "vocab_size") if self.kind == "many_to_many" else ("vocab_size", "output_dim")
        return next((name for name in (own, *others) if name in known), own)

    def lowest_id(self, side: Side) -> int:
        """Return the lowest ordinary id of a side; the labels of a many-to-many model have no special tokens."""
        return 0 if side == "target" and self.kind == "many_to_many" else self.tokens.lowest_word()

    def minimum(self, dimension: str) -> int:
        """Return the smallest ordinary value of a dimension; a vocabulary holds two words above its special tokens."""
        if dimension not in self._minima:
            self._minima[dimension] = self._minimum(dimension)
        return self._minima[dimension]

    @cached_property
    def _minima(self) -> dict[str, int]:
        """What :meth:`minimum` has returned so far."""
        return {}

    def _minimum(self, dimension: str) -> int:
        """Return what :meth:`minimum` does."""
        allowed = self.range_of(dimension)
        sides: tuple[Side, ...] = ("source", "target")
        words = [self.lowest_id(side) + 2 for side in sides if self.vocabulary(side) == dimension]
        return min(max(allowed.min, *words), allowed.max) if words else allowed.min


_OPTIONS: Final = (
    "kind",
    "tokens",
    "padding",
    "initial_state",
    "target_encoding",
    "loss",
    "preprocess",
    "inputs",
    "output",
    "logits",
    "graph",
    "skip",
    "checks",
    "own_checks",
    "float_source",
)
ATTRIBUTE: Final = "__fuzz_target__"


@attrs.frozen(kw_only=True)
class Declaration:
    """What a user declared about a factory, functions and all; it never leaves the process that loaded the file."""

    options: Mapping[str, Any] = attrs.field(factory=dict)
    dimensions: Mapping[str, Dim] = attrs.field(factory=dict)


def declare(**settings: Any) -> Declaration:
    """Check the keyword arguments of :func:`fuzz_target` and return them sorted into options and dimensions."""
    options: dict[str, Any] = {}
    dimensions: dict[str, Dim] = {}
    for name, value in settings.items():
        if name in _OPTIONS:
            options[name] = _checked_option(name, value)
        elif isinstance(value, Dim):
            dimensions[name] = value
        elif isinstance(value, int) and not isinstance(value, bool):
            dimensions[name] = dim(value)
        else:
            raise SpecError(
                f"fuzz_target() has no option {name!r}.{nearest(name, (*_OPTIONS, *KNOWN))} "
                f"Options: {', '.join(_OPTIONS)}; anything else is a dimension and takes dim(low, high) or a number, "
                f"and was given {value!r}."
            )
    _check_ties(dimensions)
    return Declaration(options=options, dimensions=dimensions)


def fuzz_target(factory: Factory | None = None, **settings: Any) -> Any:
    """Declare a model factory as a fuzz target, and return the factory as it was.

    Keyword arguments are ranges of dimensions (``units=dim(1, 64, multiple_of="num_heads")``) and these options:

    ``kind``
        ``"seq2seq"``, ``"encoder"``, ``"decoder"`` or ``"many_to_many"``; else read off the model's inputs.
    ``initial_state``
        ``"lstm"``, ``"gru"``, ``"bidirectional-lstm"``, ``"bidirectional-gru"``, or a function whose parameters are
        dimensions and which returns a list of shapes, ``[(batch_size, units), ...]``.
    ``target_encoding``
        ``"sparse"`` (integer labels of shape (batch, steps), the default) or ``"one_hot"`` ((batch, steps, words)).
    ``loss``
        a function ``(labels, output)``, a Keras loss, or its name; else the compiled loss, else cross-entropy.
    ``preprocess``
        the function that turns a list of lists of ids into the model's source.
    ``padding``
        ``"post"`` (the default), ``"pre"``, or None for a model that promises nothing about padded positions.
    ``tokens``
        a dict with ``pad``, ``start`` and ``end`` ids; None for a start or an end that the model does not have.
    ``inputs``
        a dict from an input's name to its role, where names do not tell: ``{"x1": "source", "x2": "decoder_input"}``.
        Prefix a mask's role with ``~`` where 1 marks padding: ``{"pads": "~source_mask"}``.
    ``output``, ``logits``
        the name or position of the output that holds the scores; whether they are logits or probabilities.
    ``graph``
        False for a model that is not meant to be traced with unknown batch and time.
    ``float_source``
        True for a source of float features, (batch, time, ``feature_dim``).
    ``skip``
        a dict from a check's name to the reason why it is not promised.
    ``checks``
        the only checks to run.
    ``own_checks``
        a list of checks of your own: functions that are given what a run gave (``seen.output``, ``seen.arrays``, as
        numpy arrays), and return None, or a sentence that says what is wrong.

    Raises :class:`fuzzseq.errors.SpecError` for an option or a range that cannot hold.
    """
    declaration = declare(**settings)

    def mark(wrapped: Factory) -> Factory:
        if not callable(wrapped):
            raise SpecError(f"fuzz_target() decorates the function that builds a model, and was given {wrapped!r}.")
        try:
            setattr(wrapped, ATTRIBUTE, declaration)
        except AttributeError:
            raise SpecError(
                f"fuzz_target() cannot mark {wrapped!r}: decorate a plain function that builds the model."
            ) from None
        return wrapped

    return mark if factory is None else mark(factory)


def _checked_option(name: str, value: Any) -> Any:
    """Return an option's value where it can hold, else raise the sentence that says what is expected."""
    choices: dict[str, tuple[Any, ...]] = {"kind": KINDS, "target_encoding": ENCODINGS, "padding": PADDINGS}
    if name in choices and value not in choices[name]:
        listed = ", ".join(repr(choice) for choice in choices[name])
        raise SpecError(f"{name}={value!r} is not understood: it is one of {listed}.")
    if name == "initial_state" and not (value is None or value in CELLS or callable(value)):
        raise SpecError(
            f"initial_state={value!r} is not understood: it is one of {', '.join(map(repr, CELLS))}, "
            "or a function of the dimensions that returns a list of shapes."
        )
    if name == "preprocess" and not (value is None or callable(value)):
        raise SpecError(f"preprocess={value!r} is not callable: give the function that pads a list of lists of ids.")
    if name == "own_checks" and not isinstance(value, list | tuple):
        raise SpecError(f"own_checks={value!r} is no list: give the functions that check, [my_check].")
    if name in ("skip", "inputs", "tokens") and not isinstance(value, Mapping):
        raise SpecError(f"{name}={value!r} is not a dict: see help(fuzzseq.fuzz_target).")
    if name == "tokens":
        return _checked_tokens(value)
    if name == "inputs":
        _check_inputs(value)
    return value


def _checked_tokens(value: Mapping[str, Any]) -> Tokens:
    """Return the special tokens of a dict, or raise for a name or an id that cannot be one."""
    for name, token in value.items():
        if name not in ("pad", "start", "end"):
            raise SpecError(f"tokens has no {name!r}: it takes 'pad', 'start' and 'end'.")
        if token is None and name == "pad":
            raise SpecError("tokens['pad'] cannot be None: declare padding=None for a model without padding.")
        if token is not None and (not isinstance(token, int) or token < 0):
            raise SpecError(f"tokens[{name!r}] is {token!r}: it is an id of 0 or more, or None.")
    return Tokens(**value)


def _check_inputs(value: Mapping[str, Any]) -> None:
    """Raise for a declared input whose role is none that fuzzseq knows."""
    for key, role in value.items():
        if not isinstance(role, str) or role.removeprefix("~") not in ROLES:
            raise SpecError(f"inputs[{key!r}] is {role!r}: it is one of {', '.join(ROLES)}.{nearest(str(role), ROLES)}")


def _check_ties(dimensions: Mapping[str, Dim]) -> None:
    """Raise for a constraint on a dimension that does not exist, or on itself."""
    for name, declared in dimensions.items():
        for tie in declared.ties():
            if tie == name or (tie not in dimensions and dimension_of(tie) is None):
                close = nearest(tie, {*KNOWN, *dimensions} - {name})
                raise SpecError(f"{name} is tied to {tie!r}, which is no other dimension.{close}")
