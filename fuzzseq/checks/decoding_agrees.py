"""Each word that the decode loop gives is the best one by teacher forcing on the words before it, each value the same.

What the loop gave is fed to the model as a target is in training. Where rows begin with the start token, they are read
with it and without; ids after the end token or after padding say nothing. A loop of a series is held to the model that
is fed at once what it fed step by step, where it was seen to feed the values that it returns.

False alarms that it guards against: ties, and near ones; loops that draw, search or weigh (by their code, by two calls
that differ, by the scores that the loop itself was seen to choose from); words that a loop may refuse, as special
tokens; a start token that nobody declared; a model that gives a prefix other scores alone than in a whole target (that
is ``causal``, or ``stepwise``); weights in a place where the last bit decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Case, width
from fuzzseq.checks.base import Check, Decoded, Plan, Results
from fuzzseq.checks.decodes import applies as has_loop
from fuzzseq.checks.decodes import base_run, one_beam, prompt_length
from fuzzseq.checks.differential import comparable
from fuzzseq.checks.script import Script, ScriptRun, stage_line
from fuzzseq.protocol.evidence import Difference, WrongWord
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, Run, RunKey
from fuzzseq.targets.series import channels_of
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.tokens import Tokens

#: Why a loop is not held to teacher forcing word by word.
_STRATEGIES: Final = {
    "sampled": "it draws its words",
    "beam": "it searches with a beam of its own width",
    "weighted": "it weighs scores by what was said before",
}


def aligned(spec: Spec) -> str | None:
    """Say that a check needs a decode loop whose words the model can be given as a target."""
    contract, call = spec.contract, spec.contract.decode_call
    if reason := has_loop(spec):
        return reason
    if not contract.has_target and not contract.float_labels:
        return "the model reads no target that what the loop gives could be"
    if any(item.role == "state" for item in contract.inputs):
        return "the model takes an initial state, and a decode loop is given none"
    if call is not None and call.returns:
        return f"what the decode loop gives cannot be a target: {call.returns}"
    return comparable(spec)


def applies(spec: Spec) -> str | None:
    """Say that the check needs a greedy loop of a model that reads a target."""
    call = spec.contract.decode_call
    if call is not None and call.strategy != "greedy":
        return f"the decode loop need not take the best word: {_STRATEGIES[call.strategy]}"
    return aligned(spec)


def plan(case: Case, spec: Spec) -> Plan:
    """Decode the batches, with one beam where the loop has any."""
    base = base_run(case, spec)
    return {} if base is None else {"base": one_beam(base, spec)}


def confirm(results: Results, case: Case, spec: Spec) -> dict[RunKey, Run]:
    """Return the runs that confirm a miss: the same again, with other last bits, and prefix by prefix."""
    base = base_run(case, spec)
    if base is None:
        return {}
    run = one_beam(base, spec)
    return {
        Confirming("base", "repeated"): attrs.evolve(run, repetition=1),
        Confirming("base", "perturbed", 1): attrs.evolve(run, ulp_perturbed=1),
        Confirming("base", "prefixes"): attrs.evolve(run, by_prefix=True),
    }


def judge(results: Results, case: Case, spec: Spec) -> Verdict | None:
    """Look for a word that is not the best, and for scores that are others than those of teacher forcing."""
    if not results:
        return CHECK.nothing_compared()
    if (raised := results["base"].raised) is not None:
        return CHECK.not_reached(raised)
    seen, tokens = results["base"].last.decoded, spec.contract.tokens
    if seen.unaligned:
        return CHECK.not_applicable(f"the decode loop is not held to teacher forcing: {seen.unaligned}")
    if seen.values is None and (seen.scores is None or not seen.scores.shape[1]):
        return CHECK.nothing_compared()
    if seen.agrees(tokens):
        return None
    return _excused(seen, results, spec) or CHECK.failed(_evidence(seen, tokens), location=seen.line)


def _excused(seen: Decoded, results: Results, spec: Spec) -> Verdict | None:
    """Return the verdict on a loop that departs from teacher forcing and may do so."""
    tokens = spec.contract.tokens
    if seen.began_with not in (None, tokens.start) and "tokens" not in spec.traits.origins:
        return CHECK.not_applicable(
            f"the decode loop begins with {seen.began_with}, and a target with {tokens.start}: declare which is right, "
            f"tokens={{'start': {seen.began_with}}}"
        )
    if seen.chose_best is False:
        return CHECK.not_applicable("the decode loop takes words that are not the best of the scores it sees")
    missed, given = seen.miss(tokens), {word for row in seen.rows for word in row}
    if seen.chose_best is None and missed is not None and missed[3] not in given:
        return CHECK.not_applicable("nobody saw what the decode loop chose from, and it never says the better word")
    again = {key.variation: result for key, result in results.items() if isinstance(key, Confirming)}
    if any(result.raised is not None for result in again.values()):
        return CHECK.nothing_compared()
    others = {variation: result.last.decoded for variation, result in again.items()}
    if others and not others["repeated"].repeats(seen):
        return CHECK.not_applicable("two calls of the decode loop with the same input differ")
    if others and others["perturbed"].agrees(tokens):
        return CHECK.nothing_compared()
    # What a prefix alone is scored is what a loop sees: that it is scored otherwise in a whole is the model's own.
    by_prefix = others.get("prefixes")
    if by_prefix is None:
        return None
    if attrs.evolve(seen, scores=by_prefix.scores, forced=by_prefix.forced).agrees(tokens):
        return CHECK.nothing_compared()
    return None


def _evidence(seen: Decoded, tokens: Tokens) -> WrongWord | Difference:
    gap, found = "teacher_forcing", seen.gap(tokens)
    if seen.values is not None:
        gap, found = "forced_values", seen.value_gap()
    if found is not None:
        step, row, word, largest, scale = found
        return Difference(base="loop", other=gap, largest=largest, scale=scale, index=(row, step, word))
    step, row, word, best, score, most = seen.miss(tokens) or (0, 0, 0, 0, 0.0, 0.0)
    return WrongWord(against="teacher_forcing", row=row, step=step, word=word, best=best, score=score, best_score=most)


def script(run: ScriptRun) -> Iterator[str]:
    """Yield the lines that decode, and hold what comes of it to the model."""
    contract, tokens = run.spec.contract, run.spec.contract.tokens
    base = base_run(run.case, run.spec)
    steps, count = base.steps if base else 0, len(run.case.batches[-1].pairs)
    call = contract.decode_call
    beams = 1 if call is not None and call.several_beams else None
    if contract.float_labels:
        yield from _script_of_series(run, steps, count)
        return
    words = run.case.dimensions.get(contract.vocabulary("target") or "", 0)
    begins = prompt_length(arrays(run.case, contract))
    yield (
        f"prompt = decoder_input[:, :{begins}]"
        if contract.kind == "decoder"
        else f"prompt = np.full(({count}, 1), {tokens.start})"
    )
    yield stage_line("generate")
    yield f"returned, seen = recorded(lambda: {run.decoding(beams, None)}, {words})"
    yield "begins, wrong = prompt.shape[1], []"
    yield "for decoded in readings(decoded_rows(returned), prompt):"
    yield f"    rows = [row[:{steps}] for row in decoded]"
    fixed = "decoder_input.shape[1]" if "target_length" in contract.static else "begins - 1 + max(map(len, rows))"
    yield f"    decoder_input = teacher_forced(rows, prompt, {tokens.pad}, {fixed})"
    yield from (f"    {line}" for line in run.inputs)
    yield f"    scores, forced = recorded(lambda: {run.output}, {words})"
    yield "    scores = np.array(scores)"
    yield "    own = paired_scores(seen, forced, scores, max(map(len, decoded)), begins)"
    yield f"    end = last_id(own, rows, {tokens.end}, {tokens.pad})"
    told = f"end, {tokens.pad}, {sorted(tokens.specials(target=True))}"
    yield f"    wrong.append(departure(scores[:, begins - 1 :], own, rows, {told}))"
    yield "# The first words may be the start token, or not: one of both readings has to be right."
    yield 'assert None in wrong, f"step, row, word and scores: {wrong[0]}"'


def _script_of_series(run: ScriptRun, steps: int, count: int) -> Iterator[str]:
    contract = run.spec.contract
    channels = channels_of(contract.series.decoder_channels, run.case.dimensions)
    parts = "[returned]" if contract.decode_call is None or contract.decode_call.rows == "batch" else "returned"
    yield stage_line("generate")
    yield f"returned, given = recorded(lambda: {run.decoding(None, None)}, 0, {channels})"
    yield f"values, fed = read_series({parts}, given, {count}, {channels})"
    yield "# The model is fed at once what the loop fed step by step."
    yield f"values, decoder_input = values[:, :{steps}], fed[:, :{steps}]"
    if any(item.role == "decoder_input" and item.rank == 2 for item in contract.inputs):
        yield "decoder_input = decoder_input[..., 0]"
    if "target_length" in contract.static:
        yield f"columns = {width(run.case.batches[-1], 'target', contract)} - decoder_input.shape[1]"
        yield "decoder_input = np.pad(decoder_input, ((0, 0), (0, columns)) + ((0, 0),) * (decoder_input.ndim - 2))"
    yield from run.inputs
    yield f"forced = np.array({run.output}).reshape({count}, -1, values.shape[-1])"
    yield "wrong = first_other_value(values, forced)"
    yield 'assert wrong is None, f"step, row, channel, difference and largest value: {wrong}"'


CHECK = Check(
    name="decoding_agrees",
    description="each word of the decode loop is the best one by teacher forcing, each value of a series the same",
    plan=plan,
    judge=judge,
    applies=applies,
    confirm=confirm,
    stage="generate",
    cause="decoder-step-mismatch",
    judges_exceptions=True,
    expensive=True,
    differences={
        "teacher_forcing": "the decode loop saw other scores than teacher forcing on its words: "
        "by {largest} (they spread over {scale})",
        "forced_values": "the decode loop gives other values than the model that is fed the same at once: by {gap}, at "
        "(row, step, channel) {index}",
    },
    script=Script(lines=script, eager=True),
)
