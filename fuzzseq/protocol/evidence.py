"""What a check saw that is wrong with a model, as typed values; :mod:`fuzzseq.checks.wording` puts them into words.

The rules of a diagnosis read these, and so do scripts; nobody reads a sentence that was made of them.
"""

from __future__ import annotations

from typing import Final, Literal

import attrs

from fuzzseq.grammar import Identifier, Label
from fuzzseq.protocol.runs import Precision

#: The axes of scores, in order.
AXES: Final = ("rows", "steps", "words")


@attrs.frozen(kw_only=True)
class Difference:
    """Two runs differ that ought to agree: ``base`` and ``other`` by their names in the plan of the check.

    ``largest`` is the largest absolute difference, None where a value is finite in one run alone; ``scale`` is how
    large values are, ``index`` where it is, and ``layer`` the path of the first layer whose outputs differ.
    """

    kind: Literal["difference"] = "difference"
    base: str = ""
    other: str = ""
    largest: float | None = None
    scale: float = 1.0
    index: tuple[int, ...] = ()
    layer: str = ""


@attrs.frozen(kw_only=True)
class Unmoved:
    """An output stays as it was to the last bit where something else was given, whatever the weights."""

    kind: Literal["unmoved"] = "unmoved"
    given: Literal["source", "initial_state", "encoder_state"]
    base: str = ""
    other: str = ""


@attrs.frozen(kw_only=True)
class WrongShape:
    """An output has another shape than is expected; None stands for a size that is not known.

    ``eager_is_right`` says that the same case run eagerly has the expected one.
    """

    kind: Literal["wrong_shape"] = "wrong_shape"
    expected: tuple[int | None, ...]
    actual: tuple[int, ...]
    eager_is_right: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """Which of rows, steps and words are not as expected; none where it is the rank that differs."""
        if len(self.expected) != len(self.actual):
            return ()
        axes = zip(AXES, self.expected, self.actual, strict=False)
        return tuple(name for name, size, actual in axes if size is not None and size != actual)


@attrs.frozen(kw_only=True)
class WrongType:
    """An output is no floating-point scores."""

    kind: Literal["wrong_type"] = "wrong_type"
    actual: str
    eager_is_right: bool = False


@attrs.frozen(kw_only=True)
class NonFinite:
    """A value is NaN or infinite. ``layer`` is the first that made one, or the weight whose gradient it is."""

    kind: Literal["non_finite"] = "non_finite"
    where: Literal["output", "loss", "gradient"]
    index: tuple[int, ...] = ()
    layer: str = ""
    precision: Precision = "usual"


@attrs.frozen(kw_only=True)
class MissingGradient:
    """Trainable weights have no gradient; ``source_ignored`` says that another source gives the same output.

    ``zero`` says that they have one, which is zero to the last bit for every draw of the weights.
    """

    kind: Literal["missing_gradient"] = "missing_gradient"
    paths: tuple[str, ...]
    source_ignored: bool = False
    zero: bool = False


#: What can be wrong with attention weights: some of it goes to padding, they depend on the rows beside theirs, or they
#: are normalized over the rows of the batch, over an axis of size one, over the decoder steps, or over another axis
#: that holds no steps.
AttentionError = Literal["weight_on_padding", "of_other_rows", "over_batch", "over_one", "over_queries", "over_other"]


@attrs.frozen(kw_only=True)
class AttentionFault:
    """What is wrong with one softmax: its ``path``, ``shape`` and ``axis``, and the ``share`` that padding gets."""

    kind: Literal["attention_fault"] = "attention_fault"
    error: AttentionError
    path: str = ""
    shape: tuple[int, ...] = ()
    axis: int = 0
    share: float = 0.0

    @property
    def wrong_axis(self) -> bool:
        """Whether it is taken over another axis than the source steps."""
        return self.error not in ("weight_on_padding", "of_other_rows")


@attrs.frozen(kw_only=True)
class StateCrossing:
    """A state of a recurrent layer goes where another one belongs.

    ``layers`` are those that are given it, ``sources`` where each comes from: the layer that made it, or the name of
    the state that is ``not_returned`` to the next step.
    """

    kind: Literal["state_crossing"] = "state_crossing"
    error: Literal["c_as_h", "joined_as_h", "joined_apart", "other_layer", "not_returned"]
    layers: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def key(self) -> str:
        """What tells one crossing from another: part of the id of a finding, so that it stays as it is for ever."""
        pairs = list(zip(self.layers, self.sources, strict=True))
        layer, source = pairs[0]
        if self.error == "other_layer":
            starts = ", ".join(f"{taker} starts from {maker}" for taker, maker in pairs)
            return f"the layers of a stack are given each other's states: {starts}"
        if self.error == "not_returned":
            return f"what {layer} makes of the state {source} is not what the next step is given for it"
        if self.error == "joined_apart":
            return f"the c that {layer} is given joins the directions of {source} in another order than its h"
        state = "the c" if self.error == "c_as_h" else "the h and c of one direction"
        return f"{layer} is given {state} of {source} as its h"


@attrs.frozen(kw_only=True)
class LossMismatch:
    """A loss is ``base``, and ``other`` for the same rows with their labels one-hot, or with more padding.

    Of a series, it is ``base`` where the mean of the labels is predicted, and ``other`` where the labels are.
    """

    kind: Literal["loss_mismatch"] = "loss_mismatch"
    base: float
    other: float
    given: Literal["one_hot", "padding", "labels"]


@attrs.frozen(kw_only=True)
class PaddingInLoss:
    """Scores at padding move the loss; ``share`` is how strongly, beside those at real positions."""

    kind: Literal["padding_in_loss"] = "padding_in_loss"
    share: float


@attrs.frozen(kw_only=True)
class PaddingInMetric:
    """A metric is ``one`` or ``other`` by what the scores at padding say."""

    kind: Literal["padding_in_metric"] = "padding_in_metric"
    name: Label
    one: float
    other: float


@attrs.frozen(kw_only=True)
class DropoutOff:
    """A dropout layer of a ``rate`` above zero gives what it is given, in training; ``own_step`` says in whose step."""

    kind: Literal["dropout_off"] = "dropout_off"
    layer: Label
    rate: float
    own_step: bool = False

    @property
    def where(self) -> str:
        """In what, for a person."""
        return "the model's own training step" if self.own_step else "a training run"


@attrs.frozen(kw_only=True)
class ScoresMisread:
    """The scores are one of two kinds, and the loss takes them for the other."""

    kind: Literal["scores_misread"] = "scores_misread"
    scores: Literal["logits", "probabilities"]


@attrs.frozen(kw_only=True)
class RaisedOtherwise:
    """A model raises where it is executed or built in another way, and not where it is called as it is."""

    kind: Literal["raised_otherwise"] = "raised_otherwise"
    execution: Identifier = "plain"
    precision: Precision = "usual"
    exception: str
    message: str


@attrs.frozen(kw_only=True)
class Retraced:
    """A ``tf.function`` is traced for each of ``count`` numbers of Python's in ``batches`` batches."""

    kind: Literal["retraced"] = "retraced"
    function: str
    count: int
    batches: int


@attrs.frozen(kw_only=True)
class WrongWord:
    """A decode loop gives a ``word`` at a ``step`` of a ``row`` where another one is right, ``best``.

    By teacher forcing on the same words, whose scores of both these are; or by the same loop for the row alone, for
    more padding, or without its cache. None for a row that ends there.
    """

    kind: Literal["wrong_word"] = "wrong_word"
    against: Literal["teacher_forcing", "alone", "padding", "uncached"]
    row: int
    step: int
    word: int | None
    best: int | None
    score: float = 0.0
    best_score: float = 0.0


@attrs.frozen(kw_only=True)
class OneBeamPasses:
    """A decode loop raises for several beams, and runs with one."""

    kind: Literal["one_beam_passes"] = "one_beam_passes"


@attrs.frozen(kw_only=True)
class CustomMessage:
    """What a user's own check says in words of its own."""

    kind: Literal["custom_message"] = "custom_message"
    text: str


#: Everything that a check can say is wrong.
Evidence = (
    Difference
    | Unmoved
    | WrongShape
    | WrongType
    | NonFinite
    | MissingGradient
    | AttentionFault
    | StateCrossing
    | LossMismatch
    | PaddingInLoss
    | PaddingInMetric
    | DropoutOff
    | ScoresMisread
    | RaisedOtherwise
    | Retraced
    | WrongWord
    | OneBeamPasses
    | CustomMessage
)
