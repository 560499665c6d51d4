"""Factories, classes and built models, found in a project's files by reading them, the likeliest first."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError
from fuzzseq.files import notebooks, saved_models
from fuzzseq.loading.references import target_reference
from fuzzseq.loading.source import is_declaration, tree_of
from fuzzseq.scaffold.candidate import Candidate, Form, Parameter, parameters_of
from fuzzseq.scaffold.code_names import FUNCTIONS, CodeNames, Function, own_nodes
from fuzzseq.scaffold.import_root import import_root
from fuzzseq.scaffold.project import Project, calls
from fuzzseq.scaffold.project_files import project_files
from fuzzseq.scaffold.returned import Kind, framework_kind, returns
from fuzzseq.targets.dimensions import dimension_of

#: How a factory is called, more often than not.
_USUAL: Final = ("build", "make", "create", "get", "model", "net", "transformer", "seq2seq", "translator")
#: The parts of a model that people write apart, each with the other.
_PARTS: Final = (("encoder", "decoder"), ("decoder", "encoder"))
#: What trains a model.
_TRAINING: Final = {"fit", "fit_generator", "train_on_batch"}
#: Layers of Keras' that read sequences, by parts of their names.
_SEQUENTIAL: Final = ("Embedding", "LSTM", "GRU", "RNN", "Attention", "Transformer", "Bidirectional", "Conv1D")
#: How much speaks for each form.
_POINTS: Final[Mapping[Form, int]] = {"declared": 200, "factory": 60, "class": 50, "model": 30, "saved": 20}


@attrs.frozen(kw_only=True)
class Rejected:
    """Something that looks like a fuzz target and cannot be one, or a file that cannot be read, and why."""

    sentence: str


@attrs.frozen(kw_only=True)
class Search:
    """What was found in the files of a folder: candidates, the likeliest first, and what is none."""

    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...] = ()


def search(folder: Path) -> Search:
    """Return what a fuzz target can be made of in the files of a folder; nothing is imported."""
    rejected: list[Rejected] = []
    files: list[CodeNames] = []
    candidates: list[Candidate] = []
    for place in project_files(folder):
        if place.suffix == saved_models.SUFFIX:
            why = "a saved model; its sizes are fixed"
            candidates.append(Candidate(file=place, name="", form="saved", why=why, points=_POINTS["saved"]))
            continue
        try:
            files.append(CodeNames(place, tree_of(folder / place, str(place))))
        except UsageError as error:
            rejected.append(Rejected(sentence=str(error).rstrip(".")))
    reader = _Reader(folder, files)
    for each in files:
        for found in reader.read(each):
            if isinstance(found, Candidate):
                candidates.append(found)
            else:
                rejected.append(found)
    ordered = sorted(candidates, key=lambda each: (-each.points, str(each.file)))
    return Search(candidates=tuple(ordered), rejected=tuple(rejected))


def candidate_named(folder: Path, target: str) -> Candidate:
    """Return what ``path/to/file.py:name`` names; raises :class:`UsageError` with the nearest name."""
    reference = target_reference(target)
    place, name = Path(reference.get("file", "")), reference.get("name", "")
    if place.suffix == saved_models.SUFFIX:
        return Candidate(file=place, name="", form="saved")
    if not name or "file" not in reference:
        raise UsageError(f"{target!r} names no function in a file: give path/to/file.py:name.")
    if place.is_absolute() and place.is_relative_to(folder):
        place = place.relative_to(folder)
    names = CodeNames(place, tree_of(folder / place, str(place)))
    reader = _Reader(folder, [names])
    found = {each.name: each for each in reader.read(names) if isinstance(each, Candidate)}
    return found[name] if name in found else reader.as_named(names, name)


class _Reader:
    """Reads the files of a project, one after the other."""

    def __init__(self, folder: Path, files: Sequence[CodeNames]) -> None:
        self._folder, self._project = folder, Project(files)
        self._training: dict[Path, bool] = {}

    def read(self, names: CodeNames) -> Iterator[Candidate | Rejected]:
        """Yield what a file holds that is a fuzz target, or looks like one."""
        for name, node in names.definitions.items():
            if isinstance(node, ast.ClassDef):
                yield from self._class(names, node)
            elif not name.startswith("_"):
                yield from self._function(names, node)
        for statement in names.top:
            if not isinstance(statement, ast.Assign):
                continue
            targets = [target.id for target in _names(statement)]
            if is_declaration(statement.value):
                yield from (self.candidate(names, name, "declared", (), statement) for name in targets)
            elif self._is_model(names, statement.value):
                # Where the file shows how it is made, what makes it is the better target.
                points = _POINTS["model"] - 15 * bool(self._maker_of(names, statement.value))
                yield from (self.candidate(names, name, "model", (), statement, points=points) for name in targets)
        for statement in names.main:
            own = isinstance(statement, ast.Assign) and not self._maker_of(names, statement.value)
            if isinstance(statement, ast.Assign) and own and self._is_model(names, statement.value):
                why = "made only where the file is run as a program: move it into a function that returns it"
                yield from (Rejected(sentence=f"{names.place}:{target.id}: {why}") for target in _names(statement))

    def as_named(self, names: CodeNames, name: str) -> Candidate:
        """Return what a file holds by a name, whatever it looks like."""
        node = names.definitions.get(name)
        if isinstance(node, FUNCTIONS):
            return self.candidate(names, name, "factory", parameters_of(node, method=False), node)
        if isinstance(node, ast.ClassDef):
            return self.candidate(names, name, "class", self._constructor(names, node), node)
        return self.candidate(names, name, "model", (), names.tree)

    def _constructor(self, names: CodeNames, node: ast.ClassDef) -> tuple[Parameter, ...]:
        return parameters_of(self._project.method(names, node, "__init__"), method=True)

    def _trains(self, names: CodeNames) -> bool:
        """Say whether importing a file trains a model; each is looked through once."""
        if names.place not in self._training:
            # What stands in a block is among those at the top as well.
            blocks = (*FUNCTIONS, ast.ClassDef, ast.If, ast.Try, ast.With)
            flat = (each for each in names.top if not isinstance(each, blocks))
            self._training[names.place] = any(_is_training(node) for each in flat for node in ast.walk(each))
        return self._training[names.place]

    def _is_model(self, names: CodeNames, value: ast.expr) -> bool:
        return self._project.returned.of(names, value, {}) == "model"

    def _maker_of(self, names: CodeNames, value: ast.expr) -> str:
        """Return the definition of the project that makes a value, if one does."""
        made = names.full(value.func).rpartition(".")[2] if isinstance(value, ast.Call) else ""
        return made if made in self._project.anywhere else ""

    def _function(self, names: CodeNames, node: Function) -> Iterator[Candidate | Rejected]:
        label, kind = f"{names.place}:{node.name}", self._project.kind(names, node.name)
        if any(is_declaration(each) for each in node.decorator_list):
            yield self.candidate(names, node.name, "declared", (), node)
        elif isinstance(node, ast.AsyncFunctionDef) or any(
            isinstance(each, ast.Yield | ast.YieldFrom) for each in own_nodes(node)
        ):
            if kind == "model":
                yield Rejected(sentence=f"{label}: async, or a generator: a fuzz target returns a model")
        elif kind == "model" or (kind in ("function", "unknown") and _is_likely(names, node, kind)):
            less = 0 if kind == "model" else 25
            parameters = parameters_of(node, method=False)
            yield self.candidate(names, node.name, "factory", parameters, node, points=_POINTS["factory"] - less)
        elif kind == "several":
            how = "return the model alone, or fuzzseq.EncoderDecoder(encoder, decoder)"
            yield Rejected(sentence=f"{label}: returns several things: {how}")
        elif any(framework_kind(names.full(each)) == "model" for each in calls(node)) and not [*returns(node)]:
            yield Rejected(sentence=f"{label}: makes a model and does not return it")

    def _class(self, names: CodeNames, node: ast.ClassDef) -> Iterator[Candidate | Rejected]:
        label = f"{names.place}:{node.name}"
        if self._project.kind(names, node.name) != "model":
            for method in node.body:
                if isinstance(method, FUNCTIONS) and self._project.returned.of_function(names, method) == "model":
                    yield from self._of_method(names, node, method)
            return
        call = self._project.method(names, node, "call")
        init = self._project.method(names, node, "__init__")
        if call is None and not (init and _is_built_in_constructor(init)):
            yield Rejected(sentence=f"{label}: a keras.Model without a call of its own")
        elif call is not None and all(
            isinstance(each, ast.Raise | ast.Pass)
            for each in call.body
            if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        ):
            yield Rejected(sentence=f"{label}: its call is for classes that are derived from it")
        else:
            found = self.candidate(names, node.name, "class", self._constructor(names, node), node)
            apart = {node.name.lower().replace(part, other) for part, other in _PARTS} - {node.name.lower()}
            twin = next((name for name in names.definitions if name.lower() in apart), "")
            if twin and self._project.kind(names, twin) == "model" and not self._project.users(label, node.name):
                why = f"to fuzz it with {twin}, return fuzzseq.EncoderDecoder(encoder, decoder) from a function"
                found = attrs.evolve(found, why=f"{found.why}; {why}")
            yield found

    def _of_method(self, names: CodeNames, node: ast.ClassDef, method: Function) -> Iterator[Candidate | Rejected]:
        """Yield a method that returns a model: one that needs no object is a factory."""
        label = f"{node.name}.{method.name}"
        kinds = {ast.unparse(each) for each in method.decorator_list}
        if kinds & {"staticmethod", "classmethod"}:
            parameters = parameters_of(method, method="classmethod" in kinds)
            yield self.candidate(names, label, "factory", parameters, method)
        elif not method.name.startswith("__"):
            why = "a method, which needs an object: call it in a function that returns the model"
            yield Rejected(sentence=f"{names.place}:{label}: {why}")

    def candidate(
        self,
        names: CodeNames,
        name: str,
        form: Form,
        parameters: tuple[Parameter, ...],
        node: ast.AST,
        *,
        points: int | None = None,
    ) -> Candidate:
        """Return a candidate with what speaks for it and against it."""
        sizes = [p.name for p in parameters if p.dimension or p.guess]
        missing = [p.name for p in parameters if p.unplaced and not (p.paths or p.guess)]
        read = {p.name: [path[-1] for path in p.paths if dimension_of(path[-1])] for p in parameters if p.paths}
        made = [f"{name} made of {', '.join(parts) or 'what is read from it'}" for name, parts in read.items()]
        users = self._project.users(f"{names.place}:{name}", name)
        trains = any(_is_training(each) for each in ast.walk(node))
        at_import = names.place.suffix != notebooks.SUFFIX and self._trains(names)
        sequential = any(part in names.full(each) for each in calls(node) for part in _SEQUENTIAL)
        kind = self._project.kind(names, name.partition(".")[0])
        found = {
            "declared": "declared with @fuzz_target",
            "class": "a model class",
            "model": "a built model; its sizes are fixed",
            "saved": "",
            "factory": "returns a model" if kind == "model" or "." in name else "may return a model",
        }[form]
        told = [
            found,
            f"dimensions {', '.join(sizes)}"
            if sizes
            else ""
            if read or form not in ("factory", "class")
            else "no dimensions",
            *made,
            *(f"{p.name} taken for {p.guess}" for p in parameters if p.guess),
            f"{', '.join(missing)} to fill in" if missing else "",
            f"part of {users[0]}" if users else "",
            "it also trains" if trains and form == "factory" else "",
            "importing its file trains: put that under if __name__ == '__main__'" if at_import else "",
        ]
        total = (
            (_POINTS[form] if points is None else points)
            + min(len(sizes) + sum(map(len, read.values())), 5)
            - 8 * min(len(missing), 4)
        )
        total += 10 * sequential + 2 * any(each in name.lower() for each in _USUAL)
        total -= 25 * bool(users) + 30 * (trains and form == "factory") + 15 * at_import
        return Candidate(
            file=names.place,
            name=name,
            form=form,
            parameters=parameters,
            why="; ".join(filter(None, told)),
            points=total,
            root=import_root(self._folder, names),
        )


def _names(node: ast.Assign) -> list[ast.Name]:
    return [target for target in node.targets if isinstance(target, ast.Name)]


def _is_training(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _TRAINING


def _is_likely(names: CodeNames, node: Function, kind: Kind) -> bool:
    """Say whether a function may return a model: it calls Keras, and takes a dimension or is called a model."""
    usual = "model" in node.name.lower() and kind == "unknown"
    if not usual and not any(dimension_of(each.arg) for each in (*node.args.args, *node.args.kwonlyargs)):
        return False
    uses = any(framework_kind(names.full(each)) in ("layer", "model") for each in calls(node))
    return uses and bool([*returns(node)])


def _is_built_in_constructor(init: Function) -> bool:
    """Say whether a constructor makes a functional model: it hands inputs and outputs to that of ``keras.Model``."""
    return any(
        ast.unparse(each.func).endswith("__init__")
        and (len(each.args) > 1 or "inputs" in {keyword.arg for keyword in each.keywords})
        for each in ast.walk(init)
        if isinstance(each, ast.Call)
    )
