"""Mistakes with sizes: vocabularies, widths, lengths, batches, positions, slices."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.benchmarks.mutation.mutant import (
    Operator,
    Scope,
    called,
    edited,
    expression,
    is_constant,
    keyword,
    other_side,
    with_argument,
    with_keyword,
)

_WIDTHS = ("units", "embedding_dim", "d_model", "num_heads", "feed_forward_dim", "feature_dim", "inner", "width")
_MISFIT = frozenset(
    {
        "decoder-width",
        "decoder-heads",
        "decoder-reshape",
        "decoder-attention-shape",
        "state-units",
        "input-embedding-dim",
        "execution-build",
    }
)
_LENGTHS = frozenset({"input-fixed-length", "decoder-length-assumption", "decoder-reshape", "decoder-attention-shape"})
_STEPS = frozenset({"execution-output", "loss-timesteps", "decoder-sees-future", "decoder-step-mismatch"})


def _tables(node: ast.expr) -> Iterator[tuple[ast.Call, ast.expr]]:
    if called(node) == "Embedding" and isinstance(node, ast.Call) and node.args:
        yield node, node.args[0]


def _table_too_small(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, rows in _tables(node):
        yield with_argument(call, 0, expression(f"{ast.unparse(rows)} - 1"))


def _table_of_other_side(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    for call, rows in _tables(node):
        if isinstance(rows, ast.Name) and other_side(rows.id) in scope.names:
            yield with_argument(call, 0, ast.Name(str(other_side(rows.id)), ast.Load()))


def _scores_of_other_side(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    if called(node) == "Dense" and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
        name = node.args[0].id
        if "vocab" in name and other_side(name) in scope.names:
            yield with_argument(node, 0, ast.Name(str(other_side(name)), ast.Load()))


def _scores_too_few(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "Dense" and isinstance(node, ast.Call) and node.args and "vocab" in ast.unparse(node.args[0]):
        yield with_argument(node, 0, expression(f"{ast.unparse(node.args[0])} - 1"))


def _width_off(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("Dense", "Embedding") and isinstance(node, ast.Call) and node.args:
        place = 0 if called(node) == "Dense" else 1
        if len(node.args) > place and any(word in ast.unparse(node.args[place]) for word in _WIDTHS):
            yield with_argument(node, place, expression(f"{ast.unparse(node.args[place])} + 1"))


def _width_in_code(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    within = scope.parent is not None and called(scope.parent) in ("Dense", "GRU", "LSTM", "Embedding")
    if isinstance(node, ast.Name) and node.id in _WIDTHS and within:
        yield ast.Constant(8)


def _shape_parts(node: ast.expr, axis: int) -> Iterator[ast.Subscript]:
    if isinstance(node, ast.Subscript) and is_constant(node.slice, axis):
        of = node.value
        if called(of) == "shape" or (isinstance(of, ast.Attribute) and of.attr == "shape"):
            yield node


def _batch_in_code(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for _part in _shape_parts(node, 0):
        yield ast.Constant(32)
    if called(node) == "len" and isinstance(node, ast.Call):
        yield ast.Constant(32)


def _length_in_code(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for _part in _shape_parts(node, 1):
        yield ast.Constant(10)


def _length_for_batch(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for part in _shape_parts(node, 1):
        yield edited(part, lambda p: setattr(p, "slice", ast.Constant(0)))


def _batch_for_length(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for part in _shape_parts(node, 0):
        yield edited(part, lambda p: setattr(p, "slice", ast.Constant(1)))


def _length_of_other_side(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    for part in (*_shape_parts(node, 1), *_shape_parts(node, 0)):
        for name in (n.id for n in ast.walk(part.value) if isinstance(n, ast.Name)):
            if other_side(name) in scope.names:
                yield expression(ast.unparse(part).replace(name, str(other_side(name))))


def _static_length(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for part in _shape_parts(node, 1):
        if isinstance(part.value, ast.Call) and part.value.args:
            yield expression(f"{ast.unparse(part.value.args[0])}.shape[1]")


def _input_fixed(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    shape = node.args[0] if called(node) == "Input" and isinstance(node, ast.Call) and node.args else None
    if isinstance(node, ast.Call) and isinstance(shape, ast.Tuple) and shape.elts and is_constant(shape.elts[0], None):
        yield with_argument(node, 0, edited(shape, lambda s: s.elts.__setitem__(0, ast.Constant(10))))


def _positions_too_few(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("arange", "range") and isinstance(node, ast.Call) and len(node.args) == 1:
        yield with_argument(node, 0, expression(f"{ast.unparse(node.args[0])} - 1"))


def _positions_from_one(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("arange", "range") and isinstance(node, ast.Call) and len(node.args) == 1:
        yield edited(node, lambda call: call.args.insert(0, ast.Constant(1)))


def _slice_off_by_one(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if not isinstance(node, ast.Subscript):
        return
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for place, part in enumerate(parts):
        if not isinstance(part, ast.Slice) or part.step is not None:
            continue
        text = ast.unparse(part)
        for old, new in ((":-1", ":-2"), (":-1", ":"), ("1:", "2:"), ("1:", ":")):
            if text == old:
                texts = [ast.unparse(each) for each in parts]
                texts[place] = new
                yield expression(f"{ast.unparse(node.value)}[{', '.join(texts)}]")


def _step_off_by_one(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and is_constant(node.right, 1):
        yield node.left
        yield edited(node, lambda both: setattr(both, "op", ast.Sub() if isinstance(both.op, ast.Add) else ast.Add()))


def _pooled_otherwise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "strides", "pool_size")
    if isinstance(node, ast.Call) and found is not None and isinstance(found.value, ast.Constant):
        yield with_keyword(node, str(found.arg), ast.Constant(int(str(found.value.value)) + 1))


def _valid_padding(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "padding")
    if isinstance(node, ast.Call) and found is not None and is_constant(found.value, "same"):
        yield with_keyword(node, "padding", ast.Constant("valid"))


def _tables_shared(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    """The embedding of one side for the ids of the other."""
    if isinstance(node, ast.Attribute) and "embedding" in node.attr and isinstance(scope.parent, ast.Call):
        other = other_side(node.attr)
        if other is not None and scope.parent.func is node:
            yield edited(node, lambda attribute: setattr(attribute, "attr", other))


def _made(name: str, causes: frozenset[str], rewrite: object) -> Operator:
    return Operator(name=name, family="size", causes=causes, rewrite=rewrite)  # type: ignore[arg-type]


OPERATORS = (
    _made("table-too-small", frozenset({"input-vocabulary"}), _table_too_small),
    _made("table-of-other-side", frozenset({"input-vocabulary"}), _table_of_other_side),
    _made("table-shared", frozenset({"input-vocabulary"}), _tables_shared),
    _made("scores-of-other-side", frozenset({"loss-vocabulary", "execution-output"}), _scores_of_other_side),
    _made("scores-too-few", frozenset({"loss-vocabulary", "execution-output"}), _scores_too_few),
    _made("width-off-by-one", _MISFIT | {"execution-output"}, _width_off),
    _made("width-in-code", _MISFIT | {"execution-output"}, _width_in_code),
    _made("batch-in-code", frozenset({"execution-hard-coded-batch", "state-batch", "decoder-reshape"}), _batch_in_code),
    _made("length-in-code", _LENGTHS | {"execution-output", "decoder-sees-future"}, _length_in_code),
    _made("length-for-batch", _LENGTHS | {"execution-hard-coded-batch", "state-batch"}, _batch_for_length),
    _made("batch-for-length", _LENGTHS | {"execution-hard-coded-batch", "numeric-batch-coupling"}, _length_for_batch),
    _made("length-of-other-side", _LENGTHS | {"execution-hard-coded-batch"}, _length_of_other_side),
    _made("length-static", frozenset({"execution-graph", "execution-build", "input-fixed-length"}), _static_length),
    _made("input-of-fixed-length", frozenset({"input-fixed-length"}), _input_fixed),
    _made("positions-too-few", _LENGTHS | _STEPS | {"input-padding-leak"}, _positions_too_few),
    _made("positions-from-one", _LENGTHS | _STEPS, _positions_from_one),
    _made("slice-off-by-one", _LENGTHS | _STEPS | {"loss-target-leak"}, _slice_off_by_one),
    _made("step-off-by-one", _LENGTHS | _STEPS | {"numeric-nonfinite"}, _step_off_by_one),
    _made("pooled-otherwise", _STEPS | {"input-length-multiple", "input-padding-leak"}, _pooled_otherwise),
    _made("padding-valid", _STEPS | {"input-fixed-length"}, _valid_padding),
)
