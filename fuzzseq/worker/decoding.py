"""The user's own decode loop: called on a batch, watched, and held to the model run by teacher forcing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np

from fuzzseq.cases.arrays import Array, Arrays
from fuzzseq.checks.decoded import Decoded
from fuzzseq.checks.decodes import prompt_length
from fuzzseq.checks.produced import counted, decoded_rows, last_id, paired_scores, readings, teacher_forced
from fuzzseq.protocol.runs import DecodeRun
from fuzzseq.targets.decode_call import BEAMS, DecodeCall
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import by_role
from fuzzseq.worker.keras_api.objects import Function, Nest
from fuzzseq.worker.loop_watch import Watch
from fuzzseq.worker.series_loops import held_series

#: From the arrays of a batch to the scores of its teacher forcing.
Scored = Callable[[Arrays], Nest]


def decode(
    built: ModelInstance, fed: Nest, arrays: Arrays, words: int | None, run: DecodeRun, score: Scored
) -> Decoded:
    """Return what the decode loop gives for a batch, and the scores of teacher forcing on it.

    What the loop raises goes on its way; where teacher forcing is not to be had on what it gave, the result says why.
    """
    spec = built.spec
    call = spec.contract.decode_call
    if call is None:
        raise RuntimeError("the target has no decode loop that could be called")
    watches: list[Watch] = []
    returned: list[Nest] = []
    channels = arrays.decoder_input.shape[-1] if spec.contract.float_decoder else None
    built.subject.mark.enter("generate")
    prompt = prompt_of(spec, arrays)
    for given in given_rows(call, fed_by_role(spec, fed), prompt):
        watches.append(Watch(words, channels, call_loop.__code__))
        with built.tracker.watching(watches[-1]):
            returned.append(call_loop(built, call, given, run))
    built.subject.mark.enter("forward")
    try:
        if spec.contract.float_labels:
            found = held_series(spec, arrays, returned, watches, run, score)
        else:
            parts = [decoded_rows(part) for part in returned]
            rows = parts[0] if call.rows == "batch" else [next(iter(part), []) for part in parts]
            found = _TeacherForcing(built, arrays, words, prompt, run, score).held_to(rows, watches)
            more = any(isinstance(part, tuple | Mapping) and len(part) > 1 for part in returned)
            found = attrs.evolve(found, accompanied=more)
    except ValueError as error:
        found = Decoded(unaligned=str(error))
    return attrs.evolve(found, line=next((watch.line for watch in watches if watch.line is not None), None))


def prompt_of(spec: Spec, arrays: Arrays) -> Array:
    """Return what rows begin with: the start token, or values; of a lone decoder the first ids of each as well."""
    start = spec.contract.tokens.start
    if spec.contract.kind == "decoder":
        return arrays.decoder_input[:, : prompt_length(arrays)]
    if spec.contract.float_decoder:
        return arrays.decoder_input[:, :1]
    return np.full((len(arrays.source), int(start is not None)), start or 0, np.int32)


def fed_by_role(spec: Spec, fed: Nest) -> dict[str, Nest]:
    """Return what a model is fed by role."""
    return dict(fed) if spec.contract.calling == "steps" else by_role(spec, fed)


def given_rows(call: DecodeCall, given: Mapping[str, Nest], prompt: Array) -> list[dict[str, Nest]]:
    """Return what a loop is given by role, once for all rows, or for each row apart; ``begun`` steps are its prompt."""
    count, begun = prompt.shape[:2]
    tensors = {**{role: value for role, value in given.items() if role != "states"}, "prompt": prompt}
    if call.rows == "batch":
        return [{**tensors, "rows": count, "begun": begun}]
    cut = [slice(row, row + 1) if call.rows == "one" else row for row in range(count)]
    return [{**{role: value[at] for role, value in tensors.items()}, "rows": 1, "begun": begun} for at in cut]


def call_loop(built: ModelInstance, call: DecodeCall, given: Mapping[str, Nest], run: DecodeRun) -> Nest:
    """Call the user's decode loop on what is ``given`` by role."""
    tokens = built.spec.contract.tokens
    parts = built.model if isinstance(built.model, EncoderDecoder) else built.inference
    values: dict[str, Nest] = {
        **given,
        "model": built.model,
        "encoder": getattr(parts, "encoder", None),
        "decoder": getattr(parts, "decoder", None),
        "steps": run.steps + 1 - max(1, int(given["begun"])),
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
    declared = built.target.option("decode")
    loop: Function = getattr(built.model, str(declared)) if built.spec.contract.decode == declared else declared
    return loop


class _TeacherForcing:
    """The model fed with what a loop gave, as it is fed with targets in training."""

    def __init__(
        self, built: ModelInstance, arrays: Arrays, words: int | None, prompt: Array, run: DecodeRun, score: Scored
    ) -> None:
        self._built, self._arrays, self._words, self._prompt = built, arrays, words, prompt
        self._run, self._score, self._tokens = run, score, built.spec.contract.tokens
        static = {*built.spec.contract.static}
        #: The columns that the model takes, where it takes no others.
        self._fixed = arrays.decoder_input.shape[1] if "target_length" in static else None

    def held_to(self, rows: Sequence[Sequence[int]], watches: Sequence[Watch]) -> Decoded:
        """Return rows in the reading that agrees with teacher forcing, else in the first.

        Raises ValueError where they cannot be held to it.
        """
        if not self._built.spec.contract.has_target:
            raise ValueError("the model reads no target")
        if not self._prompt.shape[1]:
            raise ValueError("a target has no start token: declare tokens={'start': ...}")
        tokens, found = self._tokens, list[Decoded]()
        began_with = _began_with(watches, self._arrays)
        for reading in readings(rows, self._prompt, began_with):
            shown = tuple(tuple(row[: self._run.steps]) for row in reading)
            forced = Watch(self._words, None, call_loop.__code__)
            scores = self._by_prefix(shown) if self._run.by_prefix else self._scores(shown, forced)
            begins = 1 if self._run.by_prefix else self._prompt.shape[1]
            own = None if self._run.by_prefix else _own_scores(watches, forced, scores, reading, begins)
            end = last_id(own, shown, tokens.end, tokens.pad)
            counts = [counted(row, end, tokens.pad) for row in shown]
            seen = Decoded(
                rows=shown,
                after_prompt=reading != list(map(list, rows)),
                scores=scores[:, begins - 1 :],
                own=own,
                end=end,
                began_with=began_with,
                chose_best=_chose_best(watches, shown, counts),
            )
            found.append(seen)
            if seen.agrees(tokens):
                return seen
        return next((seen for seen in found if seen.chose_best), found[0])

    def _scores(self, rows: Sequence[Sequence[int]], forced: Watch, columns: int | None = None) -> Array:
        """Return the scores (batch, columns, words) of teacher forcing on rows of ids."""
        begins, longest = self._prompt.shape[1], max(map(len, rows), default=0)
        width = self._fixed or columns or begins - 1 + longest
        ids = teacher_forced(rows, self._prompt, self._tokens.pad, width)
        labels = np.full(ids.shape, self._tokens.pad, np.int32)
        for place, row in enumerate(rows):
            labels[place, begins - 1 : begins - 1 + len(row)] = row[: width - begins + 1]
        changed = attrs.evolve(
            self._arrays,
            decoder_input=ids,
            labels=labels,
            target_mask=np.ones(ids.shape, bool),
            target_length=np.full(len(rows), width, np.int32),
        )
        try:
            with self._built.tracker.watching(forced):
                scores = np.asarray(self._score(changed))
        except Exception as error:  # whatever the model raises for what its loop gave
            raise ValueError(f"teacher forcing on it raises {type(error).__name__}") from error
        if scores.ndim != 3 or scores.shape[:2] != ids.shape:
            raise ValueError("the model gives no scores for each step of it")
        unknown = [word for row in rows for word in row if not 0 <= word < scores.shape[-1]]
        if unknown:
            raise ValueError(f"it returns {unknown[0]}, and there are {scores.shape[-1]} words")
        return scores

    def _by_prefix(self, rows: Sequence[Sequence[int]]) -> Array:
        """Return the scores (batch, steps, words) of the last step of each prefix."""
        begins, longest = self._prompt.shape[1], max(map(len, rows), default=0)
        unseen = Watch(None, None, call_loop.__code__)
        last = [
            self._scores(rows, unseen, begins + step)[:, begins - 1 + step : begins + step] for step in range(longest)
        ]
        return np.concatenate(last, axis=1) if last else np.zeros((len(rows), 0, 1))


def _own_scores(
    watches: Sequence[Watch], forced: Watch, scores: Array, rows: Sequence[Sequence[int]], begins: int
) -> Array | None:
    """Return the scores (batch, steps, words) that the loop saw, where they can be told for all rows."""
    steps = max(map(len, rows), default=0)
    if len(watches) == 1:
        return paired_scores(watches[0].calls, forced.calls, scores, steps, begins) if steps else None
    return None


def _began_with(watches: Sequence[Watch], arrays: Arrays) -> int | None:
    """Return the id that the decoder was given first, where an embedding was seen to look it up for every row."""
    firsts = set()
    for watch in watches:
        for ids in watch.ids:
            source = ids.shape == arrays.source.shape and np.array_equal(ids, arrays.source)
            if ids.ndim == 2 and ids.shape[1] == 1 and not source:
                firsts |= set(ids[:, 0].tolist())
                break
    return int(firsts.pop()) if len(firsts) == 1 else None


def _chose_best(watches: Sequence[Watch], rows: Sequence[Sequence[int]], counts: Sequence[int]) -> bool | None:
    if len(watches) == 1:
        return watches[0].chose_best(rows, counts)
    each = [watch.chose_best([row], [count]) for watch, row, count in zip(watches, rows, counts, strict=True) if count]
    return None if None in each or not each else all(each)
