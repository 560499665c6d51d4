"""A decode loop gives a row the same words alone, with more padding of the source, and without its cache.

Only what the loop does is looked at: where the model itself scores the next word otherwise, or the loop departs from
teacher forcing, other checks say so.

False alarms that it guards against: ties; loops that draw words; a limit of steps that follows the width of the source
(rows may end elsewhere with more padding); rows that begin with the start token, or not; a loop for one row at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.cases.transforms import may_be, paddable, with_padding
from fuzzseq.checks.base import Check, Decoded, Plan, Results
from fuzzseq.checks.batch_independent import alone
from fuzzseq.checks.decodes import base_run, one_beam
from fuzzseq.checks.decoding_agrees import aligned
from fuzzseq.checks.produced import TIE, counted
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.protocol.evidence import WrongWord
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, DecodeRun, Run, RunKey
from fuzzseq.targets.spec import Spec

_Against = Literal["alone", "padding", "uncached"]
#: The other runs in the order in which they are believed, what is said of each, and the first row that it has.
_RUNS: Final[Mapping[str, tuple[_Against, int]]] = {
    "alone": ("alone", -1),
    "padding": ("padding", 0),
    "uncached": ("uncached", 0),
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
    """Decode the last batch, its last row alone, more padding, and what is not kept in a cache."""
    base = base_run(attrs.evolve(case, batches=case.batches[-1:]), spec)
    call, contract = spec.contract.decode_call, spec.contract
    if base is None or call is None:
        return {}
    batch, runs = case.batches[-1], dict[str, DecodeRun]()
    fixed = contract.fixes_rows() or contract.pads_itself("source")
    one = not fixed and may_be("batch_size", 1, case.sizes(contract), contract)
    if one and len(batch.pairs) > 1 and call.rows == "batch":
        runs["alone"] = attrs.evolve(base, batches=(alone(batch, -1, spec),))
    whole = attrs.evolve(case, batches=(batch,))
    padded = with_padding(whole, "source", contract) if contract.has_source and contract.padding else None
    if padded is not None and all(pair.source for pair in batch.pairs):
        runs["padding"] = attrs.evolve(base, batches=padded)
    if call.takes("cache"):
        base = attrs.evolve(base, cache=True)
        runs = {name: attrs.evolve(run, cache=True) for name, run in runs.items()}
        runs["uncached"] = attrs.evolve(base, cache=False)
    return {"base": base, "one_beam": one_beam(base, spec), **runs} if runs else {}


def _difference(one: Decoded, two: Decoded, name: str, spec: Spec) -> WrongWord | None:
    """Return the first word of a row that both have and one gives otherwise, where the model would not."""
    tokens = spec.contract.tokens
    against, first = _RUNS[name]
    offset = len(one.rows) - 1 if first else 0
    if one.after_prompt != two.after_prompt or one.scores is None or two.scores is None:
        return None
    for place, row in enumerate(two.rows):
        other = one.rows[offset + place] if offset + place < len(one.rows) else row
        left, right = (each[: counted(each, tokens.end, tokens.pad)] for each in (other, row))
        step = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
        if step is None:
            ended = tokens.end in (left or (tokens.end,))[-1:] or len(left) >= len(right)
            if ended or against != "alone" or not left:
                continue
            return WrongWord(against=against, row=offset + place, step=len(left), word=None, best=right[len(left)])
        if step >= min(one.scores.shape[1], two.scores.shape[1]):
            continue
        base, changed = one.scores[offset + place, step], two.scores[place, step]
        spread = float(base.max() - base.min())
        moved = float(np.abs(base - changed).max())
        tie = abs(float(base[left[step]] - base[right[step]])) <= TIE * spread
        if np.isfinite(spread) and moved <= TIE * spread and not tie:
            return WrongWord(
                against=against,
                row=offset + place,
                step=step,
                word=left[step],
                best=right[step],
            )
    return None


def _found(results: Results, spec: Spec) -> tuple[str, WrongWord] | None:
    base, call, tokens = results["base"].last.decoded, spec.contract.decode_call, spec.contract.tokens
    if call is not None and call.strategy == "greedy" and not results["one_beam"].last.decoded.agrees(tokens):
        return None  # That it departs from teacher forcing is said already.
    greedy = call is not None and call.strategy == "greedy" and not call.several_beams
    for name in _RUNS:
        if name not in results or results[name].raised is not None or not results[name].observed:
            continue
        other = results[name].last.decoded
        if greedy and not (base.agrees(tokens) and other.agrees(tokens)):
            continue
        if (found := _difference(base, other, name, spec)) is not None:
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
    if any(each.raised or each.last.decoded.rows != results[key.run].last.decoded.rows for key, each in again):
        return CHECK.nothing_compared()
    return CHECK.failed(found[1], position=found[0])


def script(run: ScriptRun) -> Iterator[str]:
    """Yield the lines that decode twice, and hold the words of one to those of the other."""
    contract, tokens = run.spec.contract, run.spec.contract.tokens
    seen = next((each for each in run.evidence if isinstance(each, WrongWord)), None)
    cached = contract.decode_call is not None and contract.decode_call.takes("cache")
    against = seen.against if seen is not None else "alone"
    yield stage_line("generate")
    yield f"first = decoded_rows({run.decoding(None, True if cached else None)})"
    names = [item.role for item in contract.inputs if item.role in ("source", "source_mask", "source_length")]
    columns = "(2, 0)" if contract.padding == "pre" else "(0, 2)"
    for name in names:
        if against == "alone":
            yield f"first, {name} = first[-1:], {name}[-1:]"
        elif against == "padding" and name != "source_length":
            value = tokens.pad if name == "source" else 0
            yield f"{name} = np.pad({name}, ((0, 0), {columns}), constant_values={value})"
    yield f"second = decoded_rows({run.decoding(None, against != 'uncached' if cached else None)})"
    for name in ("first", "second"):
        yield f"{name} = [row[: counted(row, {tokens.end}, {tokens.pad})] for row in {name}]"
    yield 'assert first == second, f"the loop gives {first}, and then {second}"'


CHECK = Check(
    name="decoding_invariant",
    description="the decode loop gives a row the same words alone, with more padding and without its cache",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    stage="generate",
    cause="numeric-batch-coupling",
    expensive=True,
    run_every=2,
    script=Script(lines=script, eager=True),
)
