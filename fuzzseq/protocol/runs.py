"""The runs of a model that a check asks a worker for, and how it tells them apart. Plain data, JSON both ways."""

from __future__ import annotations

from typing import Final, Literal, TypeVar, get_args

import attrs

from fuzzseq.cases.case import Batch, Mode
from fuzzseq.grammar import Identifier

#: What a model is built of: see :class:`_AnyRun`.
Precision = Literal["usual", "double", "mixed"]


#: What may be done to the scores of a model before its loss.
LogitVariant = Literal["lifted", "stretched", "sunk"]
SeriesVariant = Literal["labels", "labels_before", "labels_after", "labels_mean", "labels_moved"]
ScoreVariant = LogitVariant | SeriesVariant
LOGIT_VARIANTS: Final[tuple[LogitVariant, ...]] = get_args(LogitVariant)
SERIES_VARIANTS: Final[tuple[SeriesVariant, ...]] = get_args(SeriesVariant)


@attrs.frozen(kw_only=True)
class _AnyRun:
    """What every execution of a model has: its batches, and the model that it begins with.

    Each begins from a clean state of every variable. Equal runs of several checks are executed once.

    Attributes:
        batches: given in turn; what the model keeps between two of them is kept (a leak shows in the last).
        repetition: tells runs apart that differ in the state of the random generators only.
        weights: tells runs apart that differ in the draw of the weights.
        ulp_perturbed: moves each weight to the next number of its type, each number but 0 in other directions.
        precision: ``double`` builds the model anew with float64 for everything that Keras makes, ``mixed`` with the
            policy ``mixed_float16``.
        dimensions: builds it anew with other sizes, where there are any.
        same_weights: gives what is built anew the weights of the model as it is; a table of more rows has new ones at
            its end. Where other weights have other shapes, nothing is run.

    """

    batches: tuple[Batch, ...]
    repetition: int = 0
    weights: int = 0
    ulp_perturbed: int = 0
    precision: Precision = "usual"
    dimensions: tuple[tuple[str, int], ...] = ()
    same_weights: bool = False


@attrs.frozen(kw_only=True)
class _TraceableRun(_AnyRun):
    """A run that is eager or traced."""

    mode: Mode = "eager"


@attrs.frozen(kw_only=True)
class ForwardRun(_TraceableRun):
    """The model called.

    Attributes:
        training: what the model is called with.
        record_layers: keeps every softmax, and the output of every layer where the run is an eager one.
        all_steps_at_once: gives the decoder of an encoder-decoder all steps at once.
        other_encoder_states: puts other values in the place of the states that recurrent layers return which read the
            source alone.

    """

    kind: Literal["forward"] = "forward"
    training: bool = False
    record_layers: bool = False
    all_steps_at_once: bool = False
    other_encoder_states: bool = False


@attrs.frozen(kw_only=True)
class ChunkedRun(_AnyRun):
    """The model called on its source cut at some steps: the chunks in turn, with the state carried over."""

    kind: Literal["chunked"] = "chunked"
    chunk_boundaries: tuple[int, ...]


@attrs.frozen(kw_only=True)
class AlternativeRun(_AnyRun):
    """The model run forward other than by a call.

    ``execution`` names the module of ``worker/executions`` that does it.
    """

    kind: Literal["alternative"] = "alternative"
    execution: Identifier


@attrs.frozen(kw_only=True)
class LossRun(_TraceableRun):
    """Forward and loss.

    ``score_variants`` asks for the loss of changed scores as well: ``lifted`` adds a constant to all of them,
    ``stretched`` multiplies them by one, ``sunk`` those below zero; of a series, ``labels`` puts the labels in their
    place, ``labels_before`` and ``labels_after`` those of the step before or after, ``labels_mean`` their mean,
    ``labels_moved`` those of other rows, or of other steps where there is one row.
    """

    kind: Literal["loss"] = "loss"
    score_variants: tuple[ScoreVariant, ...] = ()


@attrs.frozen(kw_only=True)
class MetricsRun(_AnyRun):
    """Forward and the compiled metrics: of the scores with those at padding replaced, by one class and by another."""

    kind: Literal["metrics"] = "metrics"


@attrs.frozen(kw_only=True)
class TrainingRun(_TraceableRun):
    """Forward, loss and gradient; then the training step: Keras' in an eager one, one of the user's own in any."""

    kind: Literal["training"] = "training"


@attrs.frozen(kw_only=True)
class OwnStepRun(_AnyRun):
    """The user's own training step alone, given the labels of ``own_labels`` where there are any."""

    kind: Literal["own_step"] = "own_step"
    own_labels: tuple[Batch, ...] = ()


@attrs.frozen(kw_only=True)
class WiringRun(_AnyRun):
    """A look at how a functional model is made."""

    kind: Literal["wiring"] = "wiring"


@attrs.frozen(kw_only=True)
class DecodeRun(_AnyRun):
    """The user's own decode loop, and the model run by teacher forcing on what that gave.

    Attributes:
        steps: how many it is asked for, where it takes a number, and how many are looked at.
        beams: the width of its beam, where it takes one; None for its own.
        cache: whether it is to keep what it computed, where it can be told; None for its own.
        by_prefix: runs the model on each prefix of what the loop gave, and takes the last step of each.

    """

    kind: Literal["decode"] = "decode"
    steps: int
    beams: int | None = None
    cache: bool | None = None
    by_prefix: bool = False


Run = ForwardRun | ChunkedRun | AlternativeRun | LossRun | MetricsRun | TrainingRun | OwnStepRun | WiringRun | DecodeRun
_RunT = TypeVar("_RunT", bound=_AnyRun)


def mode_of(run: Run) -> Mode:
    """Return whether a run is traced; those that cannot be are eager."""
    return run.mode if isinstance(run, _TraceableRun) else "eager"


def eagerly(run: _RunT) -> _RunT:
    """Return a run as an eager one."""
    return attrs.evolve(run, mode="eager") if isinstance(run, _TraceableRun) else run


#: What is varied of a run of a plan to confirm what it seems to show: the same again, the layers recorded, float64,
#: weights moved by one ulp, other weights, other tokens, a wider model, prefix by prefix.
Variation = Literal["repeated", "layers", "double", "perturbed", "reweighted", "other_tokens", "wide", "prefixes"]


@attrs.frozen
class Confirming:
    """The key of a run that confirms one of a plan: the name of that one, what is varied, and which draw of it."""

    run: str
    variation: Variation
    draw: int = 0


#: The runs of a plan have names; those that confirm it have keys that say of which.
RunKey = str | Confirming
