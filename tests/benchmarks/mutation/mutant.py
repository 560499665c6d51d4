"""What a mutation operator is, and how it is applied to the source of a model."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import attrs

_Node = TypeVar("_Node", bound=ast.AST)


@attrs.frozen
class Scope:
    """What stands around an expression: the names that its function knows, and the expression that it is a part of."""

    names: frozenset[str]
    parent: ast.AST | None


#: From an expression to those that stand in its place, one for each mutant.
Rewrite = Callable[[ast.expr, Scope], Iterable[ast.expr]]


@attrs.frozen(kw_only=True)
class Operator:
    """One kind of mistake.

    Attributes:
        name: what is done, as ``mask-dropped``.
        family: what kind of part it is about.
        causes: those that are right for it, where the mutant is found; a model decides which of them it is.
        rewrite: where it applies, and what it makes there.

    """

    name: str
    family: str
    causes: frozenset[str]
    rewrite: Rewrite


@attrs.frozen(kw_only=True)
class Mutant:
    """A healthy model with one mistake.

    Attributes:
        operator: the one that made it.
        model: the stem of the healthy model's file.
        line: where the mistake stands in ``source``, from 1.
        place: which of the operator's mutants on that line it is, from 1.
        source: the whole file.
        was: the expression that stood there, on one line.
        now: what stands there.

    """

    operator: Operator
    model: str
    line: int
    place: int
    source: str
    was: str
    now: str

    @property
    def name(self) -> str:
        """A name that no other mutant of the same models has."""
        later = f"-{self.place}" if self.place > 1 else ""
        return f"{self.model}-{self.operator.name}-{self.line}{later}"


def mutants(file: Path, operators: Sequence[Operator]) -> Iterator[Mutant]:
    """Yield what operators make of a file, in the order of its lines; what is made twice comes once."""
    source = file.read_text(encoding="utf-8")
    seen, counts = set[str](), Counter[tuple[str, int]]()
    for node, scope in _expressions(ast.parse(source)):
        for operator in operators:
            for changed in operator.rewrite(node, scope):
                now = ast.unparse(ast.fix_missing_locations(changed))
                text = _with_replaced(source, node, now, bracketed=scope.parent is not None)
                if text not in seen and text != source and now != ast.unparse(node):
                    seen.add(text)
                    counts[operator.name, node.lineno] += 1
                    yield Mutant(
                        operator=operator,
                        model=file.stem,
                        line=node.lineno,
                        place=counts[operator.name, node.lineno],
                        source=text,
                        was=ast.unparse(node),
                        now=now,
                    )


def _expressions(tree: ast.Module) -> Iterator[tuple[ast.expr, Scope]]:
    """Yield the expressions of functions, from above, with what stands around them."""

    def inside(node: ast.AST, names: frozenset[str], within: bool) -> Iterator[tuple[ast.expr, Scope]]:
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            names, within = names | _names(node), True
        for child in ast.iter_child_nodes(node):
            # What is declared of a model is no part of it, nor is a default.
            if isinstance(node, ast.FunctionDef) and child in (*node.decorator_list, node.args):
                continue
            if isinstance(child, ast.expr) and within:
                yield child, Scope(names, node if isinstance(node, ast.expr) else None)
            yield from inside(child, names, within)

    found = inside(tree, frozenset(), False)
    yield from sorted(found, key=lambda pair: (pair[0].lineno, pair[0].col_offset))


def _names(function: ast.FunctionDef | ast.Lambda) -> frozenset[str]:
    assigned = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(assigned | {argument.arg for argument in function.args.args})


def _with_replaced(source: str, node: ast.expr, text: str, bracketed: bool) -> str:
    """Return a source with other text in the place of an expression; a part of another one is put in brackets."""
    lines = source.splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = lines[first].encode()[: node.col_offset].decode()
    after = lines[last].encode()[node.end_col_offset :].decode()
    needed = bracketed and isinstance(node, ast.BinOp | ast.Compare | ast.UnaryOp | ast.IfExp | ast.BoolOp)
    lines[first : last + 1] = [f"{before}({text}){after}" if needed else f"{before}{text}{after}"]
    return "".join(lines)


def called(node: ast.AST) -> str:
    """Return the last part of what a call calls, as ``Dense``; nothing for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def expression(text: str) -> ast.expr:
    """Return a parsed expression."""
    return ast.parse(text, mode="eval").body


def edited(node: _Node, change: Callable[[_Node], None]) -> _Node:
    """Return a copy of a node that was changed."""
    copied = copy.deepcopy(node)
    change(copied)
    return copied


def keyword(call: ast.AST, *names: str) -> ast.keyword | None:
    """Return the first keyword argument of a call that has one of some names."""
    return next((each for each in getattr(call, "keywords", ()) if each.arg in names), None)


def with_keyword(call: ast.Call, name: str, value: ast.expr | None) -> ast.Call:
    """Return a call with another keyword argument; without it, where the value is None."""

    def change(copied: ast.Call) -> None:
        place = next((i for i, each in enumerate(copied.keywords) if each.arg == name), len(copied.keywords))
        copied.keywords[place : place + 1] = [] if value is None else [ast.keyword(name, value)]

    return edited(call, change)


def with_argument(call: ast.Call, place: int, value: ast.expr) -> ast.Call:
    """Return a call with another argument at a place."""
    return edited(call, lambda copied: copied.args.__setitem__(place, value))


def is_constant(node: ast.AST | None, *values: object) -> bool:
    """Say whether a node is one of some constants, a negative number included."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value in values  # type: ignore[operator]
    return isinstance(node, ast.Constant) and any(node.value is v or node.value == v for v in values)


def other_side(name: str) -> str | None:
    """Return what a name of one side is called on the other, as ``target_mask`` for ``source_mask``."""
    pairs = (
        ("source", "target"),
        ("encoder", "decoder"),
        ("src", "tgt"),
        ("source", "decoder_input"),
    )
    for one, other in pairs:
        for old, new in ((one, other), (other, one)):
            if old in name:
                return name.replace(old, new)
    return None
