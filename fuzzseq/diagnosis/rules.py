"""The rules that name a cause: each looks at the evidence and returns how strongly it speaks, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from fuzzseq.diagnosis.evidence import Evidence
from fuzzseq.outcome import LayerFrame

_RECURRENT: Final = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "LSTMCell", "GRUCell", "SimpleRNNCell")
_STATES_OF: Final = {"LSTM": 2, "GRU": 1, "SimpleRNN": 1}


@attrs.frozen
class Vote:
    """A cause, how strongly a rule speaks for it (0 to 100), and the sentence that says why."""

    cause: str
    weight: int
    why: str


def votes(e: Evidence) -> list[Vote]:
    """Return the votes of all rules, the strongest first."""
    found = [vote for rule in RULES for vote in rule(e)]
    return sorted(found, key=lambda vote: -vote.weight)


def process(e: Evidence) -> Iterator[Vote]:
    """The worker died."""
    raised = e.verdict.raised
    if raised is not None and raised.ending != "completed":
        cause = {"hung": "process-hang", "out_of_memory": "process-memory"}.get(raised.ending, "process-crash")
        yield Vote(cause, 100, raised.message)


def silent(e: Evidence) -> Iterator[Vote]:
    """A check was broken and nothing raised."""
    check = e.verdict.check
    if e.verdict.raised is not None:
        return
    if check == "deterministic":
        yield Vote("execution-nondeterministic", 95, e.verdict.message)
    elif check == "finite":
        yield Vote("numeric-nonfinite", 95, e.verdict.message)
    elif check == "loss_encoding":
        yield Vote("loss-encoding", 90, e.verdict.message)
    elif check == "trains":
        if "the source does not reach" in e.verdict.message:
            yield Vote("decoder-ignores-source", 95, e.verdict.message)
        yield Vote("numeric-no-gradient", 80, e.verdict.message)
    elif check == "output_shape":
        yield Vote("execution-output", 60, e.verdict.message)
        if "words" in e.verdict.where:
            yield Vote("loss-vocabulary", 85, "the last dimension of the output is not the target vocabulary")
        if "steps" in e.verdict.where and unequal_lengths(e):
            yield Vote("decoder-length-assumption", 90, "it passes when source and target are of equal length")


def graph(e: Evidence) -> Iterator[Vote]:
    """Only a traced run fails."""
    raised = e.verdict.raised
    if raised is not None and raised.mode == "graph" and raised.ending == "completed":
        more = {
            True: "; traced for the very shapes it passes",
            False: "; traced for the very shapes it fails as well",
            None: "",
        }[raised.known_shapes_pass]
        yield Vote("execution-graph", 97, f"the same case passes eagerly{more}")


def vocabulary(e: Evidence) -> Iterator[Vote]:
    """An id is looked up beyond a table."""
    out_of_range = "is not in [0" in e.message or ("label value" in e.message and "outside" in e.message)
    if not out_of_range:
        return
    if e.stage in ("loss", "gradient"):
        yield Vote("loss-vocabulary", 95, f"a label lies outside the output's classes: {e.message}")
        return
    ids = [side for side in ("source", "target") if e.passes(f"{side}_ids")]
    if ids:
        yield Vote(
            "input-vocabulary",
            97,
            f"it passes with the lowest {ids[0]} ids: the table has fewer rows than the vocabulary",
        )
    by_length = [n for n in ("source_length", "target_length") if e.pattern(n).kind == "above"]
    for name in by_length:
        yield Vote("input-fixed-length", 96, f"it fails whenever {e.pattern(name).sentence(name)}")
    if not ids and not by_length:
        yield Vote("input-vocabulary", 70, "an id is looked up beyond its table")


def ragged(e: Evidence) -> Iterator[Vote]:
    """Rows of different lengths are not padded."""
    said = any(word in e.message for word in ("non-rectangular", "inhomogeneous", "ragged"))
    if e.passes("ragged"):
        strong = said or e.stage == "preprocess"
        yield Vote("input-unpadded", 96 if strong else 60, "it passes when all rows are of equal length")
    elif said:
        yield Vote("input-unpadded", 75, f"the message speaks of rows of different lengths: {e.message[:80]}")


def lengths(e: Evidence) -> Iterator[Vote]:
    """A length beyond a constant, or no multiple of one."""
    for name in ("source_length", "target_length"):
        found = e.pattern(name)
        if e.stage in ("loss", "gradient") and found.kind != "above":
            continue
        if found.kind == "above" and not (unequal_lengths(e) and found.constant <= 1):
            yield Vote("input-fixed-length", 90, f"it fails whenever {found.sentence(name)}")
        elif found.kind == "multiple":
            yield Vote("input-length-multiple", 92, f"it fails whenever {found.sentence(name)}")
        elif found.kind == "except" and not unequal_lengths(e):
            yield Vote("input-fixed-length", 82, f"it fails whenever {found.sentence(name)}")
        elif found.kind == "below" and found.constant > 2:
            yield Vote("input-fixed-length", 55, f"it fails whenever {found.sentence(name)}")


def unequal_lengths(e: Evidence) -> bool:
    """Say whether a failure goes away when source and target are of equal length, whatever that is."""
    equal = [i.result for i in e.interventions if i.factor == "equal_lengths"]
    sizes = e.case.sizes(e.spec)
    differ = sizes.get("source_length") != sizes.get("target_length")
    return (
        differ
        and len(equal) > 1
        and equal.count("passes") >= len(equal) - 1
        and any(e.matters(name) for name in ("source_length", "target_length"))
    )


def source_and_target(e: Evidence) -> Iterator[Vote]:
    """Source and target are taken to be of equal length."""
    if not unequal_lengths(e) or e.stage in ("loss", "gradient"):
        return
    why = "it passes whenever source and target are of equal length"
    masked = e.innermost is not None and (bool(e.innermost.masks) or e.innermost.kind in ("Softmax", "MaskedSoftmax"))
    if masked or "mask" in e.line:
        yield Vote("decoder-attention-mask", 92, f"{why}, and a mask is applied where it fails")
    elif e.op in ("BatchMatMul", "MatMul", "Einsum") or in_attention(e):
        yield Vote("decoder-attention-shape", 88, f"{why}, and it fails inside an attention ({e.op or 'shapes'})")
    yield Vote("decoder-length-assumption", 86, why)


def in_attention(e: Evidence) -> bool:
    """Say whether an attention layer was running, or the user's line speaks of one."""
    words = " ".join((*(layer.kind for layer in e.layers), e.line, *_functions(e))).lower()
    return "attention" in words or "attend" in words or "score" in words


def _functions(e: Evidence) -> tuple[str, ...]:
    """Return the names of the user's functions on the way to the failure."""
    return tuple(frame.function for frame in e.told.frames) if e.told else ()


def size_one(e: Evidence) -> Iterator[Vote]:
    """Only a size of one fails."""
    for name in ("batch_size", "source_length", "target_length"):
        found = e.pattern(name)
        if found.kind in ("only", "below") and (found.constant == 1 if found.kind == "only" else found.constant == 2):
            yield Vote("decoder-squeeze", 91, f"it fails whenever {name} == 1")


def batch(e: Evidence) -> Iterator[Vote]:
    """A constant batch size, or that of an earlier batch."""
    if e.passes("batches"):
        yield Vote("state-batch", 93, "it takes a second batch of another size to fail")
    found = e.pattern("batch_size")
    if found.kind in ("except", "any") and found.kind == "except":
        why = f"it fails whenever {found.sentence('batch_size')}"
        if is_state(e):
            yield Vote("state-batch", 93, why)
        yield Vote("execution-hard-coded-batch", 90, why)
    elif found.kind == "above":
        why = f"it fails whenever {found.sentence('batch_size')}"
        if is_state(e):
            yield Vote("state-batch", 85, why)
        if e.op == "Reshape" or "reshape" in e.message or "reshape" in e.line:
            yield Vote("decoder-reshape", 90, f"{why}, in a reshape")
        yield Vote("decoder-reshape", 66, why)


def is_state(e: Evidence) -> bool:
    """Say whether a state is where a failure occurs: in a recurrent layer that was given one, or in the user's line."""
    line = f"{e.line} {' '.join(_functions(e))}".lower()
    told = any(word in line for word in ("state", "hidden", "carry"))
    return told or any(layer.states or layer.kind.endswith("Cell") for layer in e.layers)


def layer_count(e: Evidence) -> Iterator[Vote]:
    """Only a stack of two or more fails."""
    for name in ("num_layers", "num_encoder_layers", "num_decoder_layers"):
        if e.pattern(name).kind == "above" or (e.case.dimensions.get(name, 0) == 2 and e.passes(name, "= 1")):
            yield Vote("state-layers", 96, f"it fails whenever {name} >= 2")


def heads(e: Evidence) -> Iterator[Vote]:
    """A width is no multiple of the number of heads."""
    count = e.case.dimensions.get("num_heads")
    if count is None or count < 2:
        return
    if e.passes("num_heads", "= 1") or any(e.pattern(n).kind == "multiple" for n in e.spec.build_dimensions()):
        widths = [n for n, size in e.case.dimensions.items() if n != "num_heads" and e.matters(n) and size % count]
        if widths:
            yield Vote("decoder-heads", 96, f"it passes with one head: {widths[0]} % num_heads != 0")


def states(e: Evidence) -> Iterator[Vote]:
    """A recurrent layer was given states that do not fit it."""
    for layer in e.layers:
        if layer.kind not in _RECURRENT:
            continue
        units = units_of(layer)
        widths = {shape[-1] for shape in layer.states if shape}
        expected = _STATES_OF.get(layer.kind)
        if layer.kind == "Bidirectional":
            expected = None
        if expected and layer.states and len(layer.states) != expected:
            yield Vote("state-count", 95, f"{layer.kind} takes {expected} states and was given {len(layer.states)}")
        if units and widths and widths != {units}:
            got = e.names(next(iter(widths - {units})))
            why = f"{layer.name} has {e.names(units)} units, and was given a state of width {got}"
            if widths in ({2 * units}, {units // 2}) and units > 1 or bidirectional(e, widths, units):
                yield Vote("state-bidirectional", 94, f"{why}: one direction where both are meant, or both joined")
            yield Vote("state-units", 93, why)
        batches = {shape[0] for shape in layer.states if shape}
        rows = {shape[0] for shape in layer.inputs[:1] if shape}
        if batches and rows and -1 not in batches | rows and batches != rows:
            yield Vote(
                "state-batch",
                90,
                f"{layer.name} was given states of batch {sorted(batches)} with inputs of {sorted(rows)}",
            )
    if e.message.startswith("list index out of range") and any(layer.kind in _RECURRENT for layer in e.layers):
        yield Vote("state-count", 88, "a recurrent layer looked for a state that is not there")
    if _state_line(e):
        yield Vote("state-units", 62, "it fails where the user's own code handles a state")


def _state_line(e: Evidence) -> bool:
    """Say whether the widths of a state clash in the user's own code."""
    mismatch = e.op in ("MatMul", "AddV2", "Add", "Mul", "ConcatV2") or "incompatible" in e.message
    return mismatch and e.stage in ("forward", "encode", "decode", "build") and is_state(e)


def bidirectional(e: Evidence, widths: set[int], units: int) -> bool:
    """Say whether the failing layer is, or sits in, a bidirectional one."""
    return any(layer.kind == "Bidirectional" for layer in e.layers)


def units_of(layer: LayerFrame) -> int | None:
    """Return the width of a recurrent layer's states, read off its weights."""
    kernel = next((shape for name, shape in layer.weights if "recurrent_kernel" in name), None)
    return kernel[0] if kernel else layer.units


def widths(e: Evidence) -> Iterator[Vote]:
    """Two widths do not fit."""
    if e.stage in ("loss", "gradient", "preprocess") or e.verdict.raised is None:
        return
    named = e.case.dimensions
    if e.matters("embedding_dim"):
        inside = e.passes("embedding_dim", f"= {named.get('units')}")
        yield Vote("input-embedding-dim", 84 if inside or not e.matters("units") else 70, "it depends on embedding_dim")
    others = [n for n in named if n.endswith("units") and e.matters(n)]
    if others and not e.matters("embedding_dim"):
        yield Vote("decoder-width", 74, f"it depends on {' and '.join(others)}")
    if in_attention(e):
        strong = e.op in ("BatchMatMul", "Einsum", "MatMul") or any(e.matters(n) for n in named)
        yield Vote("decoder-attention-shape", 76 if strong else 60, "it fails inside an attention")
    if e.op == "Reshape" or "reshape" in e.message or "number of elements" in e.message:
        yield Vote("decoder-reshape", 78, "a reshape does not fit")
    if any(word in e.message for word in ("incompatible", "dimensions", "shape", "expected axis", "must be equal")):
        yield Vote("decoder-width", 50, "the widths of two tensors do not fit")


def masks(e: Evidence) -> Iterator[Vote]:
    """A mask does not fit what it masks."""
    if e.stage in ("loss", "gradient"):
        return
    if e.innermost is not None and e.innermost.masks and in_attention(e):
        yield Vote("decoder-attention-mask", 70, "an attention was given a mask where it fails")


def types(e: Evidence) -> Iterator[Vote]:
    """A tensor of the wrong type."""
    said = any(w in e.message for w in ("dtype", "expected to be a float tensor", "expected to be a int", "data type"))
    if said and e.verdict.raised is not None:
        cause = "loss-dtype" if e.stage in ("loss", "gradient") else "state-dtype" if is_state(e) else "input-dtype"
        yield Vote(cause, 72, f"the message speaks of a type: {e.message[:80]}")


def loss(e: Evidence) -> Iterator[Vote]:
    """The loss does not fit what it compares."""
    if e.stage not in ("loss", "gradient") or e.verdict.raised is None:
        return
    line = f"{e.line} {' '.join(_functions(e))}".lower()
    if e.passes("target_encoding"):
        yield Vote("loss-encoding", 94, "it passes with the other target encoding")
    shapes = [shape for shape in e.shapes() if shape]
    pairs = [(a, b) for a, b in zip(shapes, shapes[1:], strict=False) if a != b]
    for one, two in pairs:
        if len(one) == len(two) and [x == y for x, y in zip(one, two, strict=True)].count(False) == 1:
            axis = next(i for i, (x, y) in enumerate(zip(one, two, strict=True)) if x != y)
            if axis == 1:
                yield Vote("loss-timesteps", 82, f"shapes {one} and {two} differ in their steps")
            elif axis == 2:
                yield Vote("loss-vocabulary", 82, f"shapes {one} and {two} differ in their last dimension")
        elif len(one) != len(two):
            yield Vote("loss-encoding", 60, f"shapes {one} and {two} differ in rank")
    if any(word in line for word in ("mask", "weight")):
        yield Vote("loss-mask-shape", 84, "it fails where the user's loss applies a mask or weights")
    if any(e.matters(name) for name in ("source_length", "target_length")) or unequal_lengths(e):
        yield Vote("loss-timesteps", 80, "it depends on the lengths")
    if "rank" in e.message:
        yield Vote("loss-encoding", 66, f"the ranks differ: {e.message[:80]}")
    if "shape" in e.message:
        yield Vote("loss-timesteps", 52, "prediction and target are of different shapes")


def stage_alone(e: Evidence) -> Iterator[Vote]:
    """Nothing else speaks."""
    if e.stage == "build":
        yield Vote("execution-build", 45, "the factory raises, and no rule knows why")
    yield Vote("unclassified", 10, "no rule speaks for a cause")


RULES: Final[tuple[Callable[[Evidence], Iterator[Vote]], ...]] = (
    process,
    silent,
    graph,
    vocabulary,
    ragged,
    lengths,
    source_and_target,
    size_one,
    batch,
    layer_count,
    heads,
    states,
    widths,
    masks,
    types,
    loss,
    stage_alone,
)
