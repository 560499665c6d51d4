"""Initial states, their widths, counts and batches."""

from __future__ import annotations

from functools import partial
from typing import Final, Literal

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.rule import LENGTHS, RECURRENT, Rule, is_state, only_where, passes, speaks_of
from fuzzseq.protocol.framework_messages import Topic

_STATES_OF: Final = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


def of_other_rows(e: FailureEvidence) -> bool:
    """Say whether some recurrent layer was given states of another number of rows than its input, wherever it fails."""
    lines = e.trace.lines if e.trace else ()
    return any(line.kind in RECURRENT and len({shape[:1] for shape in line.inputs}) > 1 for line in lines)


def _lengths_of_batch(e: FailureEvidence) -> list[str]:
    """Return the lengths that are equal to the one batch size that passes, as one reason."""
    found, sizes = e.any_failure("batch_size"), e.case.sizes(e.spec.contract)
    lengths = [name for name in LENGTHS if e.matters(name)]
    equal = found.kind == "except" and any(sizes.get(name) == found.constant for name in lengths)
    return [" or ".join(e.written[name] for name in lengths)] * equal


def _one_batch_size(e: FailureEvidence) -> list[str]:
    found = e.any_failure("batch_size")
    if found.kind != "except" or _lengths_of_batch(e):
        return []
    contract = e.spec.contract
    declared = f"; batch_size=dim({contract.rows}) declares that no other comes"
    asked = contract.rows == found.constant and not contract.first_batch
    return [f"{found.sentence(e.written['batch_size'])}{declared if asked else ''}"]


def _batch_sizes(e: FailureEvidence) -> list[str]:
    found = e.any_failure("batch_size")
    return [found.sentence(e.written["batch_size"])] if found.kind in ("above", "mixed") else []


#: A constant batch size, or that of an earlier batch.
BATCHES: Final = (
    Rule("state-batch", 93, passes("batches"), "it takes a second batch of another size to fail"),
    Rule("decoder-reshape", 91, _lengths_of_batch, "it fails whenever {e.written[batch_size]} is not {0}"),
    *only_where(is_state, Rule("state-batch", 93, _one_batch_size, "it fails whenever {0}")),
    *only_where(of_other_rows, Rule("state-batch", 93, _one_batch_size, "it fails whenever {0}")),
    Rule("execution-hard-coded-batch", 90, _one_batch_size, "it fails whenever {0}"),
    *only_where(is_state, Rule("state-batch", 85, _batch_sizes, "it fails for {0}")),
    *only_where(
        lambda e: e.op == "Reshape" or e.message.speaks_of(Topic.RESHAPE) or e.given("regrouped"),
        Rule("decoder-reshape", 90, _batch_sizes, "it fails for {0}, in a reshape"),
    ),
    Rule("decoder-reshape", 45, _batch_sizes, "it fails for {0}"),
)


def _stacks(e: FailureEvidence) -> list[str]:
    names = ("num_layers", "num_encoder_layers", "num_decoder_layers")
    two = [name for name in names if e.case.dimensions.get(name, 0) == 2 and e.passes(name, 1)]
    return [e.written[name] for name in names if e.pattern(name).kind == "above" or name in two]


#: Only a stack of two or more fails; or a property of states alone is broken there, and nothing is raised.
LAYER_COUNT: Final = (Rule("state-layers", 96, _stacks, "it fails whenever {0} >= 2"),)
SILENT: Final = only_where(lambda e: e.verdict.check in ("state_used", "state_chunked"), *LAYER_COUNT)

_Misfit = Literal["rank", "count", "direction", "width", "batch"]


def _misfits(kind: _Misfit, e: FailureEvidence) -> list[str]:
    """Return how the states that recurrent layers were given do not fit them, in one way."""
    found = list[tuple[_Misfit, str]]()
    within_both = any(layer.kind == "Bidirectional" for layer in e.layers)
    for layer in e.layers:
        if layer.kind not in RECURRENT:
            continue
        rank = max(map(len, layer.states), default=2)
        expected = _STATES_OF.get(layer.kind)
        if expected and rank > 2:
            found.append(("rank", f"{layer.name} takes states of rank 2 and was given one of rank {rank}"))
        if expected and layer.states and len(layer.states) != expected:
            found.append(("count", f"{layer.kind} takes {expected} states and was given {len(layer.states)}"))
        kernel = next((shape for name, shape in layer.weights if "recurrent_kernel" in name), None)
        units = kernel[0] if kernel else layer.units
        widths = {shape[-1] for shape in layer.states if shape}
        if units and widths and widths != {units}:
            got = e.named(next(iter(widths - {units})))
            why = f"{layer.name} is of width {e.named(units)}, and was given a state of width {got}"
            doubled = widths in ({2 * units}, {units // 2}) and units > 1 and e.spec.traits.has_backward_layers
            if doubled or within_both:
                found.append(("direction", f"{why}: one direction where both are meant, or both joined"))
            found.append(("width", why))
        batches = {shape[0] for shape in layer.states if shape}
        rows = {shape[0] for shape in layer.inputs[:1] if shape}
        if batches and rows and -1 not in batches | rows and batches != rows:
            why = f"{layer.name} was given states of batch {sorted(batches)} with inputs of {sorted(rows)}"
            found.append(("batch", why))
    return [why for way, why in found if way == kind]


_ADDING: Final = ("MatMul", "AddV2", "Add", "Mul", "ConcatV2")
_STAGES: Final = ("forward", "encode", "decode", "build")
_STRUCTURE: Final = "a recurrent layer keeps its states in another structure than its cell gives"
_MISSING: Final = "a recurrent layer looked for a state that is not there"
#: A recurrent layer was given states that do not fit it, more or fewer than it keeps, or others than its cell gives.
STATES: Final = (
    Rule("state-units", 95, partial(_misfits, "rank")),
    Rule("state-count", 95, partial(_misfits, "count")),
    Rule("state-bidirectional", 94, partial(_misfits, "direction")),
    Rule("state-units", 93, partial(_misfits, "width")),
    Rule("state-batch", 90, partial(_misfits, "batch")),
    *only_where(
        lambda e: (e.op in _ADDING or e.message.speaks_of(Topic.INCOMPATIBLE)) and e.stage in _STAGES,
        Rule("state-units", 62, is_state, "it fails where the user's own code handles a state"),
    ),
    *only_where(
        lambda e: any(layer.kind in RECURRENT for layer in e.layers),
        Rule("state-count", 88, lambda e: e.message.of_missing_index, _MISSING),
        Rule("state-count", 88, speaks_of(Topic.STRUCTURE), _STRUCTURE),
    ),
)
