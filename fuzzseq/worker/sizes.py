"""The sizes that a built model shows: lengths and batches that it fixes, and vocabularies that no parameter carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import Side
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, Dim, dim
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance, flat_inputs
from fuzzseq.worker.first_look import Look, guessed_sizes, look, refuse_what_cannot_run
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.parts import is_array
from fuzzseq.worker.refusals import raised_text
from fuzzseq.worker.variables import every_layer

_SIDES: tuple[Side, Side] = ("source", "target")


def with_static_sizes(
    spec: Spec, built: ModelInstance, sizes: Mapping[str, int], others: Iterator[tuple[ModelInstance, dict[str, int]]]
) -> Spec:
    """Return the Spec with the sizes of a batch that a functional model fixes in its inputs.

    ``others`` builds the model in other sizes: what moves with one of them is no constant.
    """
    dimensions, static = dict(spec.contract.dimensions), list(spec.contract.static)
    inferred: set[str] = set()
    named = {p.dimension for p in spec.contract.parameters}
    tensors = flat_inputs(built.model) if KERAS.is_functional(built.model) else []
    for place, (tensor, item) in enumerate(zip(tensors, spec.contract.inputs, strict=False)):
        side = {"source": "source_length", "decoder_input": "target_length"}.get(item.role)
        if side is None:
            continue
        for name, size in zip(("batch_size", side), tensor.shape, strict=False):
            if size is None:
                continue
            static.append(name)
            if name not in named and spec.traits.origins.get(name) != "declared":
                dimensions[name] = _fixed(name, int(size), named, sizes)
                inferred.add(name)
        if item.role == "source" and len(tensor.shape) == 3 and "feature_dim" not in named:
            width = int(tensor.shape[2] or 4)
            source = _followed(width, place, sizes, others) if tensor.shape[2] else None
            usual = Dim(min=1, max=1024, equal_to=source) if source else dim(width)
            dimensions.setdefault("feature_dim", usual)
    fields = {"dimensions": dimensions, "static": tuple(dict.fromkeys(static))}
    return spec.read_off(contract=fields, inferred=inferred)


def _followed(
    width: int, place: int, sizes: Mapping[str, int], others: Iterator[tuple[ModelInstance, dict[str, int]]]
) -> str | None:
    """Return the dimension that the width of an input follows, as another build shows; None for a constant."""
    for built, other in others:
        wide = flat_inputs(built.model)[place].shape[2]
        if wide != width:
            return next(
                (n for n in sizes if n not in DATA_DIMENSIONS and (sizes[n], other.get(n)) == (width, wide)), None
            )
    return None


def _fixed(name: str, value: int, named: set[str], sizes: Mapping[str, int]) -> Dim:
    """Return the range of a size that is fixed: to the longest sequence that it comes from, else to its constant."""
    longest = ("max_source_length" if name == "source_length" else "max_target_length", "max_length")
    source = next((n for n in longest if n in named and sizes.get(n) == value), None)
    return Dim(min=1, max=64, equal_to=source) if source else dim(value)


def with_vocabularies(
    target: LoadedFactory,
    spec: Spec,
    built: ModelInstance,
    sizes: dict[str, int],
    others: Iterator[tuple[ModelInstance, dict[str, int]]],
    call: bool,
) -> Spec:
    """Return the Spec with vocabularies that no parameter carries: found in the embeddings, and in the output."""
    seen = _Seen()
    guess = guessed_sizes(spec, sizes)
    with built.tracker.watching(seen.listen):
        first = look(built, spec, guess) if call else Look()
    refuse_what_cannot_run(built, spec, guess, first)
    output = first.array
    dimensions, notes = dict(spec.contract.dimensions), list[str]()
    traits: dict[str, bool] = {"single_output": is_array(first.raw)}
    if output is not None and (tags := _constant_tags(spec, output, sizes, others)):
        dimensions["output_dim"] = dim(tags)
        notes.append(f"its {tags} labels were read off the model, in whatever sizes it is built: output_dim={tags}")
    for side in _SIDES:
        name = spec.contract.vocabulary(side)
        if name is None or name in dimensions or name in {p.dimension for p in spec.contract.parameters}:
            continue
        found = seen.table(side, spec) or (output.shape[-1] if side == "target" and output is not None else None)
        if found is None:
            raise SpecError(
                f"The {side} vocabulary of {target.name} is not one of its parameters, and {_unread(first, built)}: "
                f"{_declaring(name, built.model, first)}."
            )
        dimensions[name] = Dim(min=int(found), max=int(found))
        notes.append(f"{name} was read off the model, so that ids beyond its own table are not tried on that side")
    if output is not None and spec.traits.logits is None and spec.contract.has_labels:
        traits["logits"] = not _probabilities(output)
    changed = {name for name in dimensions if dimensions[name] is not spec.contract.dimensions.get(name)}
    inferred = {*changed, *traits} - {"single_output"}
    return spec.read_off(contract={"dimensions": dimensions}, traits=traits, inferred=inferred, notes=notes)


def _declaring(name: str, model: Any, first: Look) -> str:
    """Return what to declare of a vocabulary that could not be read off: the rows of the model's largest table."""
    if first.error is None:
        return f"declare it, @fuzz_target({name}=1000)"
    rows = [rows for layer in every_layer(model) if (rows := KERAS.table_rows(layer)) is not None]
    if not rows:
        return f"where it takes rows of floats, declare @fuzz_target(float_source=True), else @fuzz_target({name}=1000)"
    return f"declare it, @fuzz_target({name}={max(rows)})"


def _unread(first: Look, built: ModelInstance) -> str:
    """Return why a vocabulary could not be read off the model."""
    if first.error is not None:
        said = raised_text(first.error, built.tracker)
        return f"it could not be read off the model, which raises for a first batch of ids, {said}"
    return "no Embedding layer shows its size"


def _constant_tags(
    spec: Spec, output: Any, sizes: Mapping[str, int], others: Iterator[tuple[ModelInstance, dict[str, int]]]
) -> int | None:
    """Return how many labels a tagger has whose words are another number, where that is a constant of its code."""
    words = sizes.get("vocab_size")
    if spec.contract.kind != "many_to_many" or spec.contract.vocabulary("target") != "vocab_size" or output.ndim != 3:
        return None
    tags = int(output.shape[-1])
    if tags == words:
        return None
    for built, other in others:
        if tags not in other.values() and other.get("vocab_size") != words:
            again = look(built, spec, guessed_sizes(spec, other)).array
            return tags if again is not None and again.shape[-1] == tags else None
    return None


class _Seen:
    """The embedding tables that were looked into, with the number of steps that each was given, and the ids."""

    def __init__(self) -> None:
        self.tables: list[tuple[int, int, Any]] = []

    def listen(self, _path: str, _output: Any, layer: Any, given: tuple[Any, ...]) -> None:
        """Take note of an embedding."""
        rows = KERAS.table_rows(layer)
        if rows is not None and given and len(given[0].shape) == 2:
            ids = np.asarray(given[0]) if hasattr(given[0], "numpy") else None
            self.tables.append((int(given[0].shape[1] or 0), rows, ids))

    def table(self, side: Side, spec: Spec) -> int | None:
        """Return the rows of the first table that was given the ids of a side; a table of positions is given others."""
        if side == "target" and not spec.contract.has_target:
            return None
        wanted = (3,) if side == "source" else (4, 1)
        there = [(rows, ids) for steps, rows, ids in self.tables if steps in wanted]
        words = [
            rows for rows, ids in there if ids is not None and spec.contract.lowest_id(side) in ids and not _counts(ids)
        ]
        return next(iter([*words, *(rows for rows, _ in there)]), None)


def _counts(ids: Any) -> bool:
    """Say whether ids count the steps, as positions do."""
    return ids.shape[1] > 1 and bool((np.diff(ids, axis=1) == 1).all())


def _probabilities(scores: Any) -> bool:
    """Say whether scores look like probabilities: none negative, and each step's sum is one."""
    return bool((scores >= 0).all() and np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3))
