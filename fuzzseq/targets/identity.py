"""Which function a target stands for, however it is named: what the ids of findings, corpora and histories go by."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum, Flag
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Final, TypeGuard, TypeVar

from fuzzseq.targets.declaration import attributes_of, declaration_of

#: What lies at the root of a project, the first kind that any folder above a file has; and where packages lie.
_ROOTS: Final = ((".git", ".hg"), ("pyproject.toml", "setup.py", "setup.cfg"))
_INSTALLED: Final = ("site-packages", "dist-packages")
#: The most characters of a text, and the most values of a tuple or the like, that tell one model from another; the
#: most texts of what it is built with, in all, and how deep these may lie.
_MOST: Final = 100
_MOST_TEXTS: Final = 2000
_DEEPEST: Final = 8
#: What frameworks and Python itself make has names that are counted up, and states; but a few classes of Python's.
_STATEFUL: Final = {"keras", "numpy", "tensorflow", "tf_keras", *sys.stdlib_module_names}
_NAMESPACES: Final = {
    *("abc", "collections.abc", "typing", "builtins.object", "types.SimpleNamespace"),
    *("argparse.Namespace", "argparse._AttributeHolder"),
}
_Kind = TypeVar("_Kind")


def identity_of(factory: object, holder: ModuleType | None = None, name: str = "") -> str:
    """Return the identity of a target's factory: ``package.module:qualified.name`` of the function behind it.

    What ``functools.wraps`` and ``partial`` made of a function, and what :func:`fuzz_target` did, is looked through, so
    that the function has one identity in whatever file, and by whatever name, it is a target. Its module is called as
    :func:`place_of` calls its file, however that was loaded; a script is a module like any other, and what was typed
    where there is no file is of ``__main__``. A model that is there already, and whatever else has no name of its own,
    is the variable ``name`` of the module ``holder``.

    A function that builds several models is several targets:

    - What a partial, a method or a closure holds is a part of the identity, as a digest: numbers, short texts,
      functions, tuples, lists, dicts and plain objects of these, and of anything else, as a tensor or a model, its
      class. The path of a file is none of these: it differs from machine to machine.
    - Of declared copies of one function in one module (``small = fuzz_target(build, units=2)`` beside ``build``), the
      function itself, or the first of them, has the plain identity, and others have their names in it.
    - Of targets of one run that are still alike, the first has the plain identity and others have a number, in the
      order in which they were named: see :class:`fuzzseq.engine.identities.Identities`.

    So a new option in a declaration, another line or another folder to run in changes no identity.
    """
    own = _identity(factory, holder, name)
    if holder is None or not name:
        return own
    alike: dict[int, str] = {}
    for other, value in list(vars(holder).items()):
        defined = isinstance(value, FunctionType | type) and value.__module__ == holder.__name__
        if (defined or declaration_of(value) is not None) and _identity(value, holder, other) == own:
            alike.setdefault(id(value), other)
    itself = own.rpartition(":")[2]
    first, *_ = sorted(alike.items(), key=lambda pair: pair[1] != itself) or [(id(factory), name)]
    return own if first[0] == id(factory) or id(factory) not in alike else f"{own} as {alike[id(factory)]}"


def place_of(file: Path) -> str:
    """Return what the module of a file is called, wherever it is imported from and whatever it is imported as.

    One of a package has its name in that; another one is called by its path from the root of the project, a folder
    ``src`` left out, or by its own name where there is no root. A file that is no Python keeps its ending.
    """
    file = file.resolve()
    names = [] if file.name == "__init__.py" else [file.stem if file.suffix == ".py" else file.name]
    folder = file.parent
    while _has(folder, "__init__.py") and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    if folder == file.parent:
        above = next(
            (
                each
                for marks in _ROOTS
                for each in (folder, *folder.parents)
                if each.name in _INSTALLED or any(_has(each, mark) for mark in marks)
            ),
            folder,
        )
        parts = folder.relative_to(above).parts
        names = [*parts[parts[:1] == ("src",) :], *names]
    return ".".join(names)


def _has(folder: Path, name: str) -> bool:
    return os.path.exists(folder / name)  # noqa: PTH110 (pathlib's raises where nobody may look)


def _identity(factory: object, holder: ModuleType | None, name: str) -> str:
    """Return the identity of a factory by itself."""
    values: list[str] = []
    seen: list[object] = []
    while not any(factory is each for each in seen):
        seen.append(factory)
        inside = attributes_of(factory).get("__wrapped__")
        if inside is None and isinstance(factory, partial):
            values += [
                *map(_text, factory.args),
                *(f"{key}={_text(each)}" for key, each in sorted(factory.keywords.items())),
            ]
            inside = factory.func
        elif inside is None and isinstance(factory, MethodType):
            values.append(_text(factory.__self__))
            inside = factory.__func__
        if isinstance(factory, FunctionType):
            for variable, cell in zip(factory.__code__.co_freevars, factory.__closure__ or (), strict=True):
                try:
                    held = cell.cell_contents
                except ValueError:  # It has no value yet.
                    continue
                values += [] if held is inside or held is factory else [f"{variable}={_text(held)}"]
        factory = factory if inside is None else inside
    digest = f"~{hashlib.sha256(chr(31).join(values).encode()).hexdigest()[:8]}" if values else ""
    return f"{_called(factory, holder, name)}{digest}"


def _called(value: object, holder: ModuleType | None, name: str) -> str:
    """Return the module and the name of a function or a class; of anything else, of the variable that holds it.

    That is one of another module than the ``holder``, which may import it, where there is one.
    """
    own = getattr(value, "__qualname__", None)
    if not isinstance(own, str):
        for module in list(sys.modules.values()):
            for variable, each in list(attributes_of(module).items()):
                if each is value and module is not holder:
                    return f"{_module_of(module.__name__)}:{variable}"
        kind = type(value)
        return f"{_module_of(holder.__name__ if holder else kind.__module__)}:{name or kind.__qualname__}"
    home = getattr(value, "__module__", None)
    held = vars(sys.modules[home]) if home in sys.modules and own == "<lambda>" else {}
    own = next((variable for variable, each in list(held.items()) if each is value), own)
    return f"{_module_of(home)}:{own}"


def _module_of(name: object) -> str:
    """Return what a module is called that is loaded under a name."""
    file = getattr(sys.modules.get(str(name)), "__file__", None)
    return place_of(Path(file)) if isinstance(file, str) else str(name or "")


def _text(value: object) -> str:
    """Return what a value says of the model that is built with it, the same on every machine and in every run.

    None of the user's code runs, as a property or a ``__repr__`` would.
    """
    return "".join(islice(_texts(value, 0), _MOST_TEXTS))


def _texts(value: object, depth: int) -> Iterator[str]:
    """Yield what a value says by itself, and then what it holds."""
    yield _leaf(value)
    if depth == _DEEPEST:
        return
    held: Iterable[tuple[str, object]] = ()
    if _is(value, list):
        held = (("", each) for each in list.__iter__(value))
    elif _is(value, tuple):
        held = (("", each) for each in tuple.__iter__(value))
    elif _is(value, dict):
        held = sorted(((_leaf(key), each) for key, each in islice(dict.items(value), _MOST)), key=itemgetter(0))
    elif (type(value) is set or type(value) is frozenset) and len(value) <= _MOST:
        held = ((each, None) for each in sorted(map(_leaf, value)))
    elif _is_config(value):
        held = sorted(_fields(value).items())
    yield "("
    for name, each in islice(held, _MOST):
        yield f"{name}="
        yield from _texts(each, depth + 1)
        yield ","
    yield ")"


def _leaf(value: object) -> str:
    """Return a number or a short text as Python writes it, what a function or a class is called, else its class."""
    if _is(value, Enum):  # Of a flag, the name differs from one Python to the next.
        return f"{type(value).__qualname__}.{value._value_ if _is(value, Flag) else value._name_}"
    if value is None or type(value) is bool:
        return repr(value)
    if _is(value, int):
        return int.__repr__(value)
    if _is(value, float):
        return float.__repr__(value)
    if type(value) is str and len(value) <= _MOST and not {"/", "\\"} & {*value}:
        return repr(value)
    if _is(value, type) or _is(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    return type(value).__qualname__


def _is(value: object, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """Say whether a value is of a class, whatever it says itself."""
    return issubclass(type(value), kind)


def _is_config(value: object) -> bool:
    """Say whether a value is nothing but what it holds: a model, and what else a framework or Python made, is more."""
    return not callable(value) and all(
        not {base.__module__, f"{base.__module__}.{base.__qualname__}"}.isdisjoint(_NAMESPACES)
        or str(base.__module__).partition(".")[0] not in _STATEFUL
        for base in type(value).__mro__
    )


def _fields(value: object) -> dict[str, object]:
    """Return the fields that a class of ``attrs`` or a dataclass declares, else all attributes, those of slots too."""
    held = {name: each for name, each in attributes_of(value).items() if type(name) is str}
    declared: set[str] = set()
    for base in type(value).__mro__:
        for name, member in attributes_of(base).items():
            if name == "__dataclass_fields__" and _is(member, dict):
                declared |= {*member}
            elif name == "__attrs_attrs__" and _is(member, tuple):
                declared |= {each.name for each in member}
            elif _is(member, MemberDescriptorType):
                with suppress(AttributeError):  # It has no value yet.
                    held[name] = member.__get__(value)
    return {name: each for name, each in held.items() if name in declared or not declared}
