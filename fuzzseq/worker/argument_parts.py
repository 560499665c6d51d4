"""What a call takes its one argument apart to, as its code says: the keys of a dict, or the parts of a tuple."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
from types import MethodType

import attrs

from fuzzseq.worker.keras_api.objects import Function


@attrs.frozen(kw_only=True)
class Parts:
    """What a function reads of an argument.

    Attributes:
        keys: those of a dict, in the order of the code.
        asked: the keys among them that may be missing, as ``get`` says.
        names: what it unpacks a tuple to, where it does.

    """

    keys: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()


def taken_apart(call: Function, name: str, seen: Sequence[object] = ()) -> Parts:
    """Return what a function reads of its argument ``name``.

    Methods of the same object, and of the class above, read keys as well where they are handed the argument, or a dict
    that is made of it. ``seen`` are those that were looked at.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(call)))
    except (OSError, TypeError, SyntaxError):
        return Parts()
    keys: list[str] = []
    asked: set[str] = set()
    names: list[str] = []
    indices: dict[int, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=elements), *_], value=ast.Name(id=variable)) if variable == name:
                names = [ast.unparse(element) for element in elements]
            case ast.Assign(targets=[ast.Name(id=variable), *_], value=value):
                if isinstance(index := _key_read(value, name), int):
                    indices[index] = variable
            case _:
                key = _key_read(node, name)
                if isinstance(key, int):
                    indices.setdefault(key, f"input_{key}")
                elif key is not None:
                    keys.append(key)
                    asked |= {key} if isinstance(node, ast.Call) else set()
        for method, parameter in _handed_to(call, node, name):
            if method.__func__ not in seen:
                more = taken_apart(method, parameter, (*seen, method.__func__))
                keys += more.keys
                asked |= more.asked
    in_order = tuple(indices[index] for index in sorted(indices))
    return Parts(keys=tuple(dict.fromkeys(keys)), asked=frozenset(asked), names=tuple(names) or in_order)


def _handed_to(call: Function, node: ast.AST, name: str) -> Iterator[tuple[MethodType, str]]:
    """Yield the method that a node calls with the variable ``name``, and by which parameter it takes it."""
    owner = getattr(call, "__self__", None)
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attribute), args=given):
            method = getattr(owner, attribute, None)
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=attribute), args=given):
            classes = [each for each in type(owner).__mro__ if attribute in vars(each)]
            # What wraps the method, or what a class holds, has another code.
            codes = [getattr(inspect.unwrap(vars(each)[attribute]), "__code__", None) for each in classes]
            code = getattr(inspect.unwrap(getattr(call, "__func__", call)), "__code__", None)
            own = [at for at, each in enumerate(codes) if each == code]
            above = classes[own[0] + 1 :] if own else []
            method = vars(above[0])[attribute].__get__(owner) if above else None
        case _:
            return
    if isinstance(method, MethodType):
        parameters = list(inspect.signature(method).parameters)
        yield from ((method, p) for p, each in zip(parameters, given, strict=False) if _is_made_of(each, name))


def _is_made_of(value: ast.expr, name: str) -> bool:
    """Say whether an expression is the variable ``name``, or a dict with all that it holds."""
    match value:
        case ast.Name(id=variable):
            return variable == name
        case ast.Dict(keys=keys, values=values):
            spread = (each for key, each in zip(keys, values, strict=True) if key is None)
            return any(isinstance(each, ast.Name) and each.id == name for each in spread)
    return False


def _key_read(node: ast.AST, name: str) -> str | int | None:
    """Return the constant that a node reads from the variable ``name``: ``x["a"]``, ``x.get("a")`` or ``x[0]``."""
    match node:
        case ast.Subscript(value=ast.Name(id=variable), slice=ast.Constant(value=str() | int() as key)):
            pass
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=variable), attr="get" | "pop"),
            args=[ast.Constant(value=str() | int() as key), *_],
        ):
            pass
        case _:
            return None
    return key if variable == name else None
