"""What a mutant does wrong, by a numeric oracle that shares no code with the checks.

``python -m tests.benchmarks.mutation.oracle FILE...`` prints a line of JSON for each file: the first is the healthy
model, which says how all of them are fed; the others are its mutants. A model is run on a few batches with its own
weights, each input is changed in one way, and what must not follow is looked for:

=============  =========================================================================
``raises``     a batch or its gradient raises
``shape``      the scores have another shape than the healthy model's
``finite``     scores, loss or gradients are not finite
``padding``    more padding changes scores at real steps
``future``     a later token changes earlier scores
``rows``       a row has other scores alone
``source``     another source changes nothing
``noise``      two calls differ
``gradient``   a weight has no gradient
``loss``       the same scores and labels cost something else than in the healthy model, by a loss of its own
``scores``     rows sum to one, and did not, or the other way round, under the same loss of its own
``loss_pads``  scores at padding change a loss of its own
``dropout``    two calls in training are the same, and were not
=============  =========================================================================

What a healthy model does itself is not held against its mutants. One that does nothing of this, and gives the same
scores, loss and gradients as the healthy model with the same weights, is ``equivalent``; one that gives others is
another model, and right in its own way: ``other``.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays, arrays
from fuzzseq.cases.boundary import nearest_setting
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.cases.domain import allowed, encodings, id_range, padding_side
from fuzzseq.loading import parse
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance
from fuzzseq.worker.feeding import feed, label_tensor
from fuzzseq.worker.inference import infer
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.loading import load
from fuzzseq.worker.stages import StageBeacon

_SMALL: Final = {"source_vocab_size": 9, "target_vocab_size": 13, "vocab_size": 12}
_LARGE: Final = {"source_vocab_size": 17, "target_vocab_size": 11, "vocab_size": 14}
#: Sizes that are aimed at, and rows as (source, target) lengths: most have no two sizes of a batch equal.
_SETTINGS: Final[tuple[tuple[dict[str, int], tuple[tuple[int, int], ...]], ...]] = (
    ({"units": 6, "embedding_dim": 5, "num_heads": 2, "num_layers": 2, **_SMALL}, ((4, 3), (2, 5), (3, 2))),
    ({"units": 8, "embedding_dim": 3, "num_heads": 2, "num_layers": 1, **_LARGE}, ((7, 4), (5, 1))),
    ({"units": 3, "embedding_dim": 7, "num_heads": 1, "num_layers": 1, **_LARGE}, ((3, 6),)),
    ({"units": 4, "embedding_dim": 4, "num_heads": 2, "num_layers": 1, **_SMALL}, ((4, 4),) * 4),
    ({"units": 5, "embedding_dim": 6, "num_heads": 1, "num_layers": 1, **_LARGE}, ((1, 1),)),
)
#: By how much two scores may differ, beside the largest.
_TOLERANCE: Final = 1e-3


@attrs.define
class Seen:
    """What was seen of a model: what it does wrong, and its numbers, to be compared with those of another."""

    wrong: set[str] = attrs.field(factory=set)
    #: By the number of the case, as all that follows.
    scores: dict[int, Array] = attrs.field(factory=dict)
    #: Of the healthy model's scores where there are any, else of its own.
    losses: dict[int, float] = attrs.field(factory=dict)
    gradients: dict[int, list[Array | None]] = attrs.field(factory=dict)
    normalized: dict[int, bool] = attrs.field(factory=dict)
    drops: dict[int, bool] = attrs.field(factory=dict)


class _Batch:
    """A batch, and a model that is run on it."""

    def __init__(self, target: LoadedFactory, spec: Spec, case: Case) -> None:
        self.spec, self.case = spec, case
        self.arrays = arrays(case, spec.contract)
        sizes = case.sizes(spec.contract, 0)
        self.built = ModelInstance(target, spec, sizes, 0, StageBeacon())
        shapes = self.built.state_shapes(sizes)
        draw = np.random.default_rng(1)
        self.states = (
            tf.nest.map_structure(
                lambda shape: tf.constant(draw.normal(size=shape), tf.float32),
                shapes,
            )
            if shapes and not isinstance(shapes, tuple)
            else None
        )
        self.forward(self.arrays)
        self.built.init_weights()
        for variable in self.built.trainable:
            values = draw.normal(size=tuple(variable.shape)) * 0.7
            variable.assign(tf.cast(values, variable.dtype))
        self._kept = [(v, np.asarray(tf.convert_to_tensor(v))) for v in _state_of(self.built.model)]

    def forward(self, given: Arrays, training: bool = False) -> Any:
        """Return the output for arrays; what a model keeps is put back before."""
        for variable, value in getattr(self, "_kept", ()):
            variable.assign(value)
        return self.built.subject.forward(feed(self.spec, given, self.case.dimensions, self.states), training)

    def scores(self, given: Arrays, training: bool = False) -> Array:
        """Return the scores for arrays."""
        return np.asarray(self.forward(given, training).scores, np.float64)

    def again(self, given: Arrays, training: bool = False) -> Array:
        """Return the scores of a call that nothing was put back before."""
        return np.asarray(
            self.built.subject.forward(feed(self.spec, given, self.case.dimensions, self.states), training).scores,
            np.float64,
        )

    def loss(self, scores: Array | None = None, *, at_padding: float = 0.0) -> Any:
        """Return the loss, a tensor; of other scores, or with those at padding changed."""
        output = self.forward(self.arrays)
        if scores is not None and scores.shape == tuple(output.scores.shape):
            output = output.of(tf.cast(scores, output.scores.dtype))
        real = self.arrays.target_mask
        if at_padding:
            changed = np.where(real[..., None], 0.0, at_padding * np.arange(1, output.scores.shape[-1] + 1))
            output = output.of(output.scores + tf.cast(changed, output.scores.dtype))
        fed = feed(self.spec, self.arrays, self.case.dimensions, self.states)
        labels, mask = label_tensor(self.spec, self.arrays), tf.constant(real)
        return tf.reduce_mean(self.built.loss(fed, labels, output, mask, tf.cast(mask, tf.float32)))


def _state_of(model: Any) -> list[Any]:
    return [*getattr(model, "non_trainable_variables", ())]


def cases(spec: Spec) -> Iterator[Case]:
    """Yield the cases that a model is run on."""
    contract = spec.contract
    for seed, (aim, rows) in enumerate(_SETTINGS):
        draw = np.random.default_rng(seed)
        sizes = nearest_setting(contract, {**aim, "batch_size": len(rows)}, {})
        if sizes is None:
            continue

        def ids(side: Any, count: int, sizes: Mapping[str, int] = sizes, draw: Any = draw) -> tuple[int, ...]:
            low, high = id_range(side, sizes, contract)
            return tuple(int(each) for each in draw.integers(low, max(low, high) + 1, count))

        fixed = sizes.get("source_length"), sizes.get("target_length")
        pairs = tuple(
            Pair(
                source=ids("source", fixed[0] or source) if contract.has_source else (),
                target=ids("target", (fixed[1] or target) if contract.has_target else source)
                if contract.has_labels
                else (),
            )
            for source, target in rows
        )
        batch = Batch(pairs=pairs, target_encoding=encodings(contract)[0], padding=padding_side(contract))
        case = Case(dimensions=sizes, batches=(batch,))
        if allowed(case, contract):
            yield case


def look(target: LoadedFactory, spec: Spec, healthy: Seen | None) -> Seen:
    """Run a model on all cases, and note what it does wrong."""
    seen = Seen()
    for place, case in enumerate(cases(spec)):
        try:
            _of_case(_Batch(target, spec, case), seen, healthy, place)
        except Exception:  # whatever a mutant raises
            seen.wrong.add("raises")
            if healthy is None:
                raise
    if healthy is not None:
        _compare(seen, healthy)
    return seen


def _of_case(batch: _Batch, seen: Seen, healthy: Seen | None, place: int) -> None:
    spec, given = batch.spec, batch.arrays
    scores = batch.scores(given)
    seen.scores[place] = scores
    seen.normalized[place] = scores.ndim == 3 and bool(np.allclose(scores.sum(-1), 1.0, atol=1e-4))
    if not np.isfinite(scores).all():
        seen.wrong.add("finite")
        return
    if _differ(batch.again(given), batch.again(given)):
        seen.wrong.add("noise")
        return
    for name, changed, kept in _changes(batch, scores):
        other = batch.scores(changed)
        if name == "source":
            if not _differ(scores, other):
                seen.wrong.add(name)
        elif _differ(*kept(scores, other)):
            seen.wrong.add(name)
    seen.drops[place] = _differ(batch.again(given, True), batch.again(given, True))
    if spec.contract.has_labels:
        _of_loss(batch, seen, healthy, place)


def _of_loss(batch: _Batch, seen: Seen, healthy: Seen | None, place: int) -> None:
    spec, given, scores = batch.spec, batch.arrays, seen.scores[place]
    with tf.GradientTape() as tape:
        loss = batch.loss()
    gradients = tape.gradient(loss, batch.built.trainable)
    seen.gradients[place] = [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in gradients]
    if not np.isfinite(float(loss)) or any(g is not None and not np.isfinite(g).all() for g in seen.gradients[place]):
        seen.wrong.add("finite")
    reference = scores if healthy is None else healthy.scores.get(place, scores)
    seen.losses[place] = float(batch.loss(reference))
    # Where a model has no loss, fuzzseq chooses one that fits its scores.
    own = spec.contract.loss is not None or batch.built.target.option("loss") is not None
    if not own:
        del seen.losses[place], seen.normalized[place]
    pads = own and spec.contract.padding and not given.target_mask.all() and scores.ndim == 3
    if pads and _differ(np.array(float(loss)), np.array(float(batch.loss(at_padding=1.0)))):
        seen.wrong.add("loss_pads")


_Kept = Callable[[Array, Array], tuple[Array, Array]]


def _changes(batch: _Batch, scores: Array) -> Iterator[tuple[str, Arrays, _Kept]]:
    """Yield what must not matter, with what of the scores is compared."""
    spec, given = batch.spec, batch.arrays
    contract = spec.contract
    rows = len(given.source_length)
    real = given.target_mask if given.target_mask.shape == scores.shape[:2] else np.ones(scores.shape[:2], bool)
    if rows > 1 and "batch_size" not in contract.static:
        for row in range(rows):
            alone = attrs.evolve(given, **{f: v[row : row + 1] for f, v in _fields(given)})
            steps = real[row : row + 1]
            yield "rows", alone, lambda a, b, at=row, s=steps: (a[at : at + 1][s], b[s])  # type: ignore[misc]
    if contract.padding == "post" and not contract.fixed():
        for side in ("source", "target"):
            yield "padding", _longer(given, side, contract), lambda a, b: (a[real], b[:, : a.shape[1]][real])
    draw = np.random.default_rng(5)
    if contract.has_target and not contract.float_decoder and given.decoder_input.shape[1] > 1:
        ids = given.decoder_input.copy()
        for row, length in enumerate(given.target_length):
            if length > 1:
                low, high = id_range("target", batch.case.dimensions, contract)
                ids[row, length - 1] = low + (ids[row, length - 1] - low + 1) % max(1, high - low + 1)
        last = np.arange(ids.shape[1]) < given.target_length[:, None] - 1
        yield "future", attrs.evolve(given, decoder_input=ids), lambda a, b: (a[last], b[last])
    if contract.has_source and contract.has_target:
        source = given.source.copy()
        where = given.source_mask
        low, high = id_range("source", batch.case.dimensions, contract) if source.ndim == 2 else (0, 0)
        source[where] = (
            draw.normal(size=source[where].shape) if source.ndim == 3 else draw.integers(low, high + 1, where.sum())
        )
        if not np.array_equal(source, given.source):
            yield "source", attrs.evolve(given, source=source), lambda a, b: (a, b)


def _fields(given: Arrays) -> Iterator[tuple[str, Array]]:
    for field in attrs.fields(Arrays):
        yield field.name, getattr(given, field.name)


def _longer(given: Arrays, side: str, contract: Any) -> Arrays:
    """Return arrays with two more columns of padding on one side; of one sequence, on both."""
    both = contract.kind == "many_to_many"
    names = {"source": ("source", "source_mask"), "target": ("decoder_input", "labels", "target_mask")}
    chosen = (*names["source"], *names["target"]) if both else names[side]

    def padded(name: str, array: Array) -> Array:
        value: float = {"source_mask": False, "target_mask": False}.get(name, contract.tokens.pad)
        if array.dtype.kind == "f":
            value = contract.series.pad
        return np.pad(array, ((0, 0), (0, 2)) + ((0, 0),) * (array.ndim - 2), constant_values=value)

    return attrs.evolve(given, **{name: padded(name, array) for name, array in _fields(given) if name in chosen})


def _differ(one: Array, two: Array) -> bool:
    if one.shape != two.shape:
        return True
    return bool(one.size) and bool(np.max(np.abs(one - two)) > _TOLERANCE * max(1e-3, float(np.max(np.abs(one)))))


def _compare(seen: Seen, healthy: Seen) -> None:
    """Note what is another thing than in the healthy model, and let off what that does itself."""
    if any(seen.scores[at].shape != healthy.scores[at].shape for at in seen.scores.keys() & healthy.scores.keys()):
        seen.wrong.add("shape")
    if any(seen.normalized[at] != healthy.normalized[at] for at in seen.normalized.keys() & healthy.normalized.keys()):
        seen.wrong.add("scores")
    losses = seen.losses.keys() & healthy.losses.keys()
    if any(_differ(np.array(seen.losses[at]), np.array(healthy.losses[at])) for at in losses):
        seen.wrong.add("loss")
    if any(healthy.drops[at] and not seen.drops[at] for at in seen.drops.keys() & healthy.drops.keys()):
        seen.wrong.add("dropout")
    if _dead(seen) > _dead(healthy):
        seen.wrong.add("gradient")
    seen.wrong -= healthy.wrong


def _dead(seen: Seen) -> int:
    """Return how many weights have no gradient in any case."""
    counts = [sum(g is None or not np.any(g) for g in gradients) for gradients in seen.gradients.values()]
    return min(counts, default=0)


def verdict(seen: Seen, healthy: Seen) -> str:
    """Return whether a model is wrong, equivalent, or another one."""
    if seen.wrong:
        return "wrong"
    same = all(not _differ(seen.scores[at], healthy.scores[at]) for at in healthy.scores)
    same = same and all(_alike(seen.gradients.get(at, []), healthy.gradients[at]) for at in healthy.gradients)
    return "equivalent" if same else "other"


def _alike(one: list[Array | None], two: list[Array | None]) -> bool:
    pairs = list(zip(one, two, strict=False))
    return len(one) == len(two) and not any(a is not None and b is not None and _differ(a, b) for a, b in pairs)


def main() -> None:
    """Print what each of some files does."""
    tracker = Tracker()
    KERAS.listen(tracker)
    healthy: Seen | None = None
    spec: Spec | None = None
    for file in sys.argv[1:]:
        try:
            target = next(iter(load(parse(f"{file}:build"), tracker).values()))
            if spec is None:
                spec = infer(target, StageBeacon())
            seen = look(target, spec, healthy)
        except Exception as error:  # noqa: BLE001 (a mutant may raise anything)
            if spec is None or healthy is None:
                print(json.dumps({"file": file, "verdict": "unknown", "why": f"{type(error).__name__}: {error}"}))
                return
            seen = Seen(wrong={"raises"})
        if healthy is None:
            healthy = seen
            continue
        line = {"file": Path(file).name, "verdict": verdict(seen, healthy), "wrong": sorted(seen.wrong)}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
