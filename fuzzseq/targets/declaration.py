"""What a user declares of the function that builds a model: the decorator `fuzz_target`, and who carries one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from types import FunctionType, ModuleType
from typing import Any, Final, TypeVar

import attrs

from fuzzseq.errors import SpecError, nearest
from fuzzseq.targets.declared_values import checked_option
from fuzzseq.targets.dimensions import KNOWN, Dim, dim, dimension_of

Factory = TypeVar("Factory", bound=Callable[..., object])

_OPTIONS: Final = (
    "kind",
    "tokens",
    "padding",
    "initial_state",
    "labels",
    "series",
    "target_encoding",
    "loss",
    "preprocess",
    "decode",
    "inputs",
    "output",
    "logits",
    "graph",
    "skip",
    "checks",
    "custom_checks",
    "float_source",
    "text",
    "one_hot",
    "features",
    "sample_weight",
    "causal",
    "output_steps",
    "batch",
    "stateful",
)
_ATTRIBUTE: Final = "__fuzz_target__"
#: What is said of a batch size that a model is built with, and that later batches do not keep.
FIRST: Final = "first"


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
            options[name] = checked_option(name, value)
        elif value == FIRST and dimension_of(name) == "batch_size":
            options["first_batch"] = True
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
    for name, declared in dimensions.items():
        for tie in declared.ties():
            if tie == name or (tie not in dimensions and dimension_of(tie) is None):
                close = nearest(tie, {*KNOWN, *dimensions} - {name})
                raise SpecError(f"{name} depends on {tie!r}, which is not another dimension.{close}")
    return Declaration(options=options, dimensions=dimensions)


def fuzz_target(factory: Factory | None = None, **settings: Any) -> Any:
    """Declare a model factory as a fuzz target, and return the factory as it was.

    Of a function that its module holds already, as in ``tiny = fuzz_target(build, units=2)``, a copy is declared and
    returned: ``build`` stays as it is, and may be declared another time. What was declared of a function holds beside
    what is declared later, which may say otherwise.

    Keyword arguments are ranges of dimensions (``units=dim(1, 64, multiple_of="num_heads")``) and these options:

    A ``batch_size`` that stands in a model, or that its factory takes, is declared likewise: ``dim(4)`` says that no
    other comes, ``"first"`` that it is that of the first batch, and that others come.

    ``kind``
        ``"seq2seq"``, ``"encoder"``, ``"decoder"`` or ``"many_to_many"``; else read off the model's inputs.
    ``initial_state``
        ``"lstm"``, ``"gru"``, ``"bidirectional-lstm"``, ``"bidirectional-gru"``, or a function whose parameters are
        dimensions and which returns a list of shapes, ``[(batch_size, units), ...]``.
    ``labels``
        ``"classes"``; ``"float"`` for values of a series; ``"ctc"`` for classes of fewer steps than the output, with
        ``tokens={"blank": 0}`` (-1: the last class). Else read off the compiled loss, and off the output.
    ``series``
        a dict that says how such values are made: ``channels`` of a label, a number or the name of a dimension, None
        for labels (batch, steps); ``decoder_channels`` likewise, of what a decoder reads; ``start``, what it reads
        before the first value, ``"zeros"`` (the default) or ``"last"``, the last value of the source; ``pad``, the
        value at padding (0.0); ``positive``, True for labels above zero.
    ``target_encoding``
        ``"sparse"`` (integer labels of shape (batch, steps), the default) or ``"one_hot"`` ((batch, steps, words)).
    ``loss``
        a function ``(labels, output)``, a Keras loss, or its name; else the compiled loss, else cross-entropy.
    ``sample_weight``
        ``"mask"`` where batches are (inputs, labels, weights), and the weights are 1 at real steps and 0 at padding;
        or a function that makes the weights. Read off a model that is compiled with ``weighted_metrics``, and off a
        ``train_step`` that takes three.
    ``batch``
        the function that makes what a ``train_step`` of your own takes, where that is none of the usual forms.
        It and a function for ``sample_weight`` are given numpy arrays by the names of their parameters: ``inputs`` (as
        the model is called), ``source``, ``decoder_input``, ``labels``, ``target`` (whole rows, with start and end),
        ``source_mask``, ``target_mask``, ``source_length``, ``target_length`` and ``weights``.
    ``preprocess``
        the function that turns a list of lists of ids into the model's source.
    ``decode``
        the decode loop: a function of the model and a source, or the name of a method of the model, as ``"greedy"``. It
        is run on each batch and held to teacher forcing. Its arguments are told by their names: ``model``, ``encoder``,
        ``decoder``, ``source``, ``steps``, ``max_length`` or ``horizon``, ``start_id``, ``end_id``, ``beam_width``,
        ``use_cache``.
    ``padding``
        ``"post"`` (the default), ``"pre"``, or None where padded positions are unspecified; where sides differ in that,
        ``{"source": "pre", "target": "post"}``.
    ``tokens``
        a dict with ``pad``, ``start`` and ``end`` ids; None for a start or an end that the model does not have.
        ``label_pad`` is what labels are padded with, where that is another id, -100 for example; 0 where a tagger keeps
        class 0 for padding, so that no word has it. ``unk``, ``sep`` and ``mask`` occur in sources, and the first one
        in targets too; ids between special ones are ordinary.
    ``inputs``
        a dict from an input's name to its role, where names do not tell: ``{"x1": "source", "x2": "decoder_input"}``.
        A target that the model shifts itself is ``"labels"``. Prefix a mask's role with ``~`` where 1 marks padding:
        ``{"pads": "~source_mask"}``.
    ``output``, ``logits``
        the name or position of the output that holds the scores; whether they are logits or probabilities.
    ``graph``
        False for a model that is not meant to be traced with unknown batch and time.
    ``float_source``
        True for a source of float features, (batch, time, ``feature_dim``).
    ``text``
        True for a model, or a ``preprocess``, that is given sentences; ``"source"`` or ``"target"`` where one side is.
        They are made of the words of its ``TextVectorization`` or ``StringLookup``. Read off inputs of strings.
    ``one_hot``
        True for rows of one-hot vectors, (batch, steps, vocabulary), zeros at padding; ``"source"`` or ``"target"``
        where one side is. Read off inputs that are as wide as a vocabulary.
    ``features``
        True for an output that is no scores of words, which labels could be for: (batch, steps, any width).
    ``causal``
        True for a model of one sequence whose output at a step follows from that step and earlier ones alone, as that
        of a language model or a forecaster.
    ``output_steps``
        how many steps the output of a model without a decoder has: a number, the name of a dimension, such as
        ``"horizon"``, or a function of dimensions, ``lambda source_length: source_length // 2``.
    ``stateful``
        True for a model that keeps its state from batch to batch on purpose; ``state_chunked`` then holds it to that.
    ``skip``
        a dict from a check's name to the reason why it is skipped.
    ``checks``
        the only checks to run.
    ``custom_checks``
        a list of checks of your own: functions that are given what a run gave (``seen.output``, ``seen.arrays``, as
        numpy arrays), and return None, or a message that says what is wrong.

    Raises :class:`fuzzseq.errors.SpecError` for an option or a range that cannot hold.
    """
    declaration = declare(**settings)
    return (lambda wrapped: _marked(wrapped, declaration)) if factory is None else _marked(factory, declaration)


def _marked(factory: Factory, declaration: Declaration) -> Factory:
    """Return a factory with its declaration; a copy of it where it is used by another name, or declared, already.

    What was declared before holds as well, but for what is declared otherwise.
    """
    if not callable(factory):
        raise SpecError(f"fuzz_target() decorates the function that builds a model, and was given {factory!r}.")
    before = declaration_of(factory) or Declaration()
    whole = Declaration(
        options={**before.options, **declaration.options}, dimensions={**before.dimensions, **declaration.dimensions}
    )
    # Its module does not hold yet what is being decorated there.
    own = _copied(factory) if _home_of(factory) is not None or declaration_of(factory) is not None else factory
    try:
        setattr(own, _ATTRIBUTE, whole)
    except AttributeError:
        raise SpecError(
            f"fuzz_target() cannot mark {factory!r}: decorate a plain function that builds the model."
        ) from None
    return own


def _copied(factory: Any) -> Any:
    """Return a function that does the same and carries marks of its own."""
    if not isinstance(factory, FunctionType):
        return update_wrapper(partial(factory), factory, updated=())
    copy = FunctionType(
        factory.__code__, factory.__globals__, factory.__name__, factory.__defaults__, factory.__closure__
    )
    copy.__kwdefaults__ = factory.__kwdefaults__
    update_wrapper(copy, factory, updated=())
    vars(copy).clear()
    vars(copy).update(vars(factory))
    return copy


def declaration_of(factory: object) -> Declaration | None:
    """Return what is declared of a factory; None where nothing is. A class inherits no declaration.

    Whatever a module holds is asked, so that an object which answers in ways of its own, or not at all, is none.
    """
    declared = attributes_of(factory).get(_ATTRIBUTE)
    return declared if isinstance(declared, Declaration) else None


def attributes_of(value: object) -> Mapping[str, object]:
    """Return the attributes that a value has of its own; none where it has none, or keeps them to itself."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 (a proxy without what it stands for raises what it likes)
        return {}
    return own if isinstance(own, Mapping) else {}


def declared_in(module: ModuleType) -> dict[str, Callable[..., object]]:
    """Return the declared factories of a module by the last name that each has there, those it imports included."""
    names = {id(value): name for name, value in vars(module).items() if declaration_of(value) is not None}
    return {name: vars(module)[name] for name in names.values()}


def is_imported(factory: object, module: ModuleType) -> bool:
    """Say whether a module has a factory from the module that defines it."""
    home = _home_of(factory)
    return home is not None and home is not module


def _home_of(factory: object) -> ModuleType | None:
    """Return the module that defines a factory, where it holds it."""
    home = sys.modules.get(getattr(factory, "__module__", None) or "")
    return home if home is not None and any(value is factory for value in list(vars(home).values())) else None
