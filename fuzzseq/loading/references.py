"""What the text of a target means: which file or module it names, and what in it. Nothing is imported."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from keyword import iskeyword
from pathlib import Path
from typing import Final, TypedDict
from zipfile import is_zipfile

from fuzzseq.errors import UsageError, nearest
from fuzzseq.files import notebooks, saved_models
from fuzzseq.loading.modules import source_of_module
from fuzzseq.loading.source import Names, is_file, names_in


class Reference(TypedDict, total=False):
    """What a worker loads: ``file`` or ``module``, and perhaps ``name``; or ``pickle``, a factory, and ``name``.

    With a pickle come its ``identity``, and the ``sources`` of what it holds that stands in no file: text by the name
    of the code. ``maker`` names the function of the file whose call gave what is named.
    """

    file: str
    module: str
    name: str
    pickle: str
    identity: str
    maker: str
    sources: dict[str, str]


_DRIVE: Final = re.compile(r"^[A-Za-z]:[\\/]")
_HOW: Final = "give path/to/file.py:name or package.module:name."
#: How the names of others end, in a format that Keras no longer writes.
_OLD: Final = (".h5", ".hdf5")


def place_reference(text: str) -> Reference:
    """Return the reference of a target's text, its file being there and not opened; raises :class:`UsageError`."""
    place, name = _split(text)
    named: Reference = {"name": name} if name else {}
    if place.startswith("~"):
        with suppress(RuntimeError):  # There is no such user.
            place = str(Path(place).expanduser())
    kind = Path(place).suffix.lower()
    _refuse_name(kind, place, name)
    if kind in (".py", saved_models.SUFFIX, notebooks.SUFFIX) or "/" in place or "\\" in place:
        return {"file": _existing(place), **named}
    if not all(part.isidentifier() for part in place.split(".")):
        if os.path.lexists(place) or _is_glob(place):
            return {"file": _existing(place), **named}
        raise UsageError(f"{text!r} names no fuzz target: {_HOW}")
    if not name and is_file(Path(f"{place}.py")):
        return {"file": f"{place}.py", **named}
    if is_file(Path(place)) and not is_file(Path(f"{place}.py")):
        raise UsageError(_no_python(place))
    return {"module": place, **named}


def _refuse_name(kind: str, place: str, name: str) -> None:
    """Raise :class:`UsageError` for a file of a kind that is loaded by a name, or without one, or not at all."""
    if kind in _OLD:
        raise UsageError(
            f"{place} is a model in a format that Keras no longer writes: save it as a {saved_models.SUFFIX} file and "
            "name that, or name a function that loads and returns it, path/to/file.py:name."
        )
    if kind == notebooks.SUFFIX and not name:
        raise UsageError(f"{place} is a notebook: name the function in it that builds the model, {place}:NAME.")
    if kind == saved_models.SUFFIX and name:
        raise UsageError(f"{place} is a saved model, and holds nothing by a name: give {place} alone.")
    if kind == saved_models.SUFFIX and is_file(Path(place)) and not is_zipfile(place):
        raise UsageError(
            f"{place} is not a model that Keras has saved: write one with model.save({Path(place).name!r})."
        )


def target_reference(text: str) -> Reference:
    """Return the reference of a target's text; raises :class:`UsageError` for what cannot be there."""
    reference = place_reference(text)
    name = reference.get("name", "")
    if (names := _names(reference)) and name:
        label = label_of(reference)
        names.refuse_missing(label, name)
        if name in names.constants:
            kind = names.constants[name]
            raise UsageError(
                f"{label}:{name} is {kind} and no factory: a fuzz target is a function that builds a model."
            )
        if name in names.makers:
            reference["maker"] = f"{label}:{names.makers[name]}"
    return reference


def check_reference(text: str) -> Reference:
    """Return the reference of a check of the user's own; raises :class:`UsageError` for what cannot be there."""
    reference = place_reference(text)
    label, name = label_of(reference), reference.get("name", "")
    if not name:
        raise UsageError(f"custom_checks holds {label!r}, which names no function: write {label}:NAME.")
    if names := _names(reference):
        names.refuse_missing(label, name)
    return reference


def custom_objects_reference(text: str) -> Reference:
    """Return the reference of the file of custom objects; raises :class:`UsageError` for what is no Python file."""
    reference = place_reference(text)
    if reference.get("name") or not reference.get("file", "").endswith(".py"):
        raise UsageError(f"custom_objects is {text!r}: give the Python file that defines them, path/to/layers.py.")
    return reference


def is_reference(target: str) -> bool:
    """Say whether the name of a target is one that it can be loaded by; a closure's is not."""
    return ":" in target or target.endswith(saved_models.SUFFIX)


def in_one_form(text: str) -> str:
    """Return a target's text as a run calls that target, without looking whether it is there."""
    place, name = _split(text)
    return f"{place}:{name}" if name else place


def variable_of(name: str) -> str:
    """Return what a script calls a factory that has a name of its own, as ``closure.build``, and no file."""
    last = name.rpartition(".")[2]
    return last if last.isidentifier() and not iskeyword(last) else "build"


def label_of(reference: Reference) -> str:
    """Return how the file or module of a reference is called."""
    return reference.get("file") or reference.get("module") or ""


def _split(text: str) -> tuple[str, str]:
    plain = text.strip()
    if not plain or not plain.isprintable():
        raise UsageError(f"{text!r} names no fuzz target: {_HOW}")
    drive = plain[:2] if _DRIVE.match(plain) else ""
    rest = plain[len(drive) :]
    if "://" in rest:
        raise UsageError(f"{plain!r} is an address, and fuzzseq loads files of this machine: {_HOW}")
    if "::" in rest:
        place, _, name = rest.partition("::")
        if "::" in name or "[" in name:
            raise UsageError(
                f"{plain!r} names what is inside of {name.partition('::')[0].partition('[')[0]!r}: a fuzz target "
                f"stands at the top of its file, {drive}{place}:NAME."
            )
    else:
        place, colon, name = rest.partition(":")
        if ":" in name and not place.endswith(".py"):
            place, colon, name = rest.rpartition(":")
        if colon and not name.strip():
            raise UsageError(f"{plain!r} names nothing after the colon: write {drive}{place}:NAME, or the file alone.")
    place, name = place.strip(), name.strip()
    if name and not all(part.isidentifier() for part in name.split(".")):
        part = re.match(r"\w+", name)
        near = f" Did you mean {f'{drive}{place}:{part[0]}'!r}?" if part and part[0].isidentifier() else ""
        raise UsageError(f"{plain!r} ends in {name!r}, which is not a Python name.{near}")
    return drive + place, name


def _existing(place: str) -> str:
    path = Path(place)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        if _is_glob(place):
            raise UsageError(
                f"There is no file {place}: a shell replaces *, ? and [...] by matching files, and none matches. "
                "Name the files."
            ) from None
        beside = [str(p) for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise UsageError(f"There is no file {place}.{nearest(str(path), beside)}") from None
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    if stat.S_ISDIR(mode):
        raise UsageError(f"{place} is a folder: give a file in it, {path / 'model.py'}:build.")
    if stat.S_ISREG(mode) and path.suffix not in (".py", saved_models.SUFFIX, notebooks.SUFFIX):
        raise UsageError(_no_python(place))
    return place


def _is_glob(place: str) -> bool:
    return bool(re.search(r"[*?\[]", place))


def _no_python(place: str) -> str:
    return f"{place} is not a Python file: its name would end in .py. Give path/to/file.py:name."


def _names(reference: Reference) -> Names | None:
    """Return the names at the top of what a reference names; None where only importing it can tell."""
    if "file" in reference and reference["file"].endswith(saved_models.SUFFIX):
        return None
    if "file" in reference:
        return names_in(Path(reference["file"]), reference["file"])
    source = source_of_module(reference["module"])
    if source is None:
        return None
    first = reference.get("name", "").partition(".")[0]
    if source.name == "__init__.py" and any((source.parent / f"{first}{end}").exists() for end in ("", ".py")):
        return None
    return names_in(source, str(source))
