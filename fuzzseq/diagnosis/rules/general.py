"""What checks saw, dead workers, graph mode, types, and what is left when nothing else speaks."""

from __future__ import annotations

import math
from functools import partial
from typing import Final, Literal

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.rule import (
    Predicate,
    Rule,
    always,
    in_attention,
    is_mask,
    is_state,
    only_where,
    speaks_of,
    unequal_lengths,
)
from fuzzseq.diagnosis.rules.states import of_other_rows
from fuzzseq.protocol.evidence import (
    AttentionFault,
    Difference,
    Evidence,
    MissingGradient,
    NonFinite,
    RaisedOtherwise,
    Retraced,
    StateCrossing,
    WrongShape,
    WrongType,
    WrongWord,
)
from fuzzseq.protocol.framework_messages import Topic

_INFINITE: Final = "{e.sentence}: a constant such as -1e9 is infinite in half precision"
_AXIS: Final = "{e.sentence}; a softmax over attention scores is taken over another axis"
_AS_MANY: Final = "there are as many steps as the batch has rows"
_STATES_OF_OTHERS: Final = "a batch of one row is given states of {0}, and takes their rows"
_OTHER_WORDS: Final = "the last dimension of the output is not the target vocabulary"
_MOVED: Final = "{e.sentence}: rows are moved, as by a reshape of batch and time"
_EQUAL_ROWS: Final = "{e.sentence}; it passes when all rows are of equal length"
_MASKS_MOVED: Final = "{e.sentence}; with rows of equal length it passes: the mask of a row meets scores of another"
_PADDING: Final = "{e.sentence}; an attention gives weight to padding"


def saw(kind: type[Evidence], **attributes: object) -> Predicate:
    """Return the predicate that the check saw something of a kind with some attributes."""
    return lambda e: any(
        all(getattr(seen, name) == value for name, value in attributes.items()) for seen in e.of_kind(kind)
    )


def _begins_in_attention(e: FailureEvidence) -> bool:
    layer = e.verdict.layer
    return layer is not None and "attention" in layer.kind.lower()


def _coupled(by: Literal["state", "order", "masks", "lengths"], e: FailureEvidence) -> bool:
    """Say what couples the rows of a batch: what is kept between batches, the order of rows, or their lengths.

    Where rows of equal length pass, no values move from row to row: what does is a mask, or what else tells lengths.
    """
    kept = any(isinstance(each, Difference) and each.other == "after" for each in e.verdict.evidence)
    moved = saw(Difference, other="reversed")(e)  # some sizes hide that rows are moved
    if kept or not e.passes("ragged"):
        return by == ("state" if kept else "order" if moved else "")
    return by == ("masks" if moved else "lengths")


def _rows_mixed_in_loop(e: FailureEvidence) -> bool:
    return e.verdict.check == "decoding_agrees" and e.any_failure("batch_size").kind == "above"


def _wrong(axis: str, e: FailureEvidence) -> bool:
    return any(axis in each.axes for each in e.verdict.evidence if isinstance(each, WrongShape))


def _ends_otherwise(e: FailureEvidence, factor: str) -> bool:
    return any(i.factor == factor and i.result == "other" for i in e.interventions)


def _steps_are_rows(e: FailureEvidence) -> bool:
    shapes = e.shapes() if any(isinstance(each, WrongShape) for each in e.verdict.evidence) else ()
    return [len(shape) for shape in shapes] == [3, 3] and shapes[0][1] == shapes[1][0] > 1 == shapes[1][1]


def _constant_rows(e: FailureEvidence) -> list[str]:
    """Return how many rows come of one, where more rows could not become as many without an exception.

    What moves rows to steps, or the other way, has as many of both together as before.
    """
    single = e.case.sizes(e.spec.contract)["batch_size"] == 1
    if not _wrong("rows", e) or not single or not _ends_otherwise(e, "batch_size"):
        return []
    actual, expected = e.shapes()
    return [str(actual[0])] if actual[0] > 1 and math.prod(actual[:2]) != math.prod(expected[:2]) else []


#: What a check saw of a model that did not raise. A step that is squeezed away looks like as many steps as rows, and is
#: right for two steps.
SEEN: Final = (
    Rule("execution-graph", 99, saw(WrongShape, eager_is_right=True), "{e.sentence}"),
    Rule("execution-graph", 99, saw(WrongType, eager_is_right=True), "{e.sentence}"),
    Rule("decoder-ignores-source", 95, saw(MissingGradient, source_ignored=True), "{e.sentence}"),
    Rule("execution-nondeterministic", 96, saw(Difference, other="by_default"), "{e.sentence}"),
    Rule("loss-target-leak", 96, saw(Difference, other="label_of_own_step"), "{e.sentence}"),
    Rule("execution-retrace", 96, saw(Retraced), "{e.sentence}"),
    Rule("numeric-nonfinite", 92, saw(NonFinite, precision="mixed"), _INFINITE),
    Rule("decoder-attention-axis", 96, saw(AttentionFault, wrong_axis=True), _AXIS),
    Rule("decoder-attention-mask", 90, saw(AttentionFault, error="weight_on_padding"), _PADDING),
    *only_where(
        lambda e: e.spec.contract.decode_call is not None and e.spec.contract.decode_call.several_beams > 0,
        Rule("decoder-beams", 92, saw(WrongWord, against="alone"), "{e.sentence}"),
        Rule("decoder-beams", 92, saw(WrongWord, against="uncached"), "{e.sentence}"),
        Rule("decoder-beams", 92, _rows_mixed_in_loop, "{e.sentence}; a row alone is decoded right"),
    ),
    Rule("input-padding-leak", 90, saw(WrongWord, against="padding"), "{e.sentence}"),
    Rule("decoder-step-mismatch", 91, saw(WrongWord, against="uncached"), "{e.sentence}"),
    *only_where(
        lambda e: e.verdict.check == "decoding_invariant",
        Rule("input-padding-leak", 90, saw(Difference, other="padding"), "{e.sentence}"),
        Rule("decoder-step-mismatch", 91, saw(Difference, other="uncached"), "{e.sentence}"),
    ),
    Rule("state-not-carried", 90, saw(StateCrossing, error="not_returned"), "{e.sentence}"),
    *only_where(
        _steps_are_rows,
        Rule("decoder-reshape", 97, lambda e: _ends_otherwise(e, "target_length"), _AS_MANY),
        Rule("decoder-reshape", 80, always, _AS_MANY),
    ),
    Rule("execution-hard-coded-batch", 94, _constant_rows, "a batch of one row comes out as one of {0}"),
    *only_where(of_other_rows, Rule("state-batch", 96, _constant_rows, _STATES_OF_OTHERS)),
    *only_where(
        lambda e: not _constant_rows(e) and not e.passes("batches"),
        Rule("decoder-reshape", 93, partial(_wrong, "rows"), "the output has another number of rows than the batch"),
    ),
    Rule("loss-vocabulary", 85, partial(_wrong, "words"), _OTHER_WORDS),
    *only_where(
        partial(_wrong, "steps"),
        Rule(
            "input-fixed-length",
            93,
            lambda e: [str(shape[1]) for shape in e.shapes()[:1] if len(shape) > 1 and shape[1] in e.nameless],
            "the output has {0} steps, whatever it is given",
        ),
        Rule("decoder-length-assumption", 94, unequal_lengths, "it passes when source and target are of equal length"),
    ),
    *only_where(
        lambda e: e.verdict.check == "batch_independent",
        Rule("state-leak", 92, partial(_coupled, "state"), "{e.sentence}: something is kept between the batches"),
        Rule("decoder-reshape", 90, partial(_coupled, "order"), _MOVED),
        Rule("input-padding-leak", 91, partial(_coupled, "lengths"), _EQUAL_ROWS),
        *only_where(
            partial(_coupled, "masks"),
            Rule("decoder-attention-mask", 94, saw(AttentionFault, error="of_other_rows"), _MASKS_MOVED),
        ),
    ),
    *only_where(
        lambda e: e.verdict.check == "padding_invariant",
        Rule("decoder-attention-mask", 90, _begins_in_attention, _PADDING),
    ),
    *only_where(
        saw(RaisedOtherwise, precision="mixed"),
        Rule("state-dtype", 90, is_state, "{e.sentence}"),
    ),
)


def _ending(e: FailureEvidence) -> str:
    return e.verdict.raised.ending if e.verdict.raised is not None else ""


def _raises_traced(known_shapes_pass: bool | None, e: FailureEvidence) -> bool:
    raised = e.verdict.raised
    traced = raised is not None and raised.mode == "graph" and raised.ending == "completed"
    return traced and raised is not None and raised.known_shapes_pass is known_shapes_pass


_EAGERLY: Final = "the same case passes eagerly"
#: How the worker ended, and in which mode alone.
PROCESS: Final = (
    Rule("process-hang", 100, lambda e: _ending(e) == "hung", "{e.verdict.raised.message}"),
    Rule("process-memory", 100, lambda e: _ending(e) == "out_of_memory", "{e.verdict.raised.message}"),
    Rule("process-crash", 100, lambda e: _ending(e) in ("crashed", "exited"), "{e.verdict.raised.message}"),
    Rule("execution-graph", 97, partial(_raises_traced, None), _EAGERLY),
    Rule("execution-graph", 97, partial(_raises_traced, True), _EAGERLY + "; traced for the very shapes it passes"),
    Rule(
        "execution-graph",
        97,
        partial(_raises_traced, False),
        _EAGERLY + "; traced for the very shapes it fails as well",
    ),
)


def _mistyped(cause: str, e: FailureEvidence) -> bool:
    # A loop keeps in an array what it carries from step to step.
    carried = is_state(e) or e.message.speaks_of(Topic.LOOP_ARRAY)
    return cause == ("loss-dtype" if e.scoring else "state-dtype" if carried else "input-dtype")


_BOOLEANS: Final = "a mask of booleans is taken for numbers"
_TYPE: Final = "the message speaks of a type: {e.message.short}"
_MISTYPED: Final = {each: partial(_mistyped, each) for each in ("loss-dtype", "state-dtype", "input-dtype")}
#: A tensor of the wrong type; where TensorFlow says outright which it was given, nothing else is wrong there.
TYPES: Final = (
    *only_where(
        lambda e: e.message.of_types and e.verdict.raised is not None,
        *(Rule(cause, 72, holds, _TYPE) for cause, holds in _MISTYPED.items()),
    ),
    *only_where(
        lambda e: not e.scoring and e.verdict.raised is not None and e.message.of_types and e.message.of_booleans,
        Rule("decoder-attention-mask", 90, is_mask, _BOOLEANS),
        Rule("decoder-attention-mask", 90, in_attention, _BOOLEANS),
    ),
    *only_where(
        lambda e: e.message.of_types and e.verdict.raised is not None and e.message.speaks_of(Topic.EXPECTED_TYPE),
        *(Rule(cause, 88, holds, _TYPE) for cause, holds in _MISTYPED.items()),
    ),
    Rule("numeric-no-gradient", 90, speaks_of(Topic.NO_GRADIENT), "an operation has no gradient: {e.message.short}"),
)


def _whatever_is_given(e: FailureEvidence) -> bool:
    """Say whether Python raises for sizes that a model is built of: it passes for others, and no batch changes it."""
    build = e.spec.contract.build_dimensions()
    of_batch = [each.result for each in e.interventions if each.factor not in build]
    python = e.verdict.raised is not None and e.verdict.raised.ending == "completed" and not e.op
    passes = e.region is not None and e.region.passing > 0
    return python and passes and set(of_batch) == {"same"}


_NO_SUCH_SIZES: Final = "whatever it is given, it raises for these sizes: {e.message.short}"
_OUTSIDE: Final = "the factory raises in code of its own, outside of any layer"
_REFUSED: Final = "Keras refuses the call itself, for None beside tensors in it, which it takes from 3.4 on"
_LEFT: Final = (
    *only_where(
        lambda e: e.stage == "build",
        Rule("execution-build", 80, lambda e: not e.layers and not e.op, _OUTSIDE),
        Rule("execution-build", 45, lambda e: bool(e.layers or e.op), "the factory raises, and no rule knows why"),
    ),
    *only_where(
        lambda e: e.stage in ("forward", "encode", "decode"),
        Rule("execution-build", 48, _whatever_is_given, _NO_SUCH_SIZES),
        *only_where(
            lambda e: not e.message.shapes and not e.message.speaks_of(Topic.SHAPES),
            Rule("execution-build", 76, _whatever_is_given, _NO_SUCH_SIZES),
        ),
    ),
    Rule("unclassified", 10, always, "no rule speaks for a cause"),
)
#: What is left.
STAGES: Final = (
    *only_where(
        lambda e: e.message.refuses_none,
        Rule("execution-build", 98, lambda e: e.stage == "build", _REFUSED),
        Rule("unclassified", 97, lambda e: e.stage != "build", _REFUSED),
    ),
    *only_where(lambda e: not e.message.refuses_none, *_LEFT),
)
