"""Mistakes with masks: of padding, and of what comes later."""

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
    with_keyword,
)

_MASKS = ("mask", "attention_mask", "query_mask", "value_mask", "key_mask")
_PADDING = frozenset({"input-padding-leak", "decoder-attention-mask"})
_FUTURE = frozenset({"decoder-sees-future"})
_EITHER = _PADDING | _FUTURE
_COMPARED = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


def _keyword_masks(node: ast.expr) -> Iterator[tuple[ast.Call, ast.keyword]]:
    for each in node.keywords if isinstance(node, ast.Call) else ():
        if each.arg in _MASKS:
            yield node, each


def _dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _keyword_masks(node):
        yield with_keyword(call, str(each.arg), None)


def _inverted(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _keyword_masks(node):
        if isinstance(each.value, ast.Name | ast.Call | ast.Subscript | ast.Compare):
            yield with_keyword(call, str(each.arg), expression(f"~({ast.unparse(each.value)})"))


def _of_other_side(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    for call, each in _keyword_masks(node):
        for name in (n.id for n in ast.walk(each.value) if isinstance(n, ast.Name)):
            other = other_side(name)
            if other in scope.names:
                text = ast.unparse(each.value).replace(name, other)
                yield with_keyword(call, str(each.arg), expression(text))


def _part_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _keyword_masks(node):
        if isinstance(each.value, ast.List):
            for place in range(len(each.value.elts)):
                changed = edited(each.value, lambda v, at=place: v.elts.__setitem__(at, ast.Constant(None)))  # type: ignore[misc]
                yield with_keyword(call, str(each.arg), changed)


def _parts_swapped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _keyword_masks(node):
        if isinstance(each.value, ast.List) and len(each.value.elts) == 2:
            yield with_keyword(call, str(each.arg), edited(each.value, lambda v: v.elts.reverse()))


def _not_made(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "mask_zero")
    if isinstance(node, ast.Call) and found is not None and is_constant(found.value, True):
        yield with_keyword(node, "mask_zero", None)


def _masking_dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and called(node.func) == "Masking" and node.args:
        yield node.args[0]


def _of_other_value(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "Masking" and isinstance(node, ast.Call):
        yield with_keyword(node, "mask_value", ast.Constant(7.0))


def _of_other_id(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in ("not_equal", "equal") and isinstance(node, ast.Call) and is_constant(node.args[1], 0):
        yield edited(node, lambda call: call.args.__setitem__(1, ast.Constant(1)))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED and is_constant(node.comparators[0], 0):
        yield edited(node, lambda compare: compare.comparators.__setitem__(0, ast.Constant(1)))


def _compared_the_other_way(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    names = {"not_equal": "equal", "equal": "not_equal"}
    if called(node) in names and isinstance(node, ast.Call):
        yield expression(ast.unparse(node).replace(called(node), names[called(node)], 1))
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED and is_constant(node.comparators[0], 0):
        yield edited(node, lambda compare: compare.ops.__setitem__(0, _COMPARED[type(compare.ops[0])]()))


def _axis_swapped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    """A mask of keys that is spread over queries: ``[:, None, :]`` and ``[:, :, None]``."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        parts = [ast.unparse(part) for part in node.slice.elts]
        if sorted(parts) == [":", ":", "None"]:
            for other in ([":", "None", ":"], [":", ":", "None"], ["None", ":", ":"]):
                if other != parts:
                    yield expression(f"{ast.unparse(node.value)}[{', '.join(other)}]")


def _weak(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.UnaryOp | ast.Constant) and is_constant(node, -1e9, 1e9, -1e4, -1e5, -1e10):
        yield expression("-1.0" if isinstance(node, ast.UnaryOp) else "1.0")


def _joined_by_or(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) == "logical_and":
        yield expression(ast.unparse(node).replace("logical_and", "logical_or", 1))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
        yield edited(node, lambda both: setattr(both, "op", ast.BitOr()))


def _causal_switch(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for name in ("use_causal_mask", "causal"):
        found = keyword(node, name)
        if isinstance(node, ast.Call) and found is not None and is_constant(found.value, True):
            yield with_keyword(node, name, ast.Constant(False))


def _order(node: ast.expr, kind: type[ast.cmpop], other: type[ast.cmpop]) -> Iterator[ast.expr]:
    of_steps = isinstance(node, ast.Compare) and any(
        isinstance(part, ast.Subscript) for part in (node.left, *node.comparators)
    )
    if isinstance(node, ast.Compare) and of_steps and isinstance(node.ops[0], kind):
        yield edited(node, lambda compare: compare.ops.__setitem__(0, other()))


def _order_reversed(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    yield from _order(node, ast.GtE, ast.LtE)
    yield from _order(node, ast.LtE, ast.GtE)
    yield from _order(node, ast.Lt, ast.Gt)


def _own_step_hidden(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    yield from _order(node, ast.GtE, ast.Gt)
    yield from _order(node, ast.LtE, ast.Lt)


def _next_step_seen(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.GtE) and isinstance(node.left, ast.Subscript):
        yield edited(node, lambda compare: setattr(compare, "left", expression(f"{ast.unparse(compare.left)} + 1")))
    if called(node) == "tril" and isinstance(node, ast.Call) and len(node.args) == 1:
        yield edited(node, lambda call: call.args.append(ast.Constant(1)))
    if called(node) == "band_part" and isinstance(node, ast.Call) and is_constant(node.args[-1], 0):
        yield edited(node, lambda call: call.args.__setitem__(-1, ast.Constant(1)))


def _same_padding(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    found = keyword(node, "padding")
    if isinstance(node, ast.Call) and found is not None and is_constant(found.value, "causal"):
        yield with_keyword(node, "padding", ast.Constant("same"))


def _backwards(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    recurrent = called(node) in ("GRU", "LSTM", "SimpleRNN") and keyword(node, "go_backwards") is None
    if isinstance(node, ast.Call) and recurrent and keyword(node, "return_sequences") is not None:
        yield with_keyword(node, "go_backwards", ast.Constant(True))


def _made(name: str, causes: frozenset[str], rewrite: object) -> Operator:
    return Operator(name=name, family="mask", causes=causes, rewrite=rewrite)  # type: ignore[arg-type]


OPERATORS = (
    _made("mask-dropped", _EITHER, _dropped),
    _made("mask-inverted", _EITHER | {"numeric-nonfinite"}, _inverted),
    _made("mask-of-other-side", _EITHER | {"decoder-attention-shape", "decoder-length-assumption"}, _of_other_side),
    _made("mask-part-dropped", _PADDING, _part_dropped),
    _made("mask-parts-swapped", _EITHER | {"decoder-attention-shape", "decoder-length-assumption"}, _parts_swapped),
    _made("mask-zero-off", _EITHER | {"loss-padding", "loss-normalization"}, _not_made),
    _made("masking-dropped", _PADDING | {"loss-padding", "loss-normalization"}, _masking_dropped),
    _made("mask-value", _PADDING | {"loss-padding", "loss-normalization"}, _of_other_value),
    _made("mask-of-other-id", _EITHER | {"loss-padding", "loss-normalization"}, _of_other_id),
    _made("mask-compared-wrongly", _EITHER | {"loss-padding", "numeric-nonfinite"}, _compared_the_other_way),
    _made("mask-axis", _EITHER | {"decoder-attention-shape", "decoder-length-assumption"}, _axis_swapped),
    _made("mask-weak", _EITHER, _weak),
    _made("mask-joined-by-or", _EITHER, _joined_by_or),
    _made("causal-off", _FUTURE, _causal_switch),
    _made("causal-reversed", _FUTURE | {"numeric-nonfinite"}, _order_reversed),
    _made("causal-hides-own-step", frozenset({"numeric-nonfinite", "input-padding-leak"}), _own_step_hidden),
    _made("causal-off-by-one", _FUTURE, _next_step_seen),
    _made("causal-padding-same", _FUTURE, _same_padding),
    _made("recurrence-backwards", _FUTURE | _PADDING | {"decoder-step-mismatch"}, _backwards),
)
