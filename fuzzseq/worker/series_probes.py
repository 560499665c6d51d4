"""Probes of series: whether labels are values and of what shape, what a decoder of floats reads, what padding is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Final

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Case
from fuzzseq.cases.domain import legal_values
from fuzzseq.checks.loss_pairs_steps import pairs_steps
from fuzzseq.errors import SpecError
from fuzzseq.protocol.runs import SERIES_VARIANTS, SeriesVariant
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import DATA_DIMENSIONS
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.first_look import ROWS_NOT_UNPACKED, fed_for_look, look
from fuzzseq.worker.inspection import Inspection, build_or_refusal
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function
from fuzzseq.worker.losses import loss_function
from fuzzseq.worker.sizes import stated_shapes
from fuzzseq.worker.steps import takes_some_batch
from fuzzseq.worker.variables import every_layer

#: Dimensions that count the rows of a target's table: what follows one is classes.
_VOCABULARIES = frozenset({"vocab_size", "target_vocab_size"})
#: How many other sizes a dimension is tried with, where a factory refuses the first.
_TRIED: Final = 3


def pad_value(seen: Inspection) -> Inspection:
    """Read the value of padding off the ``Masking`` layers, where they agree on one that is not zero."""
    values = {value for layer in every_layer(seen.model) if (value := KERAS.mask_value(layer)) is not None}
    series = seen.spec.contract.series
    if _says(seen, "pad") or len(values) != 1 or values == {series.pad}:
        return seen
    (pad,) = values
    note = f"padded steps of floats are {pad:g}, which its Masking layer leaves out"
    contract = {"series": attrs.evolve(series, pad=pad)}
    return seen.read_off(contract=contract, inferred=_undeclared(seen, "series"), notes=[note])


def unpadded(seen: Inspection) -> Inspection:
    """Read off whether rows of values are padded at all: windows of a series are not, where nothing masks or weighs."""
    contract = seen.spec.contract
    told = any(item.role.endswith(("_mask", "_length")) for item in contract.inputs) or bool(contract.sample_weight)
    masked = any(KERAS.mask_value(layer) is not None for layer in every_layer(seen.model))
    hot = bool(contract.forms.one_hot) and set(contract.forms.one_hot) == set(contract.sides())
    values = contract.float_labels and (not contract.has_source or contract.float_source)
    if not (values or hot) or told or masked or not _undeclared(seen, "padding") or _says(seen, "pad"):
        return seen
    what = "rows of one-hot vectors" if hot else "values of the series"
    note = f'no padding is tried: nothing masks the {what}; padding="post" says that yours are padded'
    return seen.read_off(contract={"padding": None}, inferred=["padding"], notes=[note])


def _says(seen: Inspection, key: str) -> bool:
    """Say whether the user's own ``series`` says something of the values."""
    return key in (seen.built.target.option("series") or {})


def _undeclared(seen: Inspection, *names: str) -> list[str]:
    """Return those of some fields that the user did not declare."""
    return [name for name in names if seen.spec.traits.origins.get(name) != "declared"]


def values_by_loss(seen: Inspection) -> Inspection:
    """Read off its loss whether a model predicts values, and off the shapes of a functional one how they are given."""
    contract, origins = seen.spec.contract, seen.spec.traits.origins
    if "target" in contract.forms.one_hot:
        return seen
    shapes = stated_shapes(seen.model, contract)
    inputs = zip(contract.inputs, shapes, strict=False)
    rows = next((shape for item, shape in inputs if item.role == "decoder_input" and len(shape) == 3), None)
    if contract.labels != "float" and ("labels" in origins or not _compares_values(seen)):
        if rows is None:
            return seen
        raise SpecError(
            f"The decoder of {seen.built.target.name} takes rows of floats, (batch, steps, width), and fuzzseq feeds a "
            "decoder ids, (batch, steps): declare @fuzz_target(one_hot=True) where they are one-hot rows, and "
            '@fuzz_target(labels="float") where it predicts values; else put the embedding inside the model.'
        )
    outputs = (getattr(seen.model, "outputs", None) or ()) if KERAS.is_functional(seen.model) else ()
    flat = [len(tensor.shape) for tensor in outputs] == [2]
    values: dict[str, object] = {"labels": "float", "tokens": attrs.evolve(contract.tokens, end=None)}
    if contract.kind == "encoder" and origins.get("kind") != "declared" and (flat or contract.labels == "float"):
        values["kind"] = "many_to_many"
    series = attrs.evolve(contract.series, flat_output=flat)
    if rows is not None and series.decoder_channels is None:
        place = next(i for i, item in enumerate(contract.inputs) if item.role == "decoder_input")

        def width_in(built: ModelInstance, _: Mapping[str, int]) -> int | None:
            return stated_shapes(built.model, contract)[place][2]

        series = attrs.evolve(series, decoder_channels=following(seen, rows[2] or 1, width_in))
    elif any(item.role == "decoder_input" and item.rank == 2 and item.dtype is None for item in contract.inputs):
        series = attrs.evolve(series, decoder_channels=series.decoder_channels or 1)
    return seen.read_off(contract={**values, "series": series}, inferred=_undeclared(seen, "labels", "series"))


def _compares_values(seen: Inspection) -> bool:
    """Say whether a loss of regression is what a model without a target vocabulary learns by."""
    spec = seen.spec
    loss = seen.built.target.option("loss") or KERAS.compiled_loss(seen.model)
    several = list(loss.values()) if isinstance(loss, Mapping) else loss if isinstance(loss, list | tuple) else [loss]
    losses = [each for each in several if each is not None]
    counted = {p.dimension for p in spec.contract.parameters} & (
        {"target_vocab_size"} if spec.contract.kind == "many_to_many" else _VOCABULARIES
    )
    declared = "target_encoding" in spec.traits.origins or counted
    return bool(losses) and not declared and all(KERAS.is_regression(seen.model, each) for each in losses)


def following(
    seen: Inspection, width: int, read: Callable[[ModelInstance, Mapping[str, int]], int | None]
) -> int | str:
    """Return the dimension that a width follows: that of a model which is built with another size; else the number."""
    for name in [n for n, size in seen.sizes.items() if size == width and n not in DATA_DIMENSIONS]:
        legal = [value for value in legal_values(name, seen.sizes, seen.spec.contract) if value != width]
        for value in sorted(legal, key=lambda value: abs(value - width))[:_TRIED]:
            sizes = {**seen.sizes, name: value}
            built = build_or_refusal(seen.built.target, seen.spec, sizes, seen.built.subject.mark)
            if isinstance(built, ModelInstance) and (other := read(built, sizes)) is not None:
                if other == value:
                    return name
                break
    return width


def float_inputs(seen: Inspection) -> Inspection:
    """Try floats for the inputs of a subclassed model whose rank nobody states, and which no vocabulary is for.

    The first that a call takes is what it is given; each is tried on a model of its own, which its first call builds.
    """
    contract, named = seen.spec.contract, {p.dimension for p in seen.spec.contract.parameters}
    ranks = {item.role: item.rank for item in contract.inputs}
    unstated = {role for role, rank in ranks.items() if rank is None and contract.calling != "steps"}
    source = "source" in unstated and not contract.float_source and "feature_dim" in named
    source = (
        source and not named & {"source_vocab_size", "vocab_size"} and "float_source" not in seen.spec.traits.origins
    )
    decoder = "decoder_input" in unstated and contract.labels == "float" and contract.series.decoder_channels is None
    if not seen.may_call or not (source or decoder):
        return seen
    # Ids are what a source is, where a call takes them; they are not what a series is decoded from.
    for of_decoder, of_source in product((decoder, False)[: 1 + decoder], (False, source)[: 1 + source]):
        values: dict[str, object] = {"float_source": True} if of_source else {}
        if of_decoder:
            values["series"] = attrs.evolve(contract.series, decoder_channels=1)
        tried = seen.read_off(contract=values, inferred=values)
        built = build_or_refusal(seen.built.target, tried.spec, seen.sizes, seen.built.subject.mark)
        if isinstance(built, ModelInstance):
            tried = attrs.evolve(tried, built=built)
            if look(built, tried.spec, tried.guess).error is None:
                return tried
    return seen


def values_by_output(seen: Inspection) -> Inspection:
    """Read off the output whether a model predicts one value a step, and how many channels its labels have."""
    contract, output, origins = seen.spec.contract, seen.first.array, seen.spec.traits.origins
    if not contract.has_labels or output is None or output.ndim not in (2, 3):
        return seen
    if contract.is_ctc:
        return seen
    target, model = seen.built.target, seen.model
    why = "its loss compares values" if _compares_values(seen) else "it is declared"
    if contract.labels == "classes":
        loss = target.option("loss") or KERAS.compiled_loss(model)
        # One score of a loss of classes is that of a label which is there or not.
        of_classes = isinstance(loss, str | Mapping | list | tuple) or (loss is not None and KERAS.is_builtin(loss))
        one = output.ndim == 3 and output.shape[-1] == 1 and not of_classes
        declared = {"labels", "target_encoding"} & set(origins) or contract.has_target
        if not one or declared or _VOCABULARIES & {p.dimension for p in contract.parameters}:
            return seen
        why = "its output has one channel"
    else:
        words = contract.vocabulary("target") or "vocab_size"
        counted = words in {p.dimension for p in contract.parameters} and origins.get("labels") != "declared"
        if counted and contract.kind == "many_to_many" and output.shape[-1] == seen.sizes.get(words) != 1:
            return seen.read_off(contract={"labels": "classes"})
    series = contract.series
    flat = output.ndim == 2
    if not _says(seen, "channels"):

        def width_in(built: ModelInstance, sizes: Mapping[str, int]) -> int | None:
            again = look(built, seen.spec, attrs.evolve(seen, sizes=sizes).guess).array
            return None if again is None or again.ndim != 3 else int(again.shape[-1])

        channels = None if flat else following(seen, int(output.shape[-1]), width_in)
        series = attrs.evolve(series, channels=channels)
    series = attrs.evolve(series, flat_output=flat)
    known = (*contract.build_dimensions(), "feature_dim")
    for channels in (series.channels, series.decoder_channels):
        if isinstance(channels, str) and channels not in known:
            raise SpecError(
                f"series of {target.name} names {channels!r}, which is no dimension of it: it has {', '.join(known)}."
            )
    shape = "(batch, steps)" if series.channels is None else f"(batch, steps, {series.channels})"
    note = f"labels are values of shape {shape}, as {why}; where they are classes, declare labels='classes'"
    tokens = attrs.evolve(contract.tokens, end=None)
    return seen.read_off(
        contract={"labels": "float", "series": series, "tokens": tokens},
        inferred=_undeclared(seen, "labels", "series"),
        notes=[note] if origins.get("labels") != "declared" else (),
    )


def positive(seen: Inspection) -> Inspection:
    """Read whether labels have to be above zero off the loss: its name, or what it makes of labels below."""
    contract = seen.spec.contract
    if not contract.float_labels or _says(seen, "positive"):
        return seen
    loss = seen.built.target.option("loss") or KERAS.compiled_loss(seen.model)
    above = seen.read_off(
        contract={"series": attrs.evolve(contract.series, positive=True)},
        notes=["labels are above zero, as its loss asks for"],
    )
    if KERAS.needs_positive(seen.model, loss):
        return above
    finite = [_loss_is_finite(each) for each in (seen, above)] if contract.loss else [True, True]
    return above if finite == [False, True] else seen


def _loss_is_finite(seen: Inspection) -> bool:
    return any(np.isfinite(losses).all() for losses in _losses(seen, ()))


def _losses(seen: Inspection, variants: tuple[SeriesVariant, ...]) -> Iterator[list[float]]:
    """Yield the losses of a small batch with other scores, or with its own; nothing where one raises."""
    spec = seen.spec
    if not seen.may_call:
        return
    case, fed = fed_for_look(seen.built, spec, seen.guess, ROWS_NOT_UNPACKED)
    if fed is None:
        return
    made = arrays(_with_other_values(case, spec.contract), spec.contract)
    labels, real = tf.constant(made.labels), tf.constant(made.target_mask)
    weights = tf.cast(real, tf.float32)
    try:
        loss: Function = loss_function(spec, seen.model, seen.built.target.option("loss"))
        output = seen.built.subject.forward(fed, False)
        changed = [output.varied(each, labels) for each in variants] or [output]
        yield [float(tf.reduce_mean(loss(fed, labels, each, real, weights))) for each in changed]
    except Exception:  # The run reports what a loss of the user's raises.
        return


def _with_other_values(case: Case, contract: Contract) -> Case:
    """Return a case whose rows have a value of their own at each step."""
    low = contract.lowest_id("target")
    batch = case.batches[0]
    steps = max(len(pair.source) if contract.kind == "many_to_many" else len(pair.target) for pair in batch.pairs)
    pairs = [
        attrs.evolve(pair, target=tuple(low + (row * 5 + step) % 13 for step in range(steps)))
        for row, pair in enumerate(batch.pairs)
    ]
    return attrs.evolve(case, batches=(attrs.evolve(batch, pairs=tuple(pairs)),))


def label_rank(seen: Inspection) -> Inspection:
    """Read whether one value a step is taken as (batch, steps) or (batch, steps, 1), where the user's code decides.

    That is what a loss of theirs compares step by step, else what their training step takes.
    """
    contract = seen.spec.contract
    series = contract.series
    if not contract.float_labels or _says(seen, "channels") or series.channels != 1 or not seen.may_call:
        return seen
    flat = seen.read_off(contract={"series": attrs.evolve(series, channels=None)})
    loss = seen.built.target.option("loss") or KERAS.compiled_loss(seen.model)
    of_users = callable(loss) and not KERAS.is_builtin(loss)
    if of_users or (KERAS.is_model(seen.model) and KERAS.overrides(seen.model, "compute_loss")):
        fits = [any(pairs_steps(losses) for losses in _losses(each, SERIES_VARIANTS)) for each in (seen, flat)]
    elif seen.spec.traits.own_training_step:
        fits = [_step_takes(each) for each in (seen, flat)]
    else:
        return seen
    if fits == [True, False] and seen.spec.traits.own_training_step:
        note = "labels of shape (batch, steps) were not tried: its train_step takes (batch, steps, 1) alone"
        return seen.read_off(notes=[f"{note}; where yours have no last axis, declare series={{'channels': None}}"])
    if fits != [False, True]:
        return seen
    note = "labels are given as (batch, steps): it does not take (batch, steps, 1)"
    return attrs.evolve(flat, spec=flat.spec.read_off(notes=[note]))


def _step_takes(seen: Inspection) -> bool:
    """Say whether the training step of a model built anew takes a small batch."""
    spec = seen.spec
    built = build_or_refusal(seen.built.target, spec, seen.sizes, seen.built.subject.mark)
    if not isinstance(built, ModelInstance):
        return False
    return takes_some_batch(attrs.evolve(seen, built=built))
