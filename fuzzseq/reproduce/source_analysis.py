"""What the user's file says of a model without being run: enough to write its calls out plainly, or nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files.input_files import read_text

if TYPE_CHECKING:
    from fuzzseq.reproduce.origin import Origin

Function = ast.FunctionDef | ast.Lambda

#: The names that parameters of an encoder or a decoder go by, as the worker matches them.
PART_NAMES: Mapping[str, tuple[str, ...]] = {
    "memory": ("enc_out", "encoder_out", "memory", "context", "values", "encoded", "enc_seq", "encoder_seq"),
    "states": ("state", "hidden", "initial_state", "carry", "h", "c", "h0", "c0", "cell"),
}
_SCORING = ("Dense", "TimeDistributed", "Softmax", "Activation", "Reshape")


@attrs.frozen(kw_only=True)
class Part:
    """An encoder or a decoder: what each of its arguments is, in order, and whether it takes ``training``.

    There are no ``roles`` for a functional model, which takes a list of inputs.
    """

    roles: tuple[str, ...] = ()
    training: bool = True


@attrs.frozen(kw_only=True)
class Reading:
    """What is known for sure; None or False where it is not.

    ``keras_model`` says that the factory returns a Keras model, ``training`` whether its call takes that argument, and
    ``single`` that it gives one tensor.
    """

    keras_model: bool = False
    training: bool | None = None
    single: bool = False
    encoder: Part | None = None
    decoder: Part | None = None
    functions: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)


def read(origin: Origin, below: Path | None = None) -> Reading:
    """Return what a factory's file says of its model; nothing where it does not lie below a folder that is given."""
    path = origin.path or Path(*(origin.module or "?").split(".")).with_suffix(".py")
    if below is not None and not path.resolve().is_relative_to(below.resolve()):
        return Reading()
    try:
        tree = ast.parse(read_text(path, advice="Name another file"))
    except (UsageError, SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: nested too deeply
        return Reading()
    return _File(tree).reading(origin.name)


class _File:
    """The top level of a file."""

    def __init__(self, tree: ast.Module) -> None:
        """Sort functions and classes by name."""
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        self.classes = {n.name: n for n in tree.body if isinstance(n, ast.ClassDef)}

    def reading(self, name: str) -> Reading:
        """Return what is known of the model that a factory returns."""
        known = {name: tuple(a.arg for a in node.args.args) for name, node in self.functions.items()}
        found = self._returned(name, 3)
        if found is None:
            return Reading(functions=known)
        value, factory = found
        if isinstance(value, ast.Call) and _last(value.func) == "EncoderDecoder":
            given = dict(zip(("encoder", "decoder"), value.args, strict=False))
            given |= {keyword.arg or "": keyword.value for keyword in value.keywords}
            parts = {side: self._part(_assigned(part, factory), factory) for side, part in given.items()}
            return Reading(encoder=parts.get("encoder"), decoder=parts.get("decoder"), functions=known)
        if isinstance(value, ast.Call) and _last(value.func) == "Model":
            outputs = [*value.args[1:2], *(k.value for k in value.keywords if k.arg == "outputs")]
            single = bool(outputs) and _scores(_assigned(outputs[0], factory), {})
            return Reading(keras_model=True, training=True, single=single, functions=known)
        made = self.classes.get(_last(value.func)) if isinstance(value, ast.Call) else None
        call = _method(made, "call") if made else None
        if made is None or call is None or not _is_keras(made):
            return Reading(functions=known)
        return Reading(
            keras_model=True, training="training" in _names(call), single=_class_scores(made, call), functions=known
        )

    def _returned(self, name: str, depth: int) -> tuple[ast.expr, ast.FunctionDef] | None:
        """Return what a function returns, through other functions of the file, and the function that makes it."""
        factory = self.functions.get(name)
        returns = [n.value for n in _own(factory) if isinstance(n, ast.Return)] if factory else []
        if factory is None or len(returns) != 1 or returns[0] is None or depth == 0:
            return None
        value = _assigned(returns[0], factory)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in self.functions:
            return self._returned(value.func.id, depth - 1)
        return value, factory

    def _part(self, value: ast.expr, factory: ast.FunctionDef) -> Part | None:
        """Return the arguments of an encoder or a decoder that is a class of the file, or a function."""
        call: ast.FunctionDef | None = None
        if isinstance(value, ast.Call) and _last(value.func) == "Model":
            return Part()
        if isinstance(value, ast.Call) and _last(value.func) in self.classes:
            made = self.classes[_last(value.func)]
            call = _method(made, "call") if _is_keras(made) else None
        elif isinstance(value, ast.Name):
            inner = [n for n in ast.walk(factory) if isinstance(n, ast.FunctionDef) and n.name == value.id]
            call = inner[0] if inner else self.functions.get(value.id)
        if call is None or call.args.kwonlyargs or call.args.posonlyargs:
            return None
        roles = part_roles(call)
        return Part(roles=roles, training="training" in _names(call)) if roles else None


def part_roles(call: ast.FunctionDef) -> tuple[str, ...]:
    """Return what the positional parameters of an encoder or a decoder are, as the worker matches them."""
    names = [a.arg for a in call.args.args]
    defaults = dict(zip(names[len(names) - len(call.args.defaults) :], call.args.defaults, strict=True))
    named: list[str | None] = []
    for name in (n for n in names if n not in ("self", "training")):
        default = defaults.get(name)
        empty = default is None or (isinstance(default, ast.Constant) and default.value is None)
        role = part_role(name) if empty else None
        if role is None and default is not None:
            break
        named.append(role)
    if None not in named:
        return ("tokens", *(str(role) for role in named[1:]))
    missing = iter(("tokens", *(role for role in ("states", "memory") if role not in named), "memory", "states"))
    return tuple(role or next(missing) for role in named)


def part_role(name: str) -> str | None:
    """Return what a parameter of an encoder or a decoder is, by its name; None for the tokens."""
    lowered = name.lower()
    if lowered.endswith("mask"):
        return "source_mask"
    if "length" in lowered or lowered.endswith("_len"):
        return "source_length"
    for role, words in PART_NAMES.items():
        if lowered in words or any(len(word) > 2 and word in lowered for word in words):
            return role
    return None


def _own(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield the nodes of a function, those of functions inside it left out."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))


def _assigned(value: ast.expr, function: ast.FunctionDef) -> ast.expr:
    """Return what a name was last set to in a function, else the value itself."""
    if not isinstance(value, ast.Name):
        return value
    found = [
        n
        for n in _own(function)
        if isinstance(n, ast.Assign) and any(isinstance(t, ast.Name) and t.id == value.id for t in n.targets)
    ]
    return max(found, key=lambda n: n.lineno).value if found else value


def _scores(value: ast.expr, layers: Mapping[str, str]) -> bool:
    """Say whether a value is the output of a layer that gives one tensor: ``Dense(...)(x)`` or ``self.head(x)``."""
    if not isinstance(value, ast.Call):
        return False
    made = value.func
    if isinstance(made, ast.Call):
        return _last(made.func) in _SCORING
    return isinstance(made, ast.Attribute) and layers.get(made.attr) in _SCORING


def _class_scores(made: ast.ClassDef, call: ast.FunctionDef) -> bool:
    """Say whether a class' every call returns the output of a layer that gives one tensor."""
    layers: dict[str, str] = {}
    for node in ast.walk(made):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            layers.update({t.attr: _last(node.value.func) for t in node.targets if isinstance(t, ast.Attribute)})
    returns = [n.value for n in _own(call) if isinstance(n, ast.Return)]
    return bool(returns) and all(value is not None and _scores(_assigned(value, call), layers) for value in returns)


def _is_keras(made: ast.ClassDef) -> bool:
    """Say whether a class derives from a Keras model or layer by name."""
    return any(_last(base) in ("Model", "Layer") for base in made.bases)


def _method(made: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    """Return a method of a class by name."""
    return next((n for n in made.body if isinstance(n, ast.FunctionDef) and n.name == name), None)


def _names(call: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters."""
    return [a.arg for a in (*call.args.args, *call.args.kwonlyargs)]


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
