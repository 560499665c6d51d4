"""The call of a decode loop in a script, with what each of its arguments is given."""

from __future__ import annotations

from collections.abc import Mapping

from fuzzseq.cases.arrays import arrays
from fuzzseq.checks.decodes import base_run, prompt_length
from fuzzseq.reproduce.calling import tensor
from fuzzseq.reproduce.data import variable
from fuzzseq.reproduce.plan import Plan
from fuzzseq.targets.decode_call import BEAMS, DecodeCall, DecodeRole


def decoding(plan: Plan, beams: int | None = None, cache: bool | None = None) -> str:
    """Return the expression of what the decode loop gives for a batch, or a list of what it gives for each row."""
    contract = plan.spec.contract
    call, run = contract.decode_call, base_run(plan.case, plan.spec)
    if call is None or run is None:
        return "None"
    name = f"model.{contract.decode}" if call.method else plan.origin.called("decode", str(contract.decode))
    prompt = prompt_length(arrays(plan.case, contract)) if contract.kind == "decoder" else 1
    values: Mapping[DecodeRole, str] = {
        **_given(plan, call, prompt),
        "model": "model",
        "encoder": "model.encoder" if plan.stepped else "encoder",
        "decoder": "model.decoder" if plan.stepped else "decoder",
        "steps": str(run.steps + 1 - prompt),
        "beams": str(beams or call.several_beams or BEAMS),
        "cache": str(cache),
        "start": str(contract.tokens.start),
        "end": str(contract.tokens.end),
        "pad": str(contract.tokens.pad),
        "rows": "1" if call.rows != "batch" else str(len(plan.case.batches[-1].pairs)),
    }
    taken = [p for p in call.parameters if not (p.role == "cache" and cache is None)]
    arguments = ", ".join(f"{p.name}={values[p.role]}" if p.keyword else values[p.role] for p in taken)
    called = f"{name}({arguments})"
    return called if call.rows == "batch" else f"[{called} for row in range({len(plan.case.batches[-1].pairs)})]"


def _given(plan: Plan, call: DecodeCall, prompt: int) -> dict[DecodeRole, str]:
    """Return the expressions of what a loop is given of a batch, by role."""
    roles: dict[str, DecodeRole] = {"source": "source", "source_mask": "source_mask", "source_length": "source_length"}
    at = {"batch": "", "one": "[row : row + 1]", "flat": "[row]"}[call.rows]
    found: dict[DecodeRole, str] = {}
    for index, item in enumerate(plan.spec.contract.inputs):
        if item.role in roles:
            plain = variable(plan, index) if call.numpy else tensor(plan, index)
            found.setdefault(roles[item.role], f"{plain}{at}")
    own = plan.spec.contract.kind == "decoder" or plan.spec.contract.float_decoder
    start = f"np.full(({len(plan.case.batches[-1].pairs)}, 1), {plan.spec.contract.tokens.start})"
    found["prompt"] = f"decoder_input[:, :{prompt}]{at}" if own else f"{start}{at}"
    return found
