"""Which function a target stands for, however it is named: what the ids of findings, corpora and histories go by."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum, Flag
from functools import cached_property, partial
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
#: Whose objects have states, and names that are counted up; what configs are made of, as namespaces, is not there.
_STATEFUL: Final = {"keras", "numpy", "tensorflow", "tf_keras", *sys.stdlib_module_names} - {
    *("abc", "argparse", "collections", "types", "typing")
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
    """Return what a value says of the model built with it, the same in every run; none of the user's code is run."""
    return "".join(islice(_texts(value, 0), _MOST_TEXTS))


def _texts(value: object, depth: int) -> Iterator[str]:
    """Yield what a value says by itself, and then what it holds."""
    yield _leaf(value)
    held: Iterable[tuple[str, object]]
    if _is(value, list):
        held = (("", each) for each in list.__iter__(value))
    elif _is(value, tuple):
        held = (("", each) for each in tuple.__iter__(value))
    else:
        if type(value) is set or type(value) is frozenset:  # Which of many come first differs from run to run.
            fields = dict.fromkeys(value if len(value) <= _MOST else ())
        else:
            fields = value if _is(value, dict) else _fields(value)
        held = sorted(((_leaf(key), each) for key, each in islice(dict.items(fields), _MOST)), key=itemgetter(0))
    for name, each in islice(held, _MOST if depth < _DEEPEST else 0):
        yield f"({name}="
        yield from _texts(each, depth + 1)
        yield ")"


def _leaf(value: object) -> str:
    """Return a number or a short text as Python writes it, what a function or a class is called, else its class."""
    if _is(value, Enum):  # Of a flag, the name differs from one Python to the next.
        return f"{type(value).__qualname__}.{value._value_ if _is(value, Flag) else value._name_}"
    if value is None or type(value) is bool:
        return repr(value)
    if _is(value, int) or _is(value, float):
        return int.__repr__(value) if _is(value, int) else float.__repr__(value)
    if type(value) is str and len(value) <= _MOST and not {"/", "\\"} & {*value}:
        return repr(value)
    if _is(value, type) or _is(value, FunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    return type(value).__qualname__


def _is(value: object, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """Say whether a value is of a class, whatever it says itself."""
    return issubclass(type(value), kind)


def _fields(value: object) -> dict[object, object]:
    """Return the attributes of a value that is no more than these; none of a model or an object of Python's."""
    fields: dict[object, object] = dict(attributes_of(value).items())
    for base in type(value).__mro__:
        if callable(value) or (base is not object and str(base.__module__).partition(".")[0] in _STATEFUL):
            return {}
        for name, member in attributes_of(base).items():
            if _is(member, cached_property):
                fields.pop(name, None)
            elif _is(member, MemberDescriptorType):
                with suppress(AttributeError):  # It has no value yet.
                    fields[name] = member.__get__(value)
    return fields
