"""A training step of the user's own: what it takes, and what it makes of the compiled loss."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Final

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import arrays
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.framework_messages import FrameworkMessage, Topic
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.training_batch import MASK_WEIGHTS, BatchPart, TrainingBatch
from fuzzseq.targets.traits import StepMeasures
from fuzzseq.worker.first_look import ROWS_NOT_UNPACKED, fed_for_look
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Layer, Model, Nest
from fuzzseq.worker.losses import as_targets
from fuzzseq.worker.refusals import declared_raises
from fuzzseq.worker.roles import names_labels, role_named
from fuzzseq.worker.source_constants import names_in
from fuzzseq.worker.training_batches import BatchArrays

#: How many numbers of the factory's code are tried as the rows of a batch, and up to where.
_MOST_NUMBERS: Final = 4
_MOST_ROWS: Final = 256
#: The most parts that a batch is tried with which is a dict.
_MOST_KEYS: Final = 8

#: What Python raises where a step takes a batch apart that is made in another way, if only inside of a layer.
_OTHERWISE: Final = (TypeError, KeyError, ValueError, IndexError, AttributeError)
#: The tuples that are tried beside (inputs, labels) for a model with both sides: all tokens of the target, which the
#: step shifts itself, or both halves of them.
_OTHER_TUPLES: Final[tuple[tuple[tuple[BatchPart, ...], ...], ...]] = (
    (("source",), ("target",)),
    (("source",), ("decoder_input", "labels")),
    (("source",), ("decoder_input",), ("labels",)),
)


@attrs.frozen(kw_only=True)
class _LossCall:
    """What a compiled loss was given: weights that are not those of the batch, and labels of another rank."""

    own_weights: bool
    other_rank: bool


@attrs.frozen(kw_only=True)
class _Attempt:
    """A training step run on batches of one form: what it raised for all of them, None where it took one.

    ``after_layers`` says that layers had run, and that none was running when it was raised; ``asked`` is what the
    compiled loss was given, each time that it was asked for, and ``measures`` what the compiled metrics were.
    """

    spec: Spec
    error: Exception | None
    after_layers: bool
    asked: tuple[_LossCall, ...]
    measures: StepMeasures = ""

    @property
    def raised_by_shapes(self) -> bool:
        """Whether what is wrong is how shapes of labels, scores and weights fit each other."""
        message = FrameworkMessage(text_of(self.error)) if self.error else FrameworkMessage("")
        return self.after_layers and message.speaks_of(Topic.SHAPE, Topic.RANK, Topic.INCOMPATIBLE)


def training_step(seen: Inspection) -> Inspection:
    """Read which batch a step of the user's own takes, and what it makes of the compiled loss.

    The usual forms are tried in turn, unless one is declared, which is a contract. Where none is taken, one that raises
    as Python does where a batch is taken apart otherwise takes something that nobody here can make; so it may be with
    any exception, where no compiled loss shows what labels are wanted. What is raised past the layers for the shapes of
    labels, scores and weights is a failure of the step all the same, unless it takes labels in another encoding. Where
    a step never asks for the compiled loss, that is not what the model learns from.
    """
    if not seen.may_call or not seen.spec.traits.own_training_step:
        return seen
    attempts = list[_Attempt]()
    for spec in _forms(seen):
        attempt = _attempted(seen, spec)
        if attempt is None:
            return seen
        attempts.append(attempt)
        if attempt.error is None:
            break
    first, last = attempts[0], attempts[-1]
    # An encoding that is declared is a contract.
    fixed = "target_encoding" in seen.spec.traits.origins
    other = first if fixed or last.error is None else _attempted(seen, _otherwise_encoded(first.spec))
    declared = seen.spec.contract.batch.function is not None
    taken = next((each for each in attempts if declared or each.raised_by_shapes), None) if last.error else last
    note = ""
    # What is not the batch's fault is for the run to report.
    if taken is None and (isinstance(first.error, _OTHERWISE) or seen.spec.contract.loss != "compiled"):
        message = f"{name_of(type(first.error))}: {FrameworkMessage(text_of(first.error)).cleaned}".splitlines()[0]
        note = f"its own training step raises for (inputs, labels), and is not run: {message}: declare batch=function"
    if other is not None and other is not first and other.error is None:
        encoding = other.spec.contract.target_encoding
        taken, note = None, f"its own training step is not run: it takes other labels, target_encoding={encoding!r}"
    chosen = taken or first
    asked = [call for each in attempts for call in each.asked] if taken is None else chosen.asked
    named = names_in(type(seen.model).train_step)
    uncompiled = chosen.error is None or (note and not named & KERAS.compiled_loss_names)
    asks_not = (not asked and uncompiled) or (taken is not None and any(call.other_rank for call in asked))
    ignores_loss = seen.spec.contract.loss == "compiled" and asks_not
    contract = chosen.spec.contract if taken is not None else seen.spec.contract
    return seen.read_off(
        contract={
            "batch": contract.batch,
            "sample_weight": contract.sample_weight,
            **({"loss": None} if ignores_loss else {}),
        },
        traits={
            "train_step_accepts_batch": not note,
            "step_measures": chosen.measures if taken is not None else "",
            "uses_sample_weight": any(call.own_weights for call in asked) if asked else "sample_weight" in named,
        },
        notes=[note] if note else (),
    )


def takes_some_batch(seen: Inspection) -> bool:
    """Say whether a step takes a batch in the declared form, or in a usual one."""
    attempts = (_attempted(seen, spec) for spec in _forms(seen))
    return any(attempt is not None and attempt.error is None for attempt in attempts)


def _forms(seen: Inspection) -> Iterator[Spec]:
    """Yield the Spec with each form of a batch that is tried: the declared one alone, else the usual ones."""
    spec, contract = seen.spec, seen.spec.contract
    yield spec
    if contract.batch.function is not None:
        return
    if contract.sample_weight is None and "sample_weight" not in spec.traits.origins:
        yield spec.read_off(contract={"sample_weight": MASK_WEIGHTS})
    if contract.has_source and contract.has_target and not contract.float_decoder:
        for parts in _OTHER_TUPLES:
            yield spec.read_off(contract={"batch": TrainingBatch(parts=parts)})
    batch: TrainingBatch | None = TrainingBatch(parts=(), keys=())
    while batch is not None and len(batch.keys) < _MOST_KEYS:
        batch = _with_next_key(seen, batch)
        if batch is not None:
            yield spec.read_off(contract={"batch": batch})


def _with_next_key(seen: Inspection, batch: TrainingBatch) -> TrainingBatch | None:
    """Return a dict with the first key that a step asks for and does not find in it; None where nobody knows it."""
    attempt = _attempted(seen, seen.spec.read_off(contract={"batch": batch}), few=True)
    if attempt is None or not isinstance(attempt.error, KeyError) or not attempt.error.args:
        return None
    key = attempt.error.args[0]
    keys = (*batch.keys, key) if isinstance(key, str) and key not in batch.keys else ()
    parts = [_part_named(each, keys, seen.spec.contract) for each in keys]
    known = tuple((part,) for part in parts if part is not None)
    return TrainingBatch(parts=known, keys=keys) if keys and len(known) == len(keys) else None


def _part_named(key: str, keys: tuple[str, ...], contract: Contract) -> BatchPart | None:
    """Return what a key of a batch stands for by its name; all tokens of the target where no other key is labels."""
    role = role_named(key)
    if names_labels(key) or (role == "decoder_input" and not contract.has_target):
        return "labels"
    if role == "source" and contract.has_source:
        return "source"
    if role != "decoder_input":
        return None
    return "decoder_input" if any(map(names_labels, keys)) else "target"


def _otherwise_encoded(spec: Spec) -> Spec:
    other = "one_hot" if spec.contract.target_encoding == "sparse" else "sparse"
    return spec.read_off(contract={"target_encoding": other})


class _Noted:
    """What a step gives the compiled loss and metrics, held to the labels and weights of its batch."""

    def __init__(self, model: Model, spec: Spec) -> None:
        self.originals = model.compute_loss, model.compute_metrics
        self._weighed = spec.contract.sample_weight is not None
        self.labels: Nest = None
        self.weights: Nest = None
        self.asked: list[_LossCall] = []
        self.measures: StepMeasures = ""

    def loss(self, *args: Nest, **kwargs: Nest) -> Nest:
        """Compute the loss, and take note of what it is given."""
        original = self.originals[0]
        # A loss of the user's own may take weights by any name, as one of its keyword arguments.
        named = inspect.signature(original).bind(*args, **kwargs).arguments
        others = (v["sample_weight"] for v in named.values() if isinstance(v, dict) and "sample_weight" in v)
        weighing = named.get("sample_weight", next(others, None))
        own = weighing is not None and not (self._weighed and _equal(weighing, self.weights))
        other_rank = _ranks(named.get("y", self.labels)) != _ranks(self.labels)
        self.asked.append(_LossCall(own_weights=own, other_rank=other_rank))
        return original(*args, **kwargs)

    def metrics(self, *args: Nest, **kwargs: Nest) -> Nest:
        """Compute the metrics, and take note of what they are given beside the labels."""
        original = self.originals[1]
        named = inspect.signature(original).bind(*args, **kwargs).arguments
        weighing = named.get("sample_weight")
        if _equal(named.get("y"), self.labels):
            equal = weighing is not None and _equal(weighing, self.weights)
            self.measures = "unweighted" if weighing is None else "weighted" if equal else ""
        return original(*args, **kwargs)


def _attempted(seen: Inspection, spec: Spec, few: bool = False) -> _Attempt | None:
    """Run a step on batches of a form until it takes one; None where no batch could be made.

    One that takes no other number of rows than one of the factory's code, or sides of one length alone, takes the form.
    """
    built, model, contract, usual = seen.built, seen.model, spec.contract, ROWS_NOT_UNPACKED
    numbers = [n for n in spec.traits.source_constants if usual < n <= _MOST_ROWS][:_MOST_NUMBERS]
    ran = list[Layer]()
    noted = _Noted(model, spec)
    raised: tuple[Exception, bool] | None = None

    def listener(_path: str, _output: Nest, layer: Layer, _given: Args) -> None:
        ran.append(layer)

    model.compute_loss, model.compute_metrics = noted.loss, noted.metrics
    try:
        for rows, alike in ((usual, False), *(() if few else ((usual, True), *((n, False) for n in numbers)))):
            case, fed = fed_for_look(built, spec, seen.guess, rows, alike)
            if fed is None:
                continue
            ran.clear()
            built.tracker.reset()
            given = BatchArrays.of(built, case, arrays(case, spec.contract))
            noted.labels = as_targets(model, given.seen.labels)
            try:
                noted.weights = given.weights(built)
                batch = given.training_batch(built, fed, noted.weights)
            except Exception as error:  # a function that was declared for it
                option = f"batch={contract.batch.function}, or sample_weight={contract.sample_weight},"
                raise declared_raises(built.target.name, option, error, built.tracker) from None
            try:
                with built.tracker.watching(listener):
                    model.train_step(batch)
            except Exception as error:  # whatever a step of the user's own raises
                raised = raised or (error, bool(ran) and not built.tracker.raised)
            else:
                return _Attempt(
                    spec=spec, error=None, after_layers=True, asked=tuple(noted.asked), measures=noted.measures
                )
    finally:
        model.compute_loss, model.compute_metrics = noted.originals
        built.spec = built.subject.spec = seen.spec
    if raised is None:
        return None
    return _Attempt(spec=spec, error=raised[0], after_layers=raised[1], asked=tuple(noted.asked))


def _ranks(labels: Nest) -> list[int]:
    return [len(part.shape) for part in tf.nest.flatten(labels) if hasattr(part, "shape")]


def _equal(one: Nest, two: Nest) -> bool:
    return tf.is_tensor(one) and hasattr(two, "shape") and np.array_equal(np.asarray(one), np.asarray(two))
