"""The numpy arrays that a batch of a case stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from fuzzseq.cases.case import Batch, Case, shifted, tagged, width
from fuzzseq.targets.contract import Contract, Encoding, Side
from fuzzseq.targets.input_forms import Text
from fuzzseq.targets.inputs import Input
from fuzzseq.targets.series import channels_of
from fuzzseq.targets.steps import steps_of

Array = npt.NDArray[Any]


@attrs.frozen
class ArrayFields:
    """A value whose fields are numpy arrays."""

    def tensors(self) -> dict[str, Any]:
        """Return the arrays as TensorFlow tensors, by name. Imports TensorFlow."""
        import tensorflow as tf  # noqa: PLC0415 (the controller never loads it; a worker or a user's test calls this)

        return {name: tf.constant(value) for name, value in attrs.asdict(self, recurse=False).items()}


@attrs.frozen(kw_only=True)
class Arrays(ArrayFields):
    """A batch as numpy arrays; ``labels`` is shifted against ``decoder_input`` as in teacher forcing.

    ==================  =============================  ======================================================
    source              (batch, source) int32          or (batch, source, features) float32
    decoder_input       (batch, target) int32          or (batch, target, channels) float32
    labels              (batch, target) int32          or (batch, target, words) float32 when one-hot; of a series
                                                       (batch, target, channels) or (batch, target) float32
    source_mask         (batch, source) bool           true at real positions; target_mask likewise, of the output
    source_length       (batch,) int32                 real steps of each row; target_length likewise
    ==================  =============================  ======================================================
    """

    source: Array
    decoder_input: Array
    labels: Array
    source_mask: Array
    target_mask: Array
    source_length: Array
    target_length: Array


def padded(rows: list[tuple[int, ...]], columns: int, value: int, side: str) -> npt.NDArray[np.int32]:
    """Return rows of ids as an int32 array (rows, columns), padded before or after."""
    array = np.full((len(rows), columns), value, dtype=np.int32)
    for index, row in enumerate(rows):
        if row:
            array[index, slice(-len(row), None) if side == "pre" else slice(0, len(row))] = row
    return array


def real_positions(lengths: list[int], columns: int, side: str) -> npt.NDArray[np.bool_]:
    """Return a bool array (rows, columns), true where a row holds something and not padding."""
    steps_ = np.arange(columns)
    real = np.asarray(lengths, dtype=np.int32).reshape(-1, 1)
    return steps_ >= columns - real if side == "pre" else steps_ < real


def one_hot(labels: npt.NDArray[np.int32], depth: int, smoothing: float = 0.0) -> npt.NDArray[np.float32]:
    """Return labels as one-hot rows of ``depth`` classes, float32; ``smoothing`` is spread over all classes.

    A label that is no class, as padding may be, is a row of zeros.
    """
    hot = (labels[..., None] == np.arange(depth)).astype(np.float32)
    spread = hot.any(axis=-1, keepdims=True) * (smoothing / depth)
    smoothed: npt.NDArray[np.float32] = (hot * (1.0 - smoothing) + spread).astype(np.float32)
    return smoothed


#: The share that smoothed targets give to all classes together, as in Szegedy et al. (2016), section 7.
SMOOTHING = 0.1


def arrays(case: Case, contract: Contract, batch: int = -1) -> Arrays:
    """Return one batch of a case as numpy arrays."""
    rows, tokens = case.batches[batch], contract.tokens
    side, after = rows.padding, contract.target_padding or rows.padding
    columns, decoder_columns = width(rows, "source", contract), width(rows, "target", contract)
    source = padded([p.source for p in rows.pairs], columns, tokens.pad, side)
    lengths = [len(p.source) for p in rows.pairs]
    mask = real_positions(lengths, columns, side)
    label_pad = tokens.pad if tokens.label_pad is None or contract.float_labels else tokens.label_pad
    if contract.kind == "many_to_many":
        decoder_columns = steps_of(contract.output_steps, columns, case.dimensions)
        target_lengths = [steps_of(contract.output_steps, length, case.dimensions) for length in lengths]
        inputs, tags = source, [tagged(pair, contract, case) for pair in rows.pairs]
        wide = max(1, *map(len, tags)) if contract.is_ctc and tags else decoder_columns
        labels = padded(tags, wide, label_pad, side)
    else:
        halves = [shifted(p.target, tokens) for p in rows.pairs]
        target_lengths = [len(first) for first, _ in halves]
        inputs = padded([first for first, _ in halves], decoder_columns, tokens.pad, after)
        labels = padded([second for _, second in halves], decoder_columns, label_pad, after)
    target_mask, pad = real_positions(target_lengths, decoder_columns, after), contract.series.pad
    given: Array = source
    if contract.float_source:
        given = features(source, mask, case.dimensions["feature_dim"], case.seed, pad=pad)
    return Arrays(
        source=given,
        decoder_input=_series_before(inputs, target_mask, given, mask, case, contract)
        if contract.float_decoder
        else inputs,
        labels=_series(labels, target_mask, case, contract)
        if contract.float_labels
        else encoded(labels, rows.target_encoding, case, contract),
        source_mask=mask,
        target_mask=target_mask,
        source_length=np.asarray(lengths, dtype=np.int32),
        target_length=np.asarray(target_lengths, dtype=np.int32),
    )


def whole_targets(case: Case, contract: Contract, batch: int = -1) -> npt.NDArray[np.int32]:
    """Return the target rows of a batch with their start and end, (batch, steps + 1) int32, padded as the batch is."""
    rows, tokens = case.batches[batch], contract.tokens
    around = [() if token is None else (token,) for token in (tokens.start, tokens.end)]
    whole = [(*around[0], *pair.target, *around[1]) for pair in rows.pairs]
    return padded(whole, width(rows, "target", contract) + 1, tokens.pad, contract.target_padding or rows.padding)


def source_rows(batch: Batch, contract: Contract) -> list[list[int]] | list[str]:
    """Return the source rows of a batch as the user's own preprocessing is given them: ids, or sentences."""
    text = contract.forms.text.get("source")
    return [list(p.source) if text is None else text.sentence(p.source) for p in batch.pairs]  # type: ignore[return-value]


def strings(ids: npt.NDArray[np.int32], mask: Array, text: Text) -> npt.NDArray[np.str_]:
    """Return ids as the strings that a model takes: a sentence for each row, or a word for each step."""
    if text.form == "words":
        words = [text.word(id_) if real else text.pad for id_, real in zip(ids.flat, mask.flat, strict=True)]
        return np.array(words, dtype=np.str_).reshape(ids.shape)
    sentences = [text.sentence(int(id_) for id_ in row[real]) for row, real in zip(ids, mask, strict=True)]
    return np.array(sentences, dtype=np.str_).reshape((-1, 1) if text.form == "column" else -1)


def step_arrays(case: Case, contract: Contract, seen: Arrays, batch: int = -1) -> dict[str, Array]:
    """Return what functions of a training batch are given by name: its arrays, ``target``, and text as strings."""
    found = {**attrs.asdict(seen, recurse=False), "target": whole_targets(case, contract, batch)}
    for name, side in (("source", "source"), ("decoder_input", "target"), ("target", "target")):
        if side in contract.forms.text:
            real = found[name] != contract.tokens.pad
            found[name] = strings(found[name], real, contract.forms.text[side])
    return found


def encoded(labels: npt.NDArray[np.int32], encoding: Encoding, case: Case, contract: Contract) -> Array:
    """Return labels in an encoding; the depth of one-hot rows is the target vocabulary."""
    vocabulary = contract.vocabulary("target")
    if encoding == "sparse" or vocabulary is None:
        return labels
    return one_hot(labels, case.dimensions[vocabulary], SMOOTHING if encoding == "smoothed_one_hot" else 0.0)


def features(
    ids: npt.NDArray[np.int32], mask: Array, size: int, seed: int, pad: float = 0.0, positive: bool = False
) -> npt.NDArray[np.float32]:
    """Return float features (batch, time, size): a normal vector for each id, the value of padding elsewhere."""
    keys = ([seed, row, size] for row in range(int(ids.max(initial=0)) + 1))
    table = np.stack([np.random.default_rng(key).standard_normal(size) for key in keys])
    table = np.abs(table) + 0.1 if positive else table
    return np.where(mask[..., None], table[ids], pad).astype(np.float32)


#: What the seed of the values of a target differs by from that of the source.
_OF_TARGET: Final = 7919


def _values(ids: npt.NDArray[np.int32], mask: Array, pad: float, case: Case, contract: Contract) -> Array:
    """Return the values of target ids, as many channels as the labels or the decoder has."""
    width = contract.series.width(case.dimensions)
    return features(ids, mask, width, case.seed + _OF_TARGET, pad, contract.series.positive)


def _series(ids: npt.NDArray[np.int32], mask: Array, case: Case, contract: Contract) -> Array:
    """Return labels that are values of a series."""
    series, label_pad = contract.series, contract.tokens.label_pad
    found = _values(ids, mask, series.pad if label_pad is None else float(label_pad), case, contract)
    return found[..., 0] if series.channels is None else found[..., : channels_of(series.channels, case.dimensions)]


def _series_before(
    ids: npt.NDArray[np.int32], mask: Array, source: Array, source_mask: Array, case: Case, contract: Contract
) -> Array:
    """Return what a decoder of floats reads: the value of the step before, and the start at the first real step."""
    width = channels_of(contract.series.decoder_channels, case.dimensions)
    found = _values(ids, mask, contract.series.pad, case, contract)[..., :width]
    rows = np.flatnonzero(mask.any(axis=1))
    if contract.tokens.start is None or not rows.size:
        return found
    first = np.zeros((len(ids), width), np.float32)
    if contract.series.start == "last" and source.ndim == 3 and source_mask.any(axis=1).all():
        last = source.shape[1] - 1 - source_mask[:, ::-1].argmax(axis=1)
        seen = source[np.arange(len(source)), last][:, :width]
        first[:, : seen.shape[1]] = seen
    found[rows, mask[rows].argmax(axis=1)] = first[rows]
    return found


def input_array(item: Input, arrays_: Arrays, contract: Contract, dimensions: Mapping[str, int]) -> Array:
    """Return the array that an input is given, in its own rank and type: of ids, floats, one-hot rows or strings."""
    value: Array = getattr(arrays_, item.role)
    if item.role in ("source", "decoder_input", "labels"):
        side: Side = "source" if item.role == "source" else "target"
        mask = arrays_.source_mask if side == "source" else arrays_.target_mask
        if side in contract.forms.text:
            return strings(value, mask, contract.forms.text[side])
        if side in contract.forms.one_hot:
            return one_hot(value, dimensions[str(contract.vocabulary(side))]) * mask[..., None]
    if item.role.endswith("_mask"):
        value = ~value if item.inverted else value
        while item.rank is not None and value.ndim < item.rank:
            value = value[:, None]
        return value.astype(item.dtype or "bool")
    if item.role.endswith("_length"):
        value = value.reshape(-1, 1) if item.rank == 2 else value
        return value.astype(item.dtype or "int32")
    if item.rank == 2 and value.ndim == 3:  # One value a step, without an axis for it.
        return value[..., 0]
    return value.swapaxes(1, 2) if item.steps_last else value
