"""Mistakes with attention, and with what is joined: axes, shapes, heads, residuals."""

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

_ATTENTION = ("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention", "attention", "attend")
_REDUCES = ("sum", "mean", "max", "min", "reduce_sum", "reduce_mean", "reduce_max", "any", "all", "softmax", "cumsum")
_COUPLED = frozenset({"numeric-batch-coupling", "execution-hard-coded-batch"})
_SHAPES = frozenset(
    {
        "decoder-attention-shape",
        "decoder-attention-axis",
        "decoder-reshape",
        "decoder-width",
        "decoder-heads",
        "decoder-length-assumption",
        "execution-build",
        "execution-output",
    }
)
_SILENT = frozenset({"input-padding-leak", "decoder-sees-future", "decoder-attention-axis", "decoder-attention-mask"})


def _attention_calls(node: ast.expr) -> Iterator[ast.Call]:
    if isinstance(node, ast.Call) and (called(node.func) in _ATTENTION or called(node) in _ATTENTION):
        yield node


def _listed_swapped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call in _attention_calls(node):
        if call.args and isinstance(call.args[0], ast.List) and len(call.args[0].elts) >= 2:
            yield with_argument(call, 0, edited(call.args[0], lambda pair: pair.elts.reverse()))


def _query_for_key(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    """Attention of one side to itself, where it was to the other."""
    for call in _attention_calls(node):
        first = call.args[0] if call.args else None
        if isinstance(first, ast.List) and len(first.elts) >= 2:
            query = first.elts[0]
            yield with_argument(call, 0, ast.List([query] * len(first.elts), ast.Load()))
        elif len(call.args) >= 2 and ast.unparse(call.args[0]) != ast.unparse(call.args[1]):
            yield with_argument(call, 1, call.args[0])


def _key_for_query(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call in _attention_calls(node):
        if len(call.args) >= 2 and ast.unparse(call.args[0]) != ast.unparse(call.args[1]):
            yield with_argument(call, 0, call.args[1])


def _axis_named(node: ast.expr, *names: str) -> Iterator[tuple[ast.Call, ast.keyword]]:
    found = keyword(node, "axis")
    if isinstance(node, ast.Call) and found is not None and called(node) in names:
        yield node, found


def _normalized_over_queries(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) != "softmax" or not isinstance(node, ast.Call):
        return
    found = keyword(node, "axis")
    if found is None and len(node.args) == 1:
        yield with_keyword(node, "axis", ast.Constant(1))
    for axis in (1, 2) if found is not None and is_constant(found.value, -1, 1, 2) else ():
        if not is_constant(found.value, axis) if found is not None else False:
            yield with_keyword(node, "axis", ast.Constant(axis))


def _over_rows(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, found in _axis_named(node, *_REDUCES):
        if is_constant(found.value, 1, -1, 2):
            yield with_keyword(call, "axis", ast.Constant(0))
    if called(node) in _REDUCES and isinstance(node, ast.Call) and len(node.args) == 2 and is_constant(node.args[1], 1):
        yield with_argument(node, 1, ast.Constant(0))


def _other_axis(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, found in _axis_named(node, *(name for name in _REDUCES if name != "softmax")):
        if is_constant(found.value, 1):
            yield with_keyword(call, "axis", ast.Constant(-1))
        elif is_constant(found.value, -1):
            yield with_keyword(call, "axis", ast.Constant(1))


def _unnormalized(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "softmax" and isinstance(node, ast.Call) and node.args:
        yield expression(f"{ast.unparse(node.func).removesuffix('softmax')}sigmoid({ast.unparse(node.args[0])})")


def _joined_over_steps(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("concatenate", "concat", "Concatenate") and isinstance(node, ast.Call):
        found = keyword(node, "axis")
        last = found is None or is_constant(found.value, -1, 2)
        if last and (called(node) == "Concatenate" or found is not None):
            yield with_keyword(node, "axis", ast.Constant(1))


def _transposed_otherwise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) not in ("transpose", "Permute") or not isinstance(node, ast.Call) or not node.args:
        return
    axes = node.args[-1]
    if isinstance(axes, ast.Tuple | ast.List) and len(axes.elts) >= 3:
        for place in range(1, len(axes.elts) - 1):
            changed = edited(axes, lambda a, at=place: a.elts.insert(at, a.elts.pop(at + 1)))  # type: ignore[misc]
            yield with_argument(node, len(node.args) - 1, changed)


def _transpose_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "transpose" and isinstance(node, ast.Call) and len(node.args) == 2:
        yield node.args[0]


def _reshaped_otherwise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) not in ("reshape", "Reshape") or not isinstance(node, ast.Call) or not node.args:
        return
    shape = node.args[-1]
    if isinstance(shape, ast.Tuple | ast.List):
        for place in range(len(shape.elts) - 1):
            changed = edited(shape, lambda s, at=place: s.elts.insert(at, s.elts.pop(at + 1)))  # type: ignore[misc]
            yield with_argument(node, len(node.args) - 1, changed)


def _einsum_otherwise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) != "einsum" or not isinstance(node, ast.Call) or not isinstance(node.args[0], ast.Constant):
        return
    text = str(node.args[0].value)
    given, _arrow, result = text.partition("->")
    for place in range(len(result) - 1):
        swapped = result[:place] + result[place + 1] + result[place] + result[place + 2 :]
        yield with_argument(node, 0, ast.Constant(f"{given}->{swapped}"))


def _matmul_swapped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "matmul" and isinstance(node, ast.Call) and len(node.args) == 2:
        yield edited(node, lambda call: call.args.reverse())
    found = keyword(node, "transpose_b")
    if found is not None and isinstance(node, ast.Call):
        yield with_keyword(node, "transpose_b", None)


def _heads_times_width(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        yield node.left
        yield expression(f"{ast.unparse(node)} + 1")


def _residual_of_other(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Name):
        name = node.left.id
        others = {other_side(name), {"x": "y", "y": "x"}.get(name)} & scope.names
        for other in sorted(str(each) for each in others):
            yield edited(node, lambda add, to=other: setattr(add.left, "id", to))  # type: ignore[misc]


def _repeated_for_steps(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "repeat" and isinstance(node, ast.Call):
        for call, found in _axis_named(node, "repeat"):
            if is_constant(found.value, 0, 1):
                yield with_keyword(call, "axis", ast.Constant(1 - found.value.value))  # type: ignore[attr-defined]


def _squeezed(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "squeeze" and isinstance(node, ast.Call) and (len(node.args) > 1 or node.keywords):
        yield edited(node, lambda call: (call.args.__delitem__(slice(1, None)), call.keywords.clear()))


def _normalized_over_steps(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "LayerNormalization" and isinstance(node, ast.Call) and keyword(node, "axis") is None:
        yield with_keyword(node, "axis", ast.Constant(1))


def _normalized_over_batch(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "LayerNormalization":
        name = ast.unparse(node).replace("LayerNormalization", "BatchNormalization", 1)
        yield expression(name)


def _expanded_otherwise(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "expand_dims" and isinstance(node, ast.Call):
        place = node.args[1] if len(node.args) > 1 else getattr(keyword(node, "axis"), "value", None)
        for axis in (0, 1, -1):
            if place is not None and not is_constant(place, axis):
                changed = ast.Constant(axis)
                named = len(node.args) == 1
                yield with_keyword(node, "axis", changed) if named else with_argument(node, 1, changed)


def _made(name: str, causes: frozenset[str], rewrite: object) -> Operator:
    return Operator(name=name, family="attention", causes=causes, rewrite=rewrite)  # type: ignore[arg-type]


OPERATORS = (
    _made("query-and-value-swapped", _SHAPES | _SILENT | {"decoder-ignores-source"}, _listed_swapped),
    _made(
        "query-for-key",
        _SHAPES | {"decoder-ignores-source", "decoder-sees-future", "input-padding-leak", "numeric-no-gradient"},
        _query_for_key,
    ),
    _made("key-for-query", _SHAPES | {"decoder-ignores-source", "decoder-length-assumption"}, _key_for_query),
    _made("softmax-axis", _SILENT | _COUPLED, _normalized_over_queries),
    _made("reduced-over-rows", _COUPLED | _SHAPES | {"loss-normalization", "loss-timesteps"}, _over_rows),
    _made("reduced-over-other-axis", _SHAPES | _SILENT | {"loss-timesteps", "loss-normalization"}, _other_axis),
    _made("weights-unnormalized", _SILENT, _unnormalized),
    _made("joined-over-steps", _SHAPES | {"execution-output"}, _joined_over_steps),
    _made("transposed-otherwise", _SHAPES | _SILENT | _COUPLED, _transposed_otherwise),
    _made("transpose-dropped", _SHAPES | _SILENT | _COUPLED, _transpose_dropped),
    _made("reshaped-otherwise", _SHAPES | _SILENT | _COUPLED, _reshaped_otherwise),
    _made("einsum-otherwise", _SHAPES | _SILENT | _COUPLED, _einsum_otherwise),
    _made("matmul-swapped", _SHAPES | _SILENT, _matmul_swapped),
    _made("head-width", _SHAPES, _heads_times_width),
    _made("residual-of-other", _SHAPES | {"decoder-ignores-source", "decoder-sees-future"}, _residual_of_other),
    _made("repeated-over-other-axis", _COUPLED | _SHAPES | {"state-batch"}, _repeated_for_steps),
    _made("squeezed-whole", frozenset({"decoder-squeeze"}), _squeezed),
    _made("normalized-over-steps", _SILENT | {"input-fixed-length"} | _SHAPES, _normalized_over_steps),
    _made("normalized-over-batch", _COUPLED | {"execution-graph"}, _normalized_over_batch),
    _made("expanded-at-other-axis", _SHAPES | _SILENT | _COUPLED, _expanded_otherwise),
)
