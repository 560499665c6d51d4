"""The source of a factory that no file and name stand for, with all that it needs: for a script that makes it anew.

It is taken only where it is certain. What runs is compared with what the source compiles to, and whatever the factory
names has to be a literal, something that can be imported, or a function or class whose source is as certain.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Final

from fuzzseq.files.notebooks import bound_names
from fuzzseq.files.slicing import names_read
from fuzzseq.loading.references import variable_of
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.sanitize import outgoing
from fuzzseq.targets.declaration import declaration_of, fuzz_target

#: Characters of a definition: more of it is no longer read.
_MOST: Final = 20_000
_LITERALS: Final = (bool, int, float, complex, str, bytes, type(None), tuple, list, dict, set)
_Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definition_of(factory: object) -> str:
    """Return code that makes a factory, under the name that a script knows it by; empty where that is not certain."""
    definition = _Definition(getattr(factory, "__module__", None))
    try:
        definition.bind(variable_of(getattr(factory, "__name__", "")), factory)
    except _UncertainError:
        return ""
    text = definition.text
    # What may not leave would be another program.
    return text if len(text) <= _MOST and outgoing(text) == text else ""


class _UncertainError(Exception):
    """Something is not known for certain."""


class _Definition:
    """The parts of a definition, in the order in which they can be run."""

    def __init__(self, module: str | None) -> None:
        self._imports: list[str] = []
        self._parts: list[str] = []
        self._own = {"__main__", module}
        self._bound: dict[str, object] = {}

    @property
    def text(self) -> str:
        """All of it, what takes several lines apart from the rest."""
        text = "\n".join(self._imports)
        for before, part in zip(("\n", *self._parts), self._parts, strict=False):
            text += ("\n\n\n" if "\n" in before + part else "\n") + part
        return text.lstrip("\n")

    def bind(self, name: str, value: object) -> None:
        """Add the lines that bind a name to a value, and those that they need."""
        if name in self._bound:
            if self._bound[name] is not value:
                raise _UncertainError
            return
        self._bound[name] = value
        if type(value) in _LITERALS:
            try:
                same = ast.literal_eval(repr(value)) == value
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                same = False
            if not same:
                raise _UncertainError
            self._parts.append(f"{name} = {value!r}")
        elif isinstance(value, ModuleType):
            self._import(value.__name__, "", name, value)
        elif isinstance(value, FunctionType | type) and value.__module__ not in self._own:
            self._import(value.__module__, value.__qualname__, name, value)
        elif isinstance(value, FunctionType | type):
            self._define(name, value)
        else:
            raise _UncertainError

    def _import(self, module: str, attribute: str, name: str, value: object) -> None:
        found: object = sys.modules.get(module)
        # A module crosses by its name, which a proxy, as TensorFlow's keras, has from what it stands for.
        same = found is not None if isinstance(value, ModuleType) else getattr(found, attribute, None) is value
        if not same or "." in attribute:
            raise _UncertainError
        if is_users(getattr(sys.modules[module], "__file__", None) or "<frozen>"):
            line = "sys.path.insert(0, os.getcwd())"
            self._imports += [line] if line not in self._imports else []
        renamed = "" if name == (attribute or module) else f" as {name}"
        what = f"from {module} import {attribute}" if attribute else f"import {module}"
        self._imports.append(what + renamed)

    def _define(self, name: str, value: FunctionType | type) -> None:
        functions = [value] if isinstance(value, FunctionType) else []
        if isinstance(value, type):
            found = [each for each in vars(value).values() if isinstance(each, FunctionType)]
            functions = [each for each in found if each.__qualname__ == f"{value.__qualname__}.{each.__name__}"]
        if not functions:  # Nothing is certain of a class that defines none.
            raise _UncertainError
        code = functions[0].__code__
        text = "".join(linecache.getlines(code.co_filename))
        try:
            tree = ast.parse(text)
            compiled = [*_nested(compile(text, code.co_filename, "exec", dont_inherit=True))]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise _UncertainError from None
        if not text or any(function.__code__ not in compiled for function in functions):
            raise _UncertainError
        if code.co_name == "<lambda>" and value is functions[0]:
            there = [
                node for node in ast.walk(tree) if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
            ]
            segment = ast.get_source_segment(text, there[0]) if len(there) == 1 else None
            if segment is None or "\t" in segment:
                raise _UncertainError
            source = f"{name} = ({segment})" if "\n" in segment else f"{name} = {segment}"
        else:
            node = _node_of(tree, code, value)
            source = _source_of(node, text, value, functions[0].__globals__)
            if name != node.name:
                source += f"\n{name} = {node.name}"
                self._bound.setdefault(node.name, value)
        bound = {each for statement in ast.parse(source).body for each in bound_names(statement)}
        for needed in sorted(names_read(source) - bound):
            self._bind_found(needed, functions)
        self._parts.append(source)

    def _bind_found(self, name: str, functions: list[FunctionType]) -> None:
        for function in functions:
            cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
            if name in cells:
                try:
                    self.bind(name, cells[name].cell_contents)
                except ValueError:  # It is still empty.
                    raise _UncertainError from None
                return
        known: Mapping[str, object] = functions[0].__globals__
        if name in known and name != "__name__":
            self.bind(name, known[name])
        elif not hasattr(builtins, name):
            raise _UncertainError


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _node_of(tree: ast.Module, code: CodeType, value: type | FunctionType) -> _Defined:
    """Return the definition of a function, or the class around the code of a method."""
    wanted = ast.ClassDef if isinstance(value, type) else ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, wanted) and node.name == value.__name__:
            inside = node.lineno <= code.co_firstlineno <= (node.end_lineno or 0)
            if inside if isinstance(node, ast.ClassDef) else _first_line(node) == code.co_firstlineno:
                return node
    raise _UncertainError


def _first_line(node: _Defined) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _source_of(node: _Defined, text: str, value: object, known: Mapping[str, object]) -> str:
    """Return the source of a definition as it stands at the top of a file, without what declares it to fuzzseq."""
    declares = [_called(each, known) is fuzz_target for each in node.decorator_list]
    if any(declares) and all(declares) and not _declared_functions(value):
        node.decorator_list = []
    elif node.decorator_list and known.get(node.name) is not value:
        raise _UncertainError  # Whatever decorates it may have put something else in its place.
    elif not node.decorator_list and _declared_functions(value):
        raise _UncertainError  # They are declared elsewhere.
    source = textwrap.dedent("\n".join(text.splitlines()[_first_line(node) - 1 : node.end_lineno]))
    try:
        again = ast.parse(source).body
    except SyntaxError:
        raise _UncertainError from None
    if "\t" in source or len(again) != 1 or ast.dump(again[0]) != ast.dump(node):
        raise _UncertainError
    return source


def _called(decorator: ast.expr, known: Mapping[str, object]) -> object:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(node, ast.Attribute):
        return getattr(known.get(getattr(node.value, "id", "")), node.attr, None)
    return known.get(getattr(node, "id", ""))


def _declared_functions(value: object) -> bool:
    declared = declaration_of(value)
    return declared is not None and any(map(callable, declared.options.values()))
