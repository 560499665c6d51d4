"""The runs of a model that a check asks a worker for, and how it tells them apart. Plain data, JSON both ways."""

from __future__ import annotations

from typing import Final, Literal, get_args

import attrs

from fuzzseq.cases.case import Batch, Mode
from fuzzseq.grammar import Identifier

#: What a model is built of: see :class:`Run`.
Precision = Literal["usual", "double", "mixed"]


#: What may be done to the scores of a model before its loss.
ScoreVariant = Literal["lifted", "stretched", "sunk"]
SCORE_VARIANTS: Final[tuple[ScoreVariant, ...]] = get_args(ScoreVariant)


@attrs.frozen(kw_only=True)
class Run:
    """One execution of a model that a check asks for, from a clean state of every variable.

    Equal runs of several checks are executed once.

    Attributes:
        batches: given in turn; what the model keeps between two of them is kept (a leak shows in the last).
        until: the last stage: ``forward``, ``loss`` or ``gradient`` (with the user's own training step, where there is
            one); ``own_step`` is that step alone, and ``wiring`` a look at how a functional model is made.
        chunk_boundaries: source steps at which the sequence is cut: the chunks are run in turn, with the state carried
            over.
        repetition: tells runs apart that differ in the state of the random generators only.
        weights: tells runs apart that differ in the draw of the weights.
        ulp_perturbed: moves each weight to the next number of its type, each number but 0 in other directions.
        precision: ``double`` builds the model anew with float64 for everything that Keras makes, ``mixed`` with the
            policy ``mixed_float16``.
        dimensions: builds it anew with other sizes, where there are any.
        execution: how the model is run forward: called (``plain``), or as a module of ``worker/executions`` does it.
        record_layers: keeps every softmax, and the output of every layer where the run is an eager one.
        score_variants: asks for the loss of changed scores as well: ``lifted`` adds a constant to all of them,
            ``stretched`` multiplies them by one, ``sunk`` those below zero.
        all_steps_at_once: gives the decoder of an encoder-decoder all steps at once.
        own_labels: the labels of other batches, in the place of those that the user's own training step is given.

    """

    batches: tuple[Batch, ...]
    until: Literal["wiring", "forward", "loss", "gradient", "own_step"] = "forward"
    training: bool = False
    mode: Mode = "eager"
    chunk_boundaries: tuple[int, ...] = ()
    repetition: int = 0
    weights: int = 0
    ulp_perturbed: int = 0
    precision: Precision = "usual"
    dimensions: tuple[tuple[str, int], ...] = ()
    execution: Identifier = "plain"
    record_layers: bool = False
    score_variants: bool = False
    all_steps_at_once: bool = False
    own_labels: tuple[Batch, ...] = ()


#: What is varied of a run of a plan to confirm what it seems to show: the same again, the layers recorded, float64,
#: weights moved by one ulp, other weights, other tokens, a wider model.
Variation = Literal["repeated", "layers", "double", "perturbed", "reweighted", "other_tokens", "wide"]


@attrs.frozen
class Confirming:
    """The key of a run that confirms one of a plan: the name of that one, what is varied, and which draw of it."""

    run: str
    variation: Variation
    draw: int = 0


#: The runs of a plan have names; those that confirm it have keys that say of which.
RunKey = str | Confirming
