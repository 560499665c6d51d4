"""Where a factory comes from, and the lines that import it and what its user declared about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from fuzzseq.reporters.script.plan import Plan

_TAKEN = {*sys.stdlib_module_names, "tensorflow", "keras", "numpy"}


@attrs.frozen(kw_only=True)
class Origin:
    """A factory's name with the file or the module that it is in; neither for a closure or a notebook's function.

    ``place`` is the file as it was named, ``path`` where it was found, and ``package`` the names that lead to it, from
    the outermost package around it.
    """

    name: str
    place: str = ""
    path: Path | None = None
    package: tuple[str, ...] = ()
    module: str = ""

    @classmethod
    def of(cls, target: str) -> Origin:
        """Return the origin of a target by its name: ``file.py:name``, ``package.module:name``, or a function's own."""
        place, _, name = target.rpartition(":")
        if not place:
            return cls(name=target.rpartition(".")[2] if target.rpartition(".")[2].isidentifier() else "build")
        if not (place.endswith(".py") or "/" in place or "\\" in place):
            return cls(name=name, module=place)
        path = Path(place).resolve()
        return cls(name=name, place=place, path=path, package=_package(path))

    @property
    def variable(self) -> str:
        """The name that the script knows the factory by."""
        return self.name.rpartition(".")[2]

    @property
    def imported(self) -> str:
        """The dotted name that the file is imported by; empty where it cannot be imported by name."""
        names = self.package or (self.module.split(".") if self.module else ())
        alone = len(names) == 1 and self.path is not None and names[0] in _TAKEN
        return "" if alone or not all(name.isidentifier() for name in names) else ".".join(names)

    def importing(self, plan: Plan) -> Iterator[str]:
        """Yield the lines after which the factory is there under its own name, and all that its user declared."""
        held = [_name(text) for text in plan.declared.values() if self._holds(text)]
        if self.path is not None:
            yield from self._from_file(held)
        elif self.module:
            yield f"sys.path[:0] = [os.getcwd(), {quoted(str(Path.cwd()))}]"
            yield from self._by_name(held)
        else:
            yield from _to_paste(self.variable, plan)
        for option, text in plan.declared.items():
            if not self._holds(text):
                yield f'declared_{option} = {self.variable}.__fuzz_target__.options["{option}"]'

    def _from_file(self, held: list[str]) -> Iterator[str]:
        """Yield the lines that import a file: from where it was, else relative to the current folder."""
        up = max(len(self.package) - 1, 0)
        folder = "FILE.parent" if not up else f"FILE.parents[{up}]"
        yield f"FILE = Path({quoted(str(self.path))})"
        yield "if not FILE.exists():  # it was moved: look from the current folder"
        near = Path(self.place).name if Path(self.place).is_absolute() else self.place
        yield f"    FILE = Path({quoted(near)}).resolve()"
        yield f"sys.path[:0] = [str({folder}), os.getcwd()]"
        if self.imported:
            yield from self._by_name(held)
            return
        yield 'loading = importlib.util.spec_from_file_location("model_file", FILE)'
        yield "module = importlib.util.module_from_spec(loading)"
        yield 'sys.modules["model_file"] = module'
        yield "loading.loader.exec_module(module)"
        yield f"{self.variable} = module.{self.name}"

    def _by_name(self, held: list[str]) -> Iterator[str]:
        """Yield the import of the factory, or of the class that holds it, and of declared functions beside it."""
        first, _, rest = self.name.partition(".")
        yield f"from {self.imported} import {', '.join(dict.fromkeys((first, *held)))}"
        if rest:
            yield f"{self.variable} = {self.name}"

    def called(self, option: str, reference: str) -> str:
        """Return the name under which the script knows a declared function."""
        return _name(reference) if self._holds(reference) else f"declared_{option}"

    def _holds(self, reference: str) -> bool:
        """Say whether a reference is to a plain function of the factory's own file."""
        file, name = reference.rpartition(":")[0], _name(reference)
        if not self.imported or not name.isidentifier() or not file or name == self.variable:
            return False
        if self.path is not None:
            return Path(file).resolve() == self.path
        return Path(file).stem == self.module.rpartition(".")[2]


def quoted(text: str) -> str:
    """Return text as a literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _name(reference: str) -> str:
    """Return the name in a reference, ``file.py:name``."""
    return reference.rpartition(":")[2]


def _package(path: Path) -> tuple[str, ...]:
    """Return the names from the outermost package around a file to the file itself."""
    names, folder = [path.stem], path.parent
    while (folder / "__init__.py").exists() and folder != folder.parent:
        names.insert(0, folder.name)
        folder = folder.parent
    return tuple(names)


def _to_paste(name: str, plan: Plan) -> Iterator[str]:
    """Yield the place at which a factory that is in no file must be pasted."""
    parameters = ", ".join(parameter.name for parameter in plan.spec.parameters)
    yield "# PASTE YOUR FACTORY HERE, in place of these two lines: it was a closure or came from a"
    yield "# notebook, so that there is no file to import it from."
    yield f"def {name}({parameters}):"
    yield f'    raise SystemExit("Paste the factory {name} into this script first, at the marked place.")'
    yield ""
