"""The user's own decode loop: called on a batch, watched, and held to the model run by teacher forcing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
import numpy as np

from fuzzseq.cases.arrays import Array, Arrays
from fuzzseq.checks.base import Decoded
from fuzzseq.checks.produced import counted, decoded_rows, first_miss, readings, teacher_forced
from fuzzseq.protocol.runs import DecodeRun
from fuzzseq.targets.decode_call import DecodeCall
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import by_role
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Function, Layer, Nest

#: The width of a beam that has no default.
BEAMS: Final = 3
#: From the arrays of a batch to the scores of its teacher forcing.
Scored = Callable[[Arrays], Nest]


class _Watch:
    """What a loop's layers were given and gave: the ids that embeddings look up, and scores of words."""

    def __init__(self, words: int | None) -> None:
        self._words = words
        self.ids: list[Array] = []
        self.scores: dict[str, list[Array]] = {}

    def __call__(self, path: str, output: Nest, layer: Layer, given: Args) -> None:
        if KERAS.table_rows(layer) is not None and given and hasattr(given[0], "numpy"):
            self.ids.append(np.asarray(given[0]))
        shape = tuple(getattr(output, "shape", None) or ())
        if len(shape) in (2, 3) and shape[-1] == self._words and hasattr(output, "numpy"):
            self.scores.setdefault(path, []).append(np.asarray(output))

    def chose_best(self, rows: Sequence[Sequence[int]], counts: Sequence[int]) -> bool | None:
        """Say whether each id is the best of some step of the scores that were computed for its step."""
        needed = max(counts, default=0)
        paths = [arrays for arrays in self.scores.values() if len(arrays) >= needed]
        if not paths or not needed:
            return None

        def best(arrays: list[Array]) -> bool:
            for place, (row, count) in enumerate(zip(rows, counts, strict=True)):
                for step in range(count):
                    seen = arrays[step]
                    if len(seen) != len(rows) or row[step] not in seen[place].argmax(axis=-1).ravel():
                        return False
            return True

        return any(map(best, paths))


def decode(built: ModelInstance, fed: Nest, arrays: Arrays, words: int | None, run: DecodeRun, score: Scored) -> Decoded:
    """Return what the decode loop gives for a batch, and the scores of teacher forcing on it.

    What the loop raises goes on its way; where teacher forcing is not to be had on what it gave, the result says why.
    """
    spec = built.spec
    call = spec.contract.decode_call
    if call is None:
        raise RuntimeError("the target has no decode loop that could be called")
    watches: list[_Watch] = []
    parts: list[list[list[int]]] = []
    reason = ""
    built.subject.mark.enter("generate")
    prompt = prompt_of(spec, arrays)
    for given in given_rows(call, _by_role(spec, fed), prompt):
        watch = _Watch(words)
        with built.tracker.watching(watch):
            returned = call_loop(built, call, given, run)
        watches.append(watch)
        try:
            parts.append(decoded_rows(returned))
        except ValueError as error:
            reason = str(error)
    built.subject.mark.enter("forward")
    if reason or not spec.contract.has_target:
        return Decoded(unaligned=reason or "the model reads no target")
    rows = parts[0] if call.rows == "batch" else [next(iter(part), []) for part in parts]
    try:
        return _aligned(spec, arrays, [row[: run.steps + prompt.shape[1]] for row in rows], prompt, watches, run, score)
    except ValueError as error:
        return Decoded(unaligned=str(error))


def prompt_of(spec: Spec, arrays: Arrays) -> Array:
    """Return what rows begin with: the start token; of a lone decoder the first ids of each, as many as all have."""
    start = spec.contract.tokens.start
    if spec.contract.kind == "decoder":
        shortest = int(arrays.target_length.min(initial=arrays.decoder_input.shape[1]))
        return arrays.decoder_input[:, : max(1, shortest)]
    return np.full((len(arrays.source), int(start is not None)), start or 0, np.int32)


def _by_role(spec: Spec, fed: Nest) -> dict[str, Nest]:
    return dict(fed) if spec.contract.calling == "steps" else by_role(spec, fed)


def given_rows(call: DecodeCall, given: Mapping[str, Nest], prompt: Array) -> list[dict[str, Nest]]:
    """Return what a loop is given by role, once for all rows, or for each row apart."""
    count = len(prompt)
    tensors = {**{role: value for role, value in given.items() if role != "states"}, "prompt": prompt}
    if call.rows == "batch":
        return [{**tensors, "rows": count}]
    place = slice if call.rows == "one" else None
    cut = [slice(row, row + 1) if place else row for row in range(count)]
    return [{**{role: value[at] for role, value in tensors.items()}, "rows": 1} for at in cut]


def call_loop(built: ModelInstance, call: DecodeCall, given: Mapping[str, Nest], run: DecodeRun) -> Nest:
    """Call the user's decode loop on what is ``given`` by role."""
    tokens = built.spec.contract.tokens
    parts = built.model if isinstance(built.model, EncoderDecoder) else built.inference
    values: dict[str, Nest] = {
        **given,
        "model": built.model,
        "encoder": getattr(parts, "encoder", None),
        "decoder": getattr(parts, "decoder", None),
        "steps": run.steps,
        "beams": run.beams or call.several_beams or BEAMS,
        "cache": run.cache,
        "start": tokens.start,
        "end": tokens.end,
        "pad": tokens.pad,
    }
    taken = [p for p in call.parameters if not (p.role == "cache" and run.cache is None)]
    if call.numpy:
        arrays = ("source", "source_mask", "source_length", "prompt")
        values |= {role: np.asarray(values[role]) for role in arrays if values.get(role) is not None}
    return loop_of(built)(
        *(values[p.role] for p in taken if not p.keyword), **{p.name: values[p.role] for p in taken if p.keyword}
    )


def loop_of(built: ModelInstance) -> Function:
    """Return the decode loop that was declared: a function, or a method of the model."""
    declared: Function = built.target.option("decode")
    return getattr(built.model, declared) if isinstance(declared, str) else declared


def _aligned(
    spec: Spec,
    arrays: Arrays,
    rows: list[list[int]],
    prompt: Array,
    watches: list[_Watch],
    run: DecodeRun,
    score: Scored,
) -> Decoded:
    """Return rows in the reading that agrees with teacher forcing, else in the first; raises ValueError for none."""
    tokens = spec.contract.tokens
    found: Decoded | None = None
    if not prompt.shape[1]:
        raise ValueError("rows have no start token to be begun with: declare tokens={'start': ...}")
    for reading in readings(rows, prompt):
        shown = tuple(tuple(row[: run.steps]) for row in reading)
        scores = _scores(spec, arrays, shown, prompt, run, score)
        seen = Decoded(
            rows=shown,
            after_prompt=len(reading[0]) < len(rows[0]) if reading else False,
            scores=scores,
            began_with=_began_with(watches, arrays),
            chose_best=_chose_best(watches, shown, [counted(row, tokens.end, tokens.pad) for row in shown]),
        )
        found = found or seen
        if scores.shape[1] and first_miss(scores, shown, tokens.end, tokens.pad, tokens.specials()) is None:
            return seen
    if found is None:
        raise ValueError("it returns no rows")
    return found


def _scores(
    spec: Spec, arrays: Arrays, rows: Sequence[Sequence[int]], prompt: Array, run: DecodeRun, score: Scored
) -> Array:
    """Return the scores (batch, steps, words) of teacher forcing on rows of ids."""
    tokens, begins = spec.contract.tokens, prompt.shape[1]
    longest = max(map(len, rows), default=0)
    fixed = bool({"target_length", "decoder_length"} & {*spec.contract.static})
    width = arrays.decoder_input.shape[1] if fixed else begins - 1 + longest
    if not longest:
        return np.zeros((len(rows), 0, 0))

    def forced(columns: int) -> Array:
        ids = teacher_forced(rows, prompt, tokens.pad, columns)
        lengths = np.full(len(rows), columns, np.int32)
        real = np.ones(ids.shape, bool)
        labels = np.full(ids.shape, tokens.pad, np.int32)
        for place, row in enumerate(rows):
            labels[place, begins - 1 : begins - 1 + len(row)] = row[: columns - begins + 1]
        changed = attrs.evolve(arrays, decoder_input=ids, labels=labels, target_mask=real, target_length=lengths)
        try:
            scores = np.asarray(score(changed))
        except Exception as error:  # whatever the model raises for what its loop gave
            raise ValueError(f"teacher forcing on it raises {type(error).__name__}") from error
        if scores.ndim != 3 or scores.shape[:2] != ids.shape:
            raise ValueError("the model gives no scores for each step of it")
        return scores

    words = forced(width) if not run.by_prefix or fixed else None
    if words is None:
        words = np.concatenate([forced(begins + step)[:, -1:] for step in range(longest)], axis=1)
        begins = 1
    largest = max((max(row) for row in rows if row), default=0)
    if largest >= words.shape[-1] or min((min(row) for row in rows if row), default=0) < 0:
        raise ValueError(f"it returns {largest}, and there are {words.shape[-1]} words")
    return words[:, begins - 1 :]


def _began_with(watches: Sequence[_Watch], arrays: Arrays) -> int | None:
    """Return the id that the decoder was given first, where an embedding was seen to look it up for every row."""
    firsts = set()
    for watch in watches:
        for ids in watch.ids:
            source = ids.shape == arrays.source.shape and np.array_equal(ids, arrays.source)
            if ids.ndim == 2 and ids.shape[1] == 1 and not source:
                firsts |= set(ids[:, 0].tolist())
                break
    return int(firsts.pop()) if len(firsts) == 1 else None


def _chose_best(watches: Sequence[_Watch], rows: Sequence[Sequence[int]], counts: Sequence[int]) -> bool | None:
    if len(watches) == 1:
        return watches[0].chose_best(rows, counts)
    each = [
        watch.chose_best([row], [count]) for watch, row, count in zip(watches, rows, counts, strict=True) if count
    ]
    return None if None in each or not each else all(each)
