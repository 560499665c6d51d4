"""Where a factory comes from, and the lines that import it and what its user declared about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files import notebooks, saved_models
from fuzzseq.files.slicing import needed
from fuzzseq.loading.references import variable_of
from fuzzseq.reporting.python_text import is_dotted, is_name, literal
from fuzzseq.shown_paths import shown

#: Where a script looks for what it imports.
_FOLDERS = "FOLDERS = (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents)"
_TAKEN = {*sys.stdlib_module_names, "tensorflow", "keras", "numpy"}


@attrs.frozen(kw_only=True)
class Origin:
    """A factory's name with the file or the module that it is in; neither for a closure or a notebook's function.

    ``place`` is the file as it was named, ``path`` where it was found, and ``package`` the names that lead to it, from
    the outermost package around it. Without them, or of a notebook, ``definition`` is code that makes it anew, where
    that is known.
    """

    name: str
    place: str = ""
    path: Path | None = None
    package: tuple[str, ...] = ()
    module: str = ""
    definition: str = ""

    @classmethod
    def of(cls, target: str, definition: str = "") -> Origin:
        """Return the origin of a target by its name: ``file.py:name``, ``package.module:name``, or a function's own."""
        place, _, name = target.rpartition(":")
        if target.endswith(saved_models.SUFFIX):
            path = Path(target).resolve()
            return cls(name="load_model", place=shown(target).removeprefix(".../"), path=path, package=(path.stem,))
        if not (place and is_dotted(name)):
            return cls(name="build" if place else variable_of(target), definition=definition)
        if place.endswith((".py", notebooks.SUFFIX)) or "/" in place or "\\" in place:
            path = Path(place).resolve()
            names, folder = [path.stem], path.parent
            while (folder / "__init__.py").exists() and folder != folder.parent:
                names.insert(0, folder.name)
                folder = folder.parent
            # Of a file outside of the project its last two parts are known: it may lie above where the script runs.
            where = shown(place).removeprefix(".../")
            code = _in_notebook(path, name) if path.suffix == notebooks.SUFFIX else ""
            return cls(name=name, place=where, path=path, package=tuple(names), definition=code)
        return cls(name=name, module=place) if is_dotted(place) else cls(name="build")

    @property
    def variable(self) -> str:
        """The name that the script knows the factory by."""
        return self.name.rpartition(".")[2]

    @property
    def imported(self) -> str:
        """The dotted name that the file is imported by; empty where it cannot be imported by name."""
        names = self.package or (self.module.split(".") if self.module else ())
        alone = len(names) == 1 and self.path is not None and names[0] in _TAKEN
        return "" if alone or not all(map(is_name, names)) else ".".join(names)

    def importing(
        self, declared: Mapping[str, str], parameters: Sequence[str], custom_objects: str | None = None
    ) -> Iterator[str]:
        """Yield the lines after which the factory is there under its own name, and all that its user declared.

        ``declared`` are the functions of the user's own, by option; ``parameters`` the names of those of the factory;
        ``custom_objects`` the file of what a saved model is made of beside what Keras has.
        """
        held = [_name(text) for text in declared.values() if self._holds(text)]
        if self.definition:
            yield f"# From {self.place}:" if self.place else "# The factory as it was fuzzed, with what it needs:"
            yield from (*self.definition.split("\n"), "")
        elif self.path is not None and self.path.suffix == notebooks.SUFFIX:  # It is gone, or was changed since.
            yield from self._pasted(parameters)
        elif self.path is not None and self.path.suffix == saved_models.SUFFIX:
            yield from self._from_saved(custom_objects)
        elif self.path is not None:
            yield from self._from_file(held)
        elif self.module:
            first = self.module.partition(".")[0]
            yield _FOLDERS
            yield f'HOME = [f for f in FOLDERS if (f / "{first}").is_dir() or (f / "{first}.py").is_file()]'
            yield "sys.path[:0] = [*map(str, HOME[:1]), os.getcwd()]"
            yield from self._by_name(held)
        else:
            yield from self._pasted(parameters)
        for option, text in declared.items():
            if not self._holds(text):
                yield f'declared_{option} = {self.variable}.__fuzz_target__.options["{option}"]'

    def _pasted(self, parameters: Sequence[str]) -> Iterator[str]:
        names = ", ".join(filter(is_name, parameters))
        yield "# PASTE YOUR FACTORY HERE, in place of these two lines: it was a closure or came from a"
        yield "# notebook, so that there is no file to import it from."
        yield f"def {self.variable}({names}):"
        message = f"Paste the factory {self.variable} into this script first, at the marked place."
        yield f'    raise SystemExit("{message}")'
        yield ""

    def _from_file(self, held: list[str]) -> Iterator[str]:
        """Yield the lines that import a file, named from the folder that fuzzseq ran in: that is here, or above."""
        up = max(len(self.package) - 1, 0)
        folder = "FILE.parent" if not up else f"FILE.parents[{up}]"
        yield from self._finding()
        yield f"sys.path[:0] = [str({folder}), os.getcwd()]"
        if self.imported:
            yield from self._by_name(held)
            return
        yield 'loading = importlib.util.spec_from_file_location("model_file", FILE)'
        yield "module = importlib.util.module_from_spec(loading)"
        yield 'sys.modules["model_file"] = module'
        yield "loading.loader.exec_module(module)"
        yield f"{self.variable} = module.{self.name}"

    def _finding(self) -> Iterator[str]:
        """Yield the lines that look for the file."""
        yield f"PLACE = Path(sys.argv[1] if len(sys.argv) > 1 else {literal(self.place)})"
        yield _FOLDERS
        yield "FILE = next(((f / PLACE).resolve() for f in FOLDERS if (f / PLACE).is_file()), None)"
        yield "if FILE is None:"
        yield '    raise SystemExit(f"There is no file {PLACE} here: give its path, python {sys.argv[0]} PATH")'

    def _from_saved(self, custom_objects: str | None) -> Iterator[str]:
        """Yield the function that reads a model from its file, with the names that another file defines."""
        yield from self._finding()
        known = ""
        if custom_objects:
            objects = literal(shown(custom_objects).removeprefix(".../"))
            yield f"OBJECTS = next((f / {objects} for f in FOLDERS if (f / {objects}).is_file()), None)"
            yield "if OBJECTS is None:"
            yield f'    raise SystemExit("There is no file " + {objects} + " here, which defines parts of the model")'
            yield "sys.path[:0] = [str(OBJECTS.parent), os.getcwd()]"
            known = ", custom_objects=runpy.run_path(str(OBJECTS))"
        yield ""
        yield ""
        yield "def load_model():"
        yield f"    return keras.saving.load_model(FILE{known})"

    def _by_name(self, held: list[str]) -> Iterator[str]:
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
        if not self.imported or not is_name(name) or not file or name == self.variable:
            return False
        if self.path is not None:
            return Path(file).resolve() == self.path
        return Path(file).stem == self.module.rpartition(".")[2]


def _name(reference: str) -> str:
    return reference.rpartition(":")[2]


def _in_notebook(path: Path, name: str) -> str:
    """Return the code of a notebook that a name needs, as nobody can import one; empty where it cannot be read."""
    first, _, rest = name.partition(".")
    try:
        lines = [*notebooks.source_of(needed(notebooks.cells_of(path, path.name), first))]
    except UsageError:
        return ""
    return "\n".join([*lines, f"{name.rpartition('.')[2]} = {name}"] if rest else lines)
