"""One concrete input of a model, as plain data; and the numpy arrays that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt

from fuzzseq.spec import Encoding, Side, Spec, Tokens

Array = npt.NDArray[Any]
Mode = Literal["eager", "graph"]
Domain = Literal["ordinary", "edge", "hostile"]
StateKind = Literal["none", "zeros", "random"]


@attrs.frozen
class Pair:
    """One row of a batch: its source ids and its target ids, special tokens and padding left out."""

    source: tuple[int, ...] = ()
    target: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Batch:
    """The rows that a model is given at once, and how they are handed over.

    ``extra_source`` and ``extra_target`` are columns of padding beyond the longest row.
    """

    pairs: tuple[Pair, ...]
    initial_state: StateKind = "none"
    target_encoding: Encoding = "sparse"
    padding: Literal["post", "pre"] = "post"
    extra_source: int = 0
    extra_target: int = 0

    @property
    def ragged(self) -> bool:
        """Whether rows of one side differ in length."""
        return len({len(p.source) for p in self.pairs}) > 1 or len({len(p.target) for p in self.pairs}) > 1


@attrs.frozen(kw_only=True)
class Case:
    """One concrete input: what the model is built with, the batches it is given in turn, and how it is run.

    ``dimensions`` are those of the build; those of a batch (``batch_size``, ``source_length``, ``target_length``)
    are read off its rows by :meth:`sizes`. ``seed`` fixes weights, random initial states and float features.
    """

    dimensions: Mapping[str, int] = attrs.field(factory=dict)
    batches: tuple[Batch, ...]
    mode: Mode = "eager"
    seed: int = 0
    domain: Domain = "ordinary"

    def sizes(self, spec: Spec, batch: int = -1) -> dict[str, int]:
        """Return every dimension with its value: those of one batch (the last, usually), then those of the build."""
        rows = self.batches[batch]
        data = {
            "batch_size": len(rows.pairs),
            "source_length": width(rows, "source", spec),
            "target_length": width(rows, "target", spec),
        }
        return {**{name: data[name] for name in spec.data_dimensions()}, **self.dimensions}


@attrs.frozen(kw_only=True)
class Arrays:
    """A batch as numpy arrays; ``labels`` is shifted against ``decoder_input`` as in teacher forcing.

    ==================  =============================  ======================================================
    source              (batch, source) int32          or (batch, source, features) float32
    decoder_input       (batch, target) int32
    labels              (batch, target) int32          or (batch, target, words) float32 when one-hot
    source_mask         (batch, source) bool           true at real positions; target_mask likewise
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

    def tensors(self) -> dict[str, Any]:
        """Return the arrays as TensorFlow tensors, by name. Imports TensorFlow."""
        import tensorflow as tf  # noqa: PLC0415 (the brain never loads it; a worker or a user's test calls this)

        return {name: tf.constant(value) for name, value in attrs.asdict(self, recurse=False).items()}


def steps(target: tuple[int, ...], tokens: Tokens) -> int:
    """Return the decoder steps of one row: its tokens, one more with start and end, one less without either."""
    return max(0, len(target) + (tokens.start is not None) + (tokens.end is not None) - 1)


def tokens_for_steps(count: int, tokens: Tokens) -> int:
    """Return how many target ids make ``count`` decoder steps."""
    return count + 1 - (tokens.start is not None) - (tokens.end is not None)


def width(batch: Batch, side: Side, spec: Spec) -> int:
    """Return the columns of one side of a batch, its padding included."""
    if side == "source":
        return max((len(p.source) for p in batch.pairs), default=0) + batch.extra_source
    return max((steps(p.target, spec.tokens) for p in batch.pairs), default=0) + batch.extra_target


def shifted(target: tuple[int, ...], tokens: Tokens) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return decoder input and labels of one row: start + ids, and ids + end."""
    whole = (
        *(() if tokens.start is None else (tokens.start,)),
        *target,
        *(() if tokens.end is None else (tokens.end,)),
    )
    return whole[:-1], whole[1:]


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
    """Return labels as one-hot rows of ``depth`` classes, float32; ``smoothing`` is spread over all classes."""
    hot = (labels[..., None] == np.arange(depth)).astype(np.float32)
    smoothed: npt.NDArray[np.float32] = (hot * (1.0 - smoothing) + smoothing / depth).astype(np.float32)
    return smoothed


#: The share that smoothed targets give to all classes together, as in Szegedy et al. (2016), section 7.
SMOOTHING = 0.1


def arrays(case: Case, spec: Spec, batch: int = -1) -> Arrays:
    """Return one batch of a case as numpy arrays."""
    rows, tokens = case.batches[batch], spec.tokens
    side = rows.padding
    columns, decoder_columns = width(rows, "source", spec), width(rows, "target", spec)
    source = padded([p.source for p in rows.pairs], columns, tokens.pad, side)
    lengths = [len(p.source) for p in rows.pairs]
    mask = real_positions(lengths, columns, side)
    if spec.kind == "many_to_many":
        decoder_columns, target_lengths = columns, lengths
        inputs = source
        labels = padded([tagged(p) for p in rows.pairs], columns, tokens.pad, side)
    else:
        halves = [shifted(p.target, tokens) for p in rows.pairs]
        target_lengths = [len(first) for first, _ in halves]
        inputs = padded([first for first, _ in halves], decoder_columns, tokens.pad, side)
        labels = padded([second for _, second in halves], decoder_columns, tokens.pad, side)
    return Arrays(
        source=features(source, mask, case.dimensions["feature_dim"], case.seed) if spec.float_source else source,
        decoder_input=inputs,
        labels=encoded(labels, rows.target_encoding, case, spec),
        source_mask=mask,
        target_mask=real_positions(target_lengths, decoder_columns, side),
        source_length=np.asarray(lengths, dtype=np.int32),
        target_length=np.asarray(target_lengths, dtype=np.int32),
    )


def tagged(pair: Pair) -> tuple[int, ...]:
    """Return one label for each source step of a many-to-many row: its target ids, repeated as far as needed."""
    if not pair.source:
        return ()
    labels = pair.target or (0,)
    return tuple(labels[step % len(labels)] for step in range(len(pair.source)))


def encoded(labels: npt.NDArray[np.int32], encoding: Encoding, case: Case, spec: Spec) -> Array:
    """Return labels in an encoding; the depth of one-hot rows is the target vocabulary."""
    vocabulary = spec.vocabulary("target")
    if encoding == "sparse" or vocabulary is None:
        return labels
    return one_hot(labels, case.dimensions[vocabulary], SMOOTHING if encoding == "smoothed_one_hot" else 0.0)


def features(ids: npt.NDArray[np.int32], mask: Array, size: int, seed: int) -> npt.NDArray[np.float32]:
    """Return float features (batch, time, size) for ids: one standard normal vector for each id, zeros at padding."""
    rows = int(ids.max(initial=0)) + 1
    table = np.stack([np.random.default_rng([seed, row, size]).standard_normal(size) for row in range(rows)])
    return np.where(mask[..., None], table[ids], 0.0).astype(np.float32)
