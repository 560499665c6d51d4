"""Mistakes with the states of recurrent layers."""

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
    with_argument,
    with_keyword,
)

_RECURRENT = ("GRU", "LSTM", "SimpleRNN")
_LOST = frozenset({"decoder-ignores-source", "state-unused", "numeric-no-gradient", "state-not-carried"})
_WIRED = frozenset({"state-miswired", "state-layers", "decoder-step-mismatch", "state-not-carried"})
_MISFIT = frozenset({"state-units", "state-count", "state-layers", "state-bidirectional", "decoder-width"})


def _given(node: ast.expr) -> Iterator[tuple[ast.Call, ast.keyword]]:
    found = keyword(node, "initial_state")
    if isinstance(node, ast.Call) and found is not None:
        yield node, found


def _dropped(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, _each in _given(node):
        yield with_keyword(call, "initial_state", None)


def _zeros(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        if isinstance(each.value, ast.List):
            parts = ", ".join(f"0.0 * {ast.unparse(part)}" for part in each.value.elts)
            yield with_keyword(call, "initial_state", expression(f"[{parts}]"))
        elif isinstance(each.value, ast.Name):
            yield with_keyword(call, "initial_state", expression(f"0.0 * {each.value.id}"))


def _reversed(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        if isinstance(each.value, ast.List) and len(each.value.elts) > 1:
            yield with_keyword(call, "initial_state", edited(each.value, lambda v: v.elts.reverse()))


def _first_for_all(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        if isinstance(each.value, ast.List) and len(each.value.elts) > 1:
            first = each.value.elts[0]
            yield with_keyword(call, "initial_state", ast.List([first] * len(each.value.elts), ast.Load()))


def _one_missing(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        if isinstance(each.value, ast.List) and len(each.value.elts) > 1:
            yield with_keyword(call, "initial_state", each.value.elts[0])


def _of_other_layer(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        names = {n.id for n in ast.walk(each.value) if isinstance(n, ast.Name)}
        for name in sorted(names):
            for other in sorted(n for n in scope.names - names if n.startswith(name[:1]) and len(n) <= len(name) + 2):
                changed = ast.unparse(each.value).replace(name, other, 1)
                if "state" in other or len(other) <= 2:
                    yield with_keyword(call, "initial_state", expression(changed))


def _reordered(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    """States that are joined: forward and backward ones, or parts of a list, in the other order."""
    if called(node) in ("concatenate", "concat") and isinstance(node, ast.Call) and node.args:
        parts = node.args[0]
        if isinstance(parts, ast.List) and len(parts.elts) == 2:
            yield with_argument(node, 0, edited(parts, lambda p: p.elts.reverse()))


def _detached(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    for call, each in _given(node):
        if isinstance(each.value, ast.Name):
            text = f"__import__('keras').ops.stop_gradient({each.value.id})"
            yield with_keyword(call, "initial_state", expression(text))


def _switch(node: ast.expr, name: str) -> Iterator[ast.expr]:
    found = keyword(node, name)
    if isinstance(node, ast.Call) and found is not None and is_constant(found.value, True):
        yield with_keyword(node, name, None)


def _sequences_off(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    yield from _switch(node, "return_sequences")


def _stateful(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in _RECURRENT and isinstance(node, ast.Call) and keyword(node, "stateful") is None:
        yield with_keyword(node, "stateful", ast.Constant(True))


def _units(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    if called(node) in (*_RECURRENT, "GRUCell", "LSTMCell") and isinstance(node, ast.Call) and node.args:
        for text in (f"2 * ({ast.unparse(node.args[0])})", f"{ast.unparse(node.args[0])} + 1"):
            yield with_argument(node, 0, expression(text))


def _other_kind(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    kinds = {"GRU": "LSTM", "LSTM": "GRU"}
    if called(node) in kinds:
        yield expression(ast.unparse(node).replace(called(node), kinds[called(node)], 1))


def _other_state(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    """The first of what a layer returns, where its last was meant, and the other way round."""
    if isinstance(node, ast.Subscript) and is_constant(node.slice, 1, -1, 0) and isinstance(node.value, ast.Call):
        now = 0 if not is_constant(node.slice, 0) else 1
        yield edited(node, lambda part: setattr(part, "slice", ast.Constant(now)))


def _first_step_for_last(node: ast.expr, _: Scope) -> Iterator[ast.expr]:
    parts = node.slice.elts if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) else []
    if len(parts) == 2 and is_constant(parts[1], -1):
        yield edited(node, lambda part: part.slice.elts.__setitem__(1, ast.Constant(0)))  # type: ignore[attr-defined]


def _made(name: str, causes: frozenset[str], rewrite: object) -> Operator:
    return Operator(name=name, family="state", causes=causes, rewrite=rewrite)  # type: ignore[arg-type]


OPERATORS = (
    _made("state-dropped", _LOST, _dropped),
    _made("state-zeros", _LOST, _zeros),
    _made("states-reversed", _WIRED | _MISFIT, _reversed),
    _made("first-state-for-all", _WIRED | _LOST | _MISFIT, _first_for_all),
    _made("state-missing", _MISFIT, _one_missing),
    _made("state-of-other-layer", _WIRED | _LOST | _MISFIT, _of_other_layer),
    _made("states-joined-otherwise", _WIRED, _reordered),
    _made("state-detached", frozenset({"numeric-no-gradient"}), _detached),
    _made(
        "sequences-off",
        _MISFIT | {"execution-output", "execution-build", "decoder-length-assumption", "decoder-attention-shape"},
        _sequences_off,
    ),
    _made("stateful", frozenset({"state-leak", "state-batch", "execution-hard-coded-batch"}), _stateful),
    _made("state-units", _MISFIT | {"execution-build", "decoder-attention-shape"}, _units),
    _made("layer-of-other-kind", _MISFIT | {"execution-build"}, _other_kind),
    _made("other-part-of-result", _MISFIT | _LOST | {"input-padding-leak", "execution-build"}, _other_state),
    _made("first-step-for-last", frozenset({"decoder-ignores-source", "input-padding-leak"}), _first_step_for_last),
)
