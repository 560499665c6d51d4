"""A decode loop gives a row the same words or values alone, with more padding of the source, and without its cache.

Only what the loop does is looked at: where the model itself scores the next word otherwise, or the loop departs from
teacher forcing, other checks say so. Words after the end token of a row, which it does not have alone, are an error
where all rows have ended and the loop goes on (https://github.com/Dao-AILab/flash-attention/pull/2784), and a warning
where it waits for another row (https://github.com/mistralai/mistral-inference/pull/270): whoever calls it may cut them.

False alarms that it guards against: ties; loops that draw words; a limit of steps that follows the width of the source
(rows may end elsewhere with more padding); rows that begin with the start token, or not; a loop for one row at a time;
one that goes on after the end token with a row alone too, that returns lengths beside the ids, or that other functions
of the user's own call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import may_be, paddable, with_padding
from fuzzseq.checks.base import Check, Plan, Results
from fuzzseq.checks.batch_independent import alone
from fuzzseq.checks.decoded import Decoded
from fuzzseq.checks.decodes import base_run, one_beam
from fuzzseq.checks.decoding_agrees import aligned
from fuzzseq.checks.produced import TIE, counted, first_other_value, word_after_end
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.protocol.evidence import Difference, WrongWord
from fuzzseq.protocol.outcome import Severity, Verdict
from fuzzseq.protocol.runs import Confirming, DecodeRun, Run, RunKey
from fuzzseq.targets.spec import Spec

_Against = Literal["alone", "padding", "uncached"]
#: The other runs in the order in which they are believed, what is said of each, and the rows of the base that it has.
_RUNS: Final[Mapping[str, tuple[_Against, slice]]] = {
    "alone": ("alone", slice(-1, None)),
    "first": ("alone", slice(1)),
    "padding": ("padding", slice(None)),
    "uncached": ("uncached", slice(None)),
}


def applies(spec: Spec) -> str | None:
    """Say that the check needs a loop that is given something that can be changed."""
    call = spec.contract.decode_call
    if reason := aligned(spec):
        return reason
    if call is not None and call.strategy == "sampled":
        return "the decode loop draws its words"
    lone = call is None or call.rows == "batch"
    cached = call is not None and call.takes("cache")
    if lone or cached or paddable("source", spec.contract):
        return None
    return "the decode loop takes one row at a time, of a fixed width"


def plan(case: Case, spec: Spec) -> Plan:
    """Decode the last batch, its last and first row alone, more padding, and what is not kept in a cache."""
    base = base_run(attrs.evolve(case, batches=case.batches[-1:]), spec)
    call, contract = spec.contract.decode_call, spec.contract
    if base is None or call is None:
        return {}
    batch, runs, lone = case.batches[-1], dict[str, DecodeRun](), one_beam(base, spec)
    fixed = contract.fixes_rows() or contract.pads_itself("source")
    one = not fixed and may_be("batch_size", 1, case.sizes(contract), contract)
    if one and len(batch.pairs) > 1 and call.rows == "batch":
        rows = {"alone": -1, "first": 0}
        runs = {name: attrs.evolve(base, batches=(alone(batch, row, spec),)) for name, row in rows.items()}
    whole = attrs.evolve(case, batches=(batch,))
    padded = with_padding(whole, "source", contract) if contract.has_source and contract.padding else None
    if padded is not None and all(pair.source for pair in batch.pairs):
        runs["padding"] = attrs.evolve(base, batches=padded)
    if call.takes("cache"):
        base = attrs.evolve(base, cache=True)
        runs = {name: attrs.evolve(run, cache=True) for name, run in runs.items()}
        runs["uncached"] = attrs.evolve(base, cache=False)
    return {"base": base, "one_beam": lone, **runs} if runs else {}


def _difference(one: Decoded, two: Decoded, name: str, spec: Spec) -> WrongWord | Difference | None:
    """Return the first word or value of a row that both have and one gives otherwise, where the model would not."""
    tokens = spec.contract.tokens
    against, kept = _RUNS[name]
    if one.values is not None and two.values is not None:
        return _other_value(one, two, name)
    if one.after_prompt != two.after_prompt or one.scores is None or two.scores is None:
        return None
    for place, (at, row) in enumerate(zip(range(len(one.rows))[kept], two.rows, strict=False)):
        other = one.rows[at]
        left, right = (each[: counted(each, tokens.end, tokens.pad)] for each in (other, row))
        step = next((step for step, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
        if step is None:
            # A lone decoder's prompt is as long as the shortest row of its batch: alone, it has other steps left.
            lasts = against == "alone" and spec.contract.has_source
            # A loop that was not seen to go on with what is best may fill rows with any word.
            goes_on = lasts and one.end is None
            if goes_on and (after := word_after_end(other, row, tokens.end, tokens.pad)) is not None:
                word = WrongWord(against=against, row=at, step=after, word=other[after], best=None)
                if _severity(word, one, spec) is not None:
                    return word
            ended = tokens.end in (left or (tokens.end,))[-1:] or len(left) >= len(right)
            if ended or not lasts or not left:
                continue
            return WrongWord(against=against, row=at, step=len(left), word=None, best=right[len(left)])
        if step >= min(one.scores.shape[1], two.scores.shape[1]):
            continue
        base, changed = one.scores[at, step], two.scores[place, step]
        spread = float(base.max() - base.min())
        moved = float(np.abs(base - changed).max())
        tie = abs(float(base[left[step]] - base[right[step]])) <= TIE * spread
        if np.isfinite(spread) and moved <= TIE * spread and not tie:
            return WrongWord(against=against, row=at, step=step, word=left[step], best=right[step])
    return None


def _severity(found: WrongWord | Difference, base: Decoded, spec: Spec) -> Severity | None:
    """Return how bad a difference is; None for words after the end of a row that whoever is given them may cut."""
    end, call = spec.contract.tokens.end, spec.contract.decode_call
    if not isinstance(found, WrongWord) or found.best is not None or found.word is None or call is None:
        return "error"
    if base.accompanied:
        return None
    if all(end in row[: found.step] for row in base.rows):
        return "error"
    return None if call.called_elsewhere else "warning"


def _other_value(one: Decoded, two: Decoded, name: str) -> Difference | None:
    against, rows = _RUNS[name]
    if one.values is None or two.values is None or len(one.values[rows]) != len(two.values):
        return None
    if against != "uncached":  # What changes the model itself is for other checks to say.
        if one.whole is None or two.whole is None or one.whole[rows].shape != two.whole.shape:
            return None
        if not np.allclose(one.whole[rows], two.whole, rtol=1e-4, atol=1e-4):
            return None
    found = first_other_value(one.values[rows], two.values)
    if found is None:
        return None
    step, row, channel, largest, scale = found
    row = range(len(one.values))[rows][row]
    return Difference(base="base", other=against, largest=largest, scale=scale, index=(row, step, channel))


def _found(results: Results, spec: Spec) -> tuple[str, WrongWord | Difference] | None:
    base, call, tokens = results["base"].last.decoded, spec.contract.decode_call, spec.contract.tokens
    if call is not None and call.strategy == "greedy" and not results["one_beam"].last.decoded.agrees(tokens):
        return None  # That it departs from teacher forcing is said already.
    greedy = call is not None and call.strategy == "greedy" and not call.several_beams
    for name in _RUNS:
        if name not in results or results[name].raised is not None or not results[name].observed:
            continue
        other = results[name].last.decoded
        # One that departs from teacher forcing with a cache alone is held to itself without.
        if greedy and name != "uncached" and not (base.agrees(tokens) and other.agrees(tokens)):
            continue
        found = _difference(base, other, name, spec)
        gap = base.gap(tokens) if found is None and name == "uncached" and other.agrees(tokens) else None
        if gap is not None:
            step, row, word, largest, scale = gap
            found = Difference(base="base", other=name, largest=largest, scale=scale, index=(row, step, word))
        if found is not None:
            return name, found
    return None


def confirm(results: Results, case: Case, spec: Spec) -> dict[RunKey, Run]:
    """Return the runs that a difference is confirmed by: the same again, and other last bits of the weights."""
    found = _found(results, spec)
    if found is None:
        return {}
    runs = plan(case, spec)
    return {
        Confirming("base", "repeated"): attrs.evolve(runs["base"], repetition=1),
        Confirming("base", "perturbed", 1): attrs.evolve(runs["base"], ulp_perturbed=1),
        Confirming(found[0], "perturbed", 1): attrs.evolve(runs[found[0]], ulp_perturbed=1),
    }


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Compare the words of each row."""
    if not results:
        return CHECK.nothing_compared()
    found = _found(results, spec)
    if found is None:
        return None
    again = ((key, result) for key, result in results.items() if isinstance(key, Confirming))
    if any(each.raised or not each.last.decoded.repeats(results[key.run].last.decoded) for key, each in again):
        return CHECK.nothing_compared()
    base = results["base"].last.decoded
    severity = _severity(found[1], base, spec)
    return CHECK.failed(found[1], position=_RUNS[found[0]][0], location=base.line, severity=severity)


def script(run: ScriptRun) -> Iterator[str]:
    """Yield the lines that decode twice, and hold the words or values of one to those of the other."""
    contract, tokens = run.spec.contract, run.spec.contract.tokens
    call, series = contract.decode_call, contract.float_labels
    cached = call is not None and call.takes("cache")
    seen = next((each for each in run.evidence if isinstance(each, WrongWord | Difference)), None)
    against = seen.against if isinstance(seen, WrongWord) else seen.other if seen is not None else "alone"
    row = seen.row if isinstance(seen, WrongWord) else seen.index[0] if seen is not None else 0
    parts = "[{}]" if call is None or call.rows == "batch" else "{}"

    def decoded(cache: bool | None, rows: int) -> str:
        loop = run.decoding(None, cache)
        return f"read_series({parts.format(loop)}, [], {rows}, 1)[0]" if series else f"decoded_rows({loop})"

    count = len(run.case.batches[-1].pairs)
    yield stage_line("generate")
    if isinstance(seen, Difference) and not series:
        words = run.case.dimensions.get(contract.vocabulary("target") or "", 0)
        for name, cache in (("cached", True), ("uncached", False)):
            yield f"{name} = [scores for _, scores in recorded(lambda: {run.decoding(None, cache)}, {words})[1]]"
        yield "for one, two in zip(cached, uncached):"
        yield "    one, two = (scores[:, -1] if scores.ndim == 3 else scores for scores in (one, two))"
        yield "    apart = np.abs(one - two).max() / np.ptp(two)"
        yield '    assert apart < 0.02, f"the scores with and without a cache are {apart:.1%} of their spread apart"'
        return
    yield f"first = {decoded(True if cached else None, count)}"
    names = [item.role for item in contract.inputs if item.role in ("source", "source_mask", "source_length")]
    columns = "(2, 0)" if contract.padding == "pre" else "(0, 2)"
    for name in names:
        if against == "alone":
            yield f"{name} = {name}[{row} : {row + 1}]"
        elif against == "padding" and name != "source_length":
            pad: float = contract.series.pad if contract.float_source else tokens.pad
            channels = ", (0, 0)" if name == "source" and contract.float_source else ""
            yield f"{name} = np.pad({name}, ((0, 0), {columns}{channels}), constant_values={pad * (name == 'source')})"
    if against == "alone":
        yield f"first = first[{row} : {row + 1}]"
    yield f"second = {decoded(against != 'uncached' if cached else None, 1 if against == 'alone' else count)}"
    if series:
        yield "wrong = first_other_value(first, second)"
        yield 'assert wrong is None, f"step, row, channel, difference and largest value: {wrong}"'
        return
    counts, special = f"counted(row, {tokens.end}, {tokens.pad})", (tokens.end, tokens.pad)
    tail = isinstance(seen, WrongWord) and seen.word is not None and seen.best is None
    after = f" + [word for word in row[{counts} :] if word not in {special}]" if tail else ""
    for name in ("first", "second"):
        yield f"{name} = [row[: {counts}]{after} for row in {name}]"
    yield 'assert first == second, f"the loop gives {first}, and then {second}"'


CHECK = Check(
    name="decoding_invariant",
    description="the decode loop gives a row the same alone, with more padding and without its cache",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    stage="generate",
    cause="numeric-batch-coupling",
    expensive=True,
    run_every=2,
    differences={
        "alone": "the decode loop gives a row alone other values than in its batch: by {gap}",
        "padding": "the decode loop gives other values with more padding of the source: by {gap}",
        "uncached": "the decode loop gives other values or scores without its cache: by {gap}",
    },
    script=Script(lines=script, eager=True),
)
