"""Initial states, their widths, counts and batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.vote import CauseScore, is_state
from fuzzseq.protocol.framework_messages import Topic

_RECURRENT: Final = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "LSTMCell", "GRUCell", "SimpleRNNCell")
_STATES_OF: Final = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


def batch(e: FailureEvidence) -> Iterator[CauseScore]:
    """A constant batch size, or that of an earlier batch."""
    if e.passes("batches"):
        yield CauseScore("state-batch", 93, "it takes a second batch of another size to fail")
    found = e.any_failure("batch_size")
    lengths = [name for name in ("source_length", "target_length") if e.matters(name)]
    if found.kind == "except" and any(e.case.sizes(e.spec.contract).get(name) == found.constant for name in lengths):
        yield CauseScore("decoder-reshape", 91, f"it fails whenever batch_size is not {' or '.join(lengths)}")
    elif found.kind == "except":
        why = f"it fails whenever {found.sentence('batch_size')}"
        if is_state(e) or of_other_rows(e):
            yield CauseScore("state-batch", 93, why)
        yield CauseScore("execution-hard-coded-batch", 90, why)
    elif found.kind in ("above", "mixed"):
        why = f"it fails for {found.sentence('batch_size')}"
        if is_state(e):
            yield CauseScore("state-batch", 85, why)
        if e.op == "Reshape" or e.message.speaks_of(Topic.RESHAPE) or "reshape" in e.line:
            yield CauseScore("decoder-reshape", 90, f"{why}, in a reshape")
        yield CauseScore("decoder-reshape", 66, why)


def of_other_rows(e: FailureEvidence) -> bool:
    """Say whether some recurrent layer was given states of another number of rows than its input, wherever it fails."""
    lines = e.trace.lines if e.trace else ()
    return any(line.kind in _RECURRENT and len({shape[:1] for shape in line.inputs}) > 1 for line in lines)


def layer_count(e: FailureEvidence) -> Iterator[CauseScore]:
    """Only a stack of two or more fails."""
    for name in ("num_layers", "num_encoder_layers", "num_decoder_layers"):
        if e.pattern(name).kind == "above" or (e.case.dimensions.get(name, 0) == 2 and e.passes(name, 1)):
            yield CauseScore("state-layers", 96, f"it fails whenever {name} >= 2")


def silent_layers(e: FailureEvidence) -> Iterator[CauseScore]:
    """A promise about states is broken in stacks alone."""
    if e.verdict.check in ("state_used", "state_chunked"):
        yield from layer_count(e)


def structure(e: FailureEvidence) -> Iterator[CauseScore]:
    """A recurrent layer was given more or fewer states than it keeps, or others than its cell gives."""
    recurrent = any(layer.kind in _RECURRENT for layer in e.layers)
    if recurrent and e.message.of_missing_index:
        yield CauseScore("state-count", 88, "a recurrent layer looked for a state that is not there")
    if recurrent and e.message.speaks_of(Topic.STRUCTURE):
        yield CauseScore(
            "state-count", 88, "a recurrent layer keeps its states in another structure than its cell gives"
        )


def states(e: FailureEvidence) -> Iterator[CauseScore]:
    """A recurrent layer was given states that do not fit it."""
    within_both = any(layer.kind == "Bidirectional" for layer in e.layers)
    for layer in e.layers:
        if layer.kind not in _RECURRENT:
            continue
        ranks = {len(shape) for shape in layer.states}
        if layer.kind in _STATES_OF and max(ranks, default=2) > 2:
            yield CauseScore(
                "state-units", 95, f"{layer.name} takes states of rank 2 and was given one of rank {max(ranks)}"
            )
        kernel = next((shape for name, shape in layer.weights if "recurrent_kernel" in name), None)
        units = kernel[0] if kernel else layer.units
        widths = {shape[-1] for shape in layer.states if shape}
        expected = _STATES_OF.get(layer.kind)
        if expected and layer.states and len(layer.states) != expected:
            yield CauseScore(
                "state-count", 95, f"{layer.kind} takes {expected} states and was given {len(layer.states)}"
            )
        if units and widths and widths != {units}:
            got = e.named(next(iter(widths - {units})))
            why = f"{layer.name} is of width {e.named(units)}, and was given a state of width {got}"
            if (widths in ({2 * units}, {units // 2}) and units > 1) or within_both:
                yield CauseScore(
                    "state-bidirectional", 94, f"{why}: one direction where both are meant, or both joined"
                )
            yield CauseScore("state-units", 93, why)
        batches = {shape[0] for shape in layer.states if shape}
        rows = {shape[0] for shape in layer.inputs[:1] if shape}
        if batches and rows and -1 not in batches | rows and batches != rows:
            yield CauseScore(
                "state-batch",
                90,
                f"{layer.name} was given states of batch {sorted(batches)} with inputs of {sorted(rows)}",
            )
    clash = e.op in ("MatMul", "AddV2", "Add", "Mul", "ConcatV2") or e.message.speaks_of(Topic.INCOMPATIBLE)
    if clash and e.stage in ("forward", "encode", "decode", "build") and is_state(e):
        yield CauseScore("state-units", 62, "it fails where the user's own code handles a state")
