"""The code of a notebook that a model is made of: what defines it, and nothing that trains."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files.notebooks import DEFINITIONS, FUNCTIONS, Cell, bound_names

#: How settings are made that hold for all that follows: ``sys.path.append``, ``tf.random.set_seed``.
_SETTING: Final = re.compile(r"^(sys\.path|os\.environ)\.\w+$|(^|\.)(seed|(set|enable|disable)_\w+)$")
#: What trains a model, or runs one over data.
_TRAINING: Final = frozenset(
    {"fit", "fit_generator", "train_on_batch", "evaluate", "predict", "minimize", "apply_gradients"}
)
#: What leaves what it is called on, or with, as it is: it shows or writes that, or prepares a training.
_LEAVES: Final = re.compile(r"(summary|compile|save|dump|export|plot|show|display|p?print)(_\w+)?|to_\w+")
#: Methods that change no argument, and that change their object for a value; built-in functions that change arguments.
_STORES: Final = frozenset({"append", "appendleft", "add", "extend", "insert", "update"})
_POPS: Final = frozenset({"pop", "popleft", "popitem", "setdefault", "next"})
_CHANGES: Final = frozenset({"map", "filter", "setattr", "delattr", "next", "exec", "eval"})
#: Code that may run later than its statement.
_DEFERRED: Final = (*DEFINITIONS, ast.Lambda, ast.GeneratorExp)


def needed(cells: Sequence[Cell], name: str) -> tuple[Cell, ...]:
    """Return cells with the statements that a name at their top needs, and settings that hold for all: no training.

    Needed is what binds the name, what binds a name that is read there, what changes the value of one (``model.add``, a
    loop that fills a set), and so on: a data set is loaded where the model is made of it, and only there.

    Raises :class:`UsageError` for a statement that trains and also makes or changes what is needed.
    """
    return _Notebook(cells).needed(name)


def _reached(names: Iterable[str], parts: Sequence[tuple[set[str], set[str]]]) -> set[str]:
    """Return names with those that they lead to, from any of the first of a pair to all of its second."""
    found, before = {*names}, -1
    while before != (before := len(found)):
        found = found.union(*(to for of, to in parts if of & found))
    return found


class _Notebook:
    """The statements of a notebook, and what each of them may change."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = cells
        nodes = [node for cell in cells for statement in cell.body for node in _own_nodes(statement)]
        imports = (node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))
        self._imported = {name for each in imports for name in bound_names(each)}
        calls = (node for cell in cells for each in cell.body for node in ast.walk(each) if isinstance(node, ast.Call))
        self._compiled = {_root(call.func) for call in calls if _called(call) == "compile"}
        methods = {id(method) for node in nodes if isinstance(node, ast.ClassDef) for method in node.body}
        functions = [("." * (id(node) in methods) + node.name, node) for node in nodes if isinstance(node, FUNCTIONS)]
        self._functions = dict(functions)
        #: What a call of each function changes: names of the notebook, and its parameters; a method's key has a dot.
        self._effects = {name: set[str]() for name in self._functions}
        before = -1
        while before != (before := sum(map(len, self._effects.values()))):
            for name, function in functions:
                inside = list(ast.walk(function))
                shared = {each for node in inside if isinstance(node, ast.Global) for each in node.names}
                bound = {each for statement in function.body for each in bound_names(statement)}
                bound |= {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg) and name[0] == "."}
                parts = [({alias}, of) for statement in function.body for alias, of in _aliases(statement)]
                self._effects[name] |= (_reached(self._changed(inside), parts) - bound) | (bound & shared)

    def needed(self, name: str) -> tuple[Cell, ...]:
        """Return what a name needs: see :func:`needed`."""
        statements = [
            (cell, each, {*bound_names(each)}, {*self._changed(_own_nodes(each))})
            for cell in self._cells
            for each in cell.body
        ]
        # What a module makes is no part of the module.
        aliases = (each for _, statement, *_ in statements for each in _aliases(statement))
        parts = [(of - self._imported, {alias}) for alias, of in aliases]
        known = {*dir(builtins)}.union(*(bound for *_, bound, _ in statements))
        #: The names that are read, with the number of the last statement that does: a function is called at any time.
        wanted, kept, before = {name: len(statements)}, set[int](), -1
        while before != (before := len(kept)):
            watched = _reached(wanted, parts)
            for number, (cell, each, bound, changed) in enumerate(statements):
                touched = {one for one in bound if wanted.get(one, -1) > number} | (changed & watched)
                from_star = "*" in bound and not wanted.keys() <= known
                if id(each) in kept or not (touched or from_star or self._is_setting(each)):
                    continue
                if touched and any(isinstance(node, ast.Call) and self._trains(node) for node in _own_nodes(each)):
                    raise UsageError(
                        f"{name} cannot be taken from the notebook: cell {cell.number}, line {each.lineno} trains and "
                        f"also changes {min(touched)}. Make that two statements, or name a function that makes it."
                    )
                kept.add(id(each))
                later = any(isinstance(node, _DEFERRED) for node in ast.walk(each))
                added = {_root(node.target) for node in ast.walk(each) if isinstance(node, ast.AugAssign)}
                for one in names_read(ast.unparse(each)) | added:
                    wanted[one] = max(wanted.get(one, 0), len(statements) if later else number)
        return tuple(attrs.evolve(cell, body=tuple(s for s in cell.body if id(s) in kept)) for cell in self._cells)

    def _changed(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        """Yield the names whose values some code may change, beside those that it binds; training is left out."""
        for node in nodes:
            if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
                yield _root(node)
            elif isinstance(node, ast.Expr) or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_"):
                value = getattr(node.value, "elt", node.value)
                name = _called(value) if isinstance(value, ast.Call) else ""
                if not _LEAVES.fullmatch(name) or name in self._effects:
                    for call in (each for each in ast.walk(value) if isinstance(each, ast.Call)):
                        yield from self._changed_by(call, passed=call is value or _called(call) in _CHANGES)
            elif isinstance(node, ast.Call) and (_called(node) in _POPS or isinstance(node.func, ast.Name)):
                yield from self._changed_by(node, passed=_called(node) == "next")
            elif isinstance(node, ast.Call):
                yield from self._effects.get(f".{_called(node)}", ())
            elif isinstance(node, DEFINITIONS):
                for each in node.decorator_list:
                    made = each if isinstance(each, ast.Call) else ast.Call(each, [], [])
                    yield from self._changed_by(made, passed=True)

    def _changed_by(self, call: ast.Call, *, passed: bool) -> Iterator[str]:
        """Yield the names whose values a call may change; one that is called for that changes what it is given."""
        name, given = _called(call), [*call.args, *(each.value for each in call.keywords)]
        own = isinstance(call.func, ast.Name) and name in self._effects
        if self._trains(call) or (_LEAVES.fullmatch(name) and not own):
            return
        if isinstance(call.func, ast.Attribute):
            yield from ({_root(call.func)} | self._effects.get(f".{name}", set())) - self._imported
            passed = passed and name not in _STORES
        elif own:
            taken = self._functions[name].args
            parameters = [each.arg for each in (*taken.posonlyargs, *taken.args)]
            places = [*parameters[: len(call.args)], *(each.arg for each in call.keywords)]
            yield from self._effects[name].difference(parameters)
            given = [each for place, each in zip(places, given, strict=False) if place in self._effects[name]]
            passed = True
        elif name in _CHANGES or hasattr(builtins, name):
            passed = passed and name in _CHANGES
        if passed:
            yield from {_root(each) for each in given} - self._imported - {*self._functions}

    def _trains(self, call: ast.Call) -> bool:
        """Say whether a call trains a model or runs one: ``fit`` with one argument alone may prepare data."""
        prepares = _called(call) == "fit" and len(call.args) == 1 and not call.keywords
        trains = isinstance(call.func, ast.Attribute) and call.func.attr in _TRAINING
        return trains and not (prepares and _root(call.func) not in self._compiled)

    def _is_setting(self, statement: ast.stmt) -> bool:
        """Say whether a statement sets something for all code that follows it: an environment variable, a seed."""
        if isinstance(statement, ast.Assign):
            inside = all(isinstance(target, ast.Subscript | ast.Attribute) for target in statement.targets)
            return inside and all(_root(target) in self._imported for target in statement.targets)
        called = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(called, ast.Call) or _root(called.func) not in self._imported:
            return False
        return bool(_SETTING.search(ast.unparse(called.func)))


def names_read(source: str) -> set[str]:
    """Return the names of the top that code reads, in its functions as well; what is bound inside of these is none."""
    tables, read = [symtable.symtable(source, "code", "exec")], set[str]()
    top = tables[0]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        here = table.get_symbols()
        read |= {each.get_name() for each in here if (each.is_referenced() if table is top else each.is_global())}
    return read


def _own_nodes(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run where a statement does: of a function it defines, the decorators and the defaults."""
    pending = [statement]
    while pending:
        node = pending.pop()
        yield node
        pending += [*node.decorator_list, node.args] if isinstance(node, FUNCTIONS) else ast.iter_child_nodes(node)


def _aliases(statement: ast.stmt) -> Iterator[tuple[str, set[str]]]:
    """Yield names that a statement binds to what other names hold, or to parts of it, with those names."""
    for node in _own_nodes(statement):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            names = {each.id for each in ast.walk(node.iter) if isinstance(each, ast.Name)}
            yield from ((each.id, names) for each in ast.walk(node.target) if isinstance(each, ast.Name))
        elif isinstance(node, ast.Assign):
            names = {_root(node.value)} - {""}
            yield from ((target.id, names) for target in node.targets if isinstance(target, ast.Name))


def _root(node: ast.AST) -> str:
    """Return the name at the start of ``name.part[0].method()``; empty where there is none."""
    if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        return _root(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _root(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def _called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return str(getattr(call.func, "attr", None) or getattr(call.func, "id", ""))
