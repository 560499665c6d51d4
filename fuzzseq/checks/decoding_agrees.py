"""Each word that the decode loop gives is the best one by teacher forcing on the words before it.

What the loop gave is fed to the model as a target is in training. Where rows begin with the start token, they are read
with it and without; ids after the end token or after padding say nothing.

False alarms that it guards against: ties, and near ones; loops that draw, search or weigh (by their code, by two calls
that differ, by the scores that the loop itself was seen to choose from); words that a loop may refuse, as special
tokens; a start token that nobody declared; a model that gives a prefix other scores alone than in a whole target (that
is ``causal``, or ``stepwise``); weights in a place where the last bit decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Check, Decoded, Plan, Results
from fuzzseq.checks.decodes import applies as has_loop
from fuzzseq.checks.decodes import base_run, one_beam
from fuzzseq.checks.differential import comparable
from fuzzseq.checks.produced import first_miss
from fuzzseq.checks.script import Script, ScriptRun
from fuzzseq.protocol.evidence import WrongWord
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, Run, RunKey
from fuzzseq.targets.spec import Spec


def applies(spec: Spec) -> str | None:
    """Say that the check needs a greedy loop of a model that reads a target."""
    contract, call = spec.contract, spec.contract.decode_call
    if reason := has_loop(spec):
        return reason
    if not contract.has_target:
        return "the model reads no target that what the loop gives could be"
    if any(item.role == "state" for item in contract.inputs):
        return "the model takes an initial state, and a decode loop is given none"
    if call is not None and (call.returns or call.searches):
        return f"the decode loop is not held to teacher forcing: {call.returns or call.searches}"
    return comparable(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Decode the batches, with one beam where the loop has any."""
    base = base_run(case, spec)
    return {} if base is None else {"base": one_beam(base, spec)}


def miss(seen: Decoded, spec: Spec) -> tuple[int, int, int, int, float, float] | None:
    """Return the first word that is not the best by teacher forcing."""
    tokens = spec.contract.tokens
    return (
        None
        if seen.scores is None
        else first_miss(seen.scores, seen.rows, tokens.end, tokens.pad, tokens.specials())
    )


def confirm(results: Results, case: Case, spec: Spec) -> dict[RunKey, Run]:
    """Return the runs that confirm a miss: the same again, with other last bits, and prefix by prefix."""
    run = plan(case, spec)["base"]
    return {
        Confirming("base", "repeated"): attrs.evolve(run, repetition=1),
        Confirming("base", "perturbed", 1): attrs.evolve(run, ulp_perturbed=1),
        Confirming("base", "prefixes"): attrs.evolve(run, by_prefix=True),
    }


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look for a word that is not the best."""
    if not results:
        return CHECK.nothing_compared()
    if (raised := results["base"].raised) is not None:
        return CHECK.not_reached(raised)
    seen, start = results["base"].last.decoded, spec.contract.tokens.start
    if seen.unaligned:
        return CHECK.not_applicable(f"the decode loop is not held to teacher forcing: {seen.unaligned}")
    if seen.scores is None or not seen.scores.shape[1]:
        return CHECK.nothing_compared()
    found = miss(seen, spec)
    if found is None:
        return None
    if seen.began_with not in (None, start) and "tokens" not in spec.traits.origins:
        return CHECK.not_applicable(
            f"the decode loop begins with {seen.began_with}, and a target with {start}: declare which is right, "
            f"tokens={{'start': {seen.began_with}}}"
        )
    if seen.chose_best is False:
        return CHECK.not_applicable("the decode loop takes words that are not the best of the scores it sees")
    for variation in ("repeated", "perturbed", "prefixes"):
        again = next((result for key, result in results.items() if _varies(key, variation)), None)
        if again is None:
            continue
        if again.raised is not None or (variation == "repeated" and again.last.decoded.rows != seen.rows):
            return CHECK.not_applicable("two calls of the decode loop with the same input differ")
        if miss(again.last.decoded, spec) is None:
            return CHECK.nothing_compared()
    step, row, word, best, score, most = found
    return CHECK.failed(
        WrongWord(against="teacher_forcing", row=row, step=step, word=word, best=best, score=score, best_score=most)
    )


def _varies(key: RunKey, variation: str) -> bool:
    return isinstance(key, Confirming) and key.variation == variation


def script(run: ScriptRun, *, alike: str = "") -> Iterator[str]:
    """Yield the lines that decode, and hold what comes of it to the model."""
    tokens = run.spec.contract.tokens
    steps = base_run(run.case, run.spec)
    yield "returned = decode()"
    yield f"prompt = {_prompt(run)}"
    yield "misses = []"
    yield "for rows in readings(decoded_rows(returned), prompt):"
    yield f"    rows = [row[:{steps.steps if steps else 0}] for row in rows]"
    yield "    width = prompt.shape[1] - 1 + max(map(len, rows))"
    yield f"    decoder_input = teacher_forced(rows, prompt, {tokens.pad}, width)"
    yield from (f"    {line}" for line in (*run.inputs, *run.forward))
    yield "    scores = np.array(scores)[:, prompt.shape[1] - 1 :]"
    yield f"    misses.append(first_miss(scores, rows, {tokens.end}, {tokens.pad}, {list(tokens.specials())}))"
    yield "# Rows that begin as the decoder does may hold that or not: one of both has to be right."
    yield 'assert None in misses, f"step, row, word, best word and their scores: {misses[0]}"'


def _prompt(run: ScriptRun) -> str:
    start = run.spec.contract.tokens.start
    rows = len(run.case.batches[-1].pairs)
    if run.spec.contract.kind == "decoder":
        return "decoder_input"
    return f"np.full(({rows}, 1), {start})"


CHECK = Check(
    name="decoding_agrees",
    description="each word of the decode loop is the best one by teacher forcing",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    stage="generate",
    cause="decoder-step-mismatch",
    judges_exceptions=True,
    expensive=True,
    script=Script(lines=partial(script), eager=True),
)
