"""Importing the user's file or module, in the process that may run it."""

from __future__ import annotations

import ast
import base64
import importlib.util
import os
import pickle
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from fuzzseq.errors import SpecError, UsageError, nearest
from fuzzseq.files import notebooks, saved_models
from fuzzseq.files.slicing import needed
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.transport import Json
from fuzzseq.protocol.user_frames import keep_source
from fuzzseq.targets.declaration import Declaration, declaration_of, declared_in, is_imported
from fuzzseq.targets.identity import identity_of, place_of
from fuzzseq.worker.build import LoadedFactory
from fuzzseq.worker.built_models import BuiltModel, SavedModel, is_built
from fuzzseq.worker.frames import user_frames
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api.frameworks import HOW_TO_INSTALL
from fuzzseq.worker.keras_api.objects import Function, Model
from fuzzseq.worker.refusals import refuse_factory
from fuzzseq.worker.user_imports import USER_IMPORTS

_INSTALL: Final = f" Install tf-keras: {HOW_TO_INSTALL}."


def load(
    reference: Mapping[str, Json],
    tracker: Tracker,
    custom_checks: Sequence[Mapping[str, str]] = (),
    custom_objects: Mapping[str, str] | None = None,
) -> dict[str, LoadedFactory]:
    """Return the fuzz targets of a reference by name; raises :class:`UsageError` for what cannot be loaded.

    ``reference`` has ``file`` or ``module`` and perhaps ``name``; or ``pickle``, a cloudpickled factory, ``name``, and
    the ``sources`` of code that stands in no file, by its name.
    ``custom_checks`` are references to checks of the user's own, for each of the targets; ``custom_objects`` one to the
    file of what a saved model is made of beside what its framework has.
    """
    checks: list[Function] = []
    for check in custom_checks:
        label = check.get("file") or check["module"]
        if not check.get("name"):
            raise UsageError(f"custom_checks holds {label!r}, which names no function: write {label}:NAME.")
        checks.append(_named(_imported(check, label), label, check["name"]))
    targets: dict[str, LoadedFactory] = {}
    for name, (factory, identity) in _factories(reference, custom_objects).items():
        refuse_factory(name, factory)
        declaration = declaration_of(factory) or Declaration()
        targets[name] = LoadedFactory(name, factory, declaration, tracker, checks, identity=identity)
    return targets


def _factories(
    reference: Mapping[str, Json], custom_objects: Mapping[str, str] | None
) -> dict[str, tuple[Function, str]]:
    """Return factories with their identities by the names of their targets.

    Those of a module are its own and ``build``, else those that it imports.
    """
    if "pickle" in reference:
        USER_IMPORTS.install()
        USER_IMPORTS.add(str(Path.cwd()))
        for file, text in reference.get("sources", {}).items():
            keep_source(file, text)
        data = base64.b64decode(reference["pickle"])
        try:
            factory = pickle.loads(data)  # noqa: S301 (from our own parent, never a file)
        except Exception as error:
            raise UsageError(
                f"{reference['name']} cannot be read by a worker: {name_of(type(error))}: {text_of(error, 300)}. Put "
                "it in a file and name that, my_model.py:build."
            ) from None
        return {reference["name"]: (BuiltModel(factory) if is_built(factory) else factory, reference["identity"])}
    label = reference.get("file") or reference["module"]
    if Path(label).suffix == saved_models.SUFFIX:
        file = custom_objects["file"] if custom_objects else None
        known = vars(_imported(custom_objects, file)) if custom_objects and file else {}
        names = {name: value for name, value in known.items() if callable(value)}
        return {label: (SavedModel(Path(label).resolve(), file, names), place_of(Path(label)))}
    module = _imported(reference, label)
    if reference.get("name"):
        named = _named(module, label, reference["name"])
        identity = identity_of(named, module, reference["name"])
        if is_built(named):
            named = BuiltModel(named, reference.get("maker", ""))
        return {f"{label}:{reference['name']}": (named, identity)}
    declared = declared_in(module)
    defined = {name: factory for name, factory in declared.items() if not is_imported(factory, module)}
    build = vars(module).get("build")
    if callable(build) and getattr(build, "__module__", None) == module.__name__:
        defined.setdefault("build", build)
    if not (defined or declared):
        raise UsageError(
            f"{label} holds no fuzz target: decorate the function that builds a model with @fuzz_target, call it "
            f"build, or name it: {label}:NAME."
        )
    found = (defined or declared).items()
    return {f"{label}:{name}": (factory, identity_of(factory, module, name)) for name, factory in found}


def _named(module: ModuleType, label: str, name: str) -> Model:
    """Return what a name stands for in a module, dots allowed."""
    value: Model = module
    for part in name.split("."):
        if not hasattr(value, part):
            known = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
            raise UsageError(f"{label} has no {name!r}.{nearest(name, known)}")
        value = getattr(value, part)
    return value


def _imported(reference: Mapping[str, Json], label: str) -> ModuleType:
    """Import the user's module; what it raises becomes one sentence with the user's own line."""
    USER_IMPORTS.install()
    USER_IMPORTS.add(str(Path.cwd()))
    try:
        if "module" in reference:
            return USER_IMPORTS.module(reference["module"])
        return _from_file(Path(reference["file"]), reference.get("name", ""))
    except UsageError as error:
        if isinstance(error, SpecError):
            raise SpecError(f"{label}: {error}") from None
        raise
    except ModuleNotFoundError as error:
        if error.name and reference.get("module", "").startswith(error.name):
            message = f"There is no module {error.name!r}: check its name, or run where it can be imported."
        else:
            message = f"{label} cannot be imported: {text_of(error)}{_line(error)}."
            message += _INSTALL if error.name == "tf_keras" else ""
        raise UsageError(message) from None
    except (Exception, SystemExit) as error:
        message = f"{label} cannot be imported: {name_of(type(error))}: {text_of(error)}{_line(error)}."
        # tf.keras is tf-keras there, and says of another package that it is missing.
        asked = isinstance(error, ImportError) and os.environ.get("TF_USE_LEGACY_KERAS")
        raise UsageError(f"{message}{_INSTALL if asked and not importlib.util.find_spec('tf_keras') else ''}") from None


def _line(error: BaseException) -> str:
    frames = user_frames(error.__traceback__)
    return f" ({frames[-1].place})" if frames else ""


def _from_file(path: Path, name: str) -> ModuleType:
    """Import a file under the name that it has in its package, if any, so that its own imports work."""
    path = path.resolve()
    if path.suffix == notebooks.SUFFIX:
        # What the name needs of it is run cell by cell, in a module that is called after the notebook, as no other is.
        USER_IMPORTS.add(str(path.parent))
        module = ModuleType(re.sub(r"\W", "_", f"{path.stem}_ipynb"))
        module.__file__ = str(path)
        sys.modules[module.__name__] = module
        for cell in needed(notebooks.cells_of(path, path.name), name.partition(".")[0]):
            file = notebooks.file_of_cell(str(path), cell.number)
            keep_source(file, cell.text)
            code = compile(ast.Module(list(cell.body), []), file, "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 (the user's own, named)
        return module
    parts, folder = [path.stem], path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    USER_IMPORTS.add(str(folder))
    if len(parts) > 1 and all(part.isidentifier() for part in parts):
        module = USER_IMPORTS.module(".".join(parts))
        if module.__file__ and Path(module.__file__).resolve() == path:
            return module
    known = path.stem if path.stem not in sys.modules else f"{path.stem}_fuzz_target"
    spec = importlib.util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path.name} is not a Python file: give path/to/file.py:name.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[known] = module
    spec.loader.exec_module(module)
    return module
