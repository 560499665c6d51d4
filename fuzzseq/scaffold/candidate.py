"""What a fuzz target can be made of, and the parameters that it takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

import attrs

from fuzzseq.files.notebooks import SUFFIX as NOTEBOOK
from fuzzseq.reporting.python_text import is_name, literal
from fuzzseq.scaffold.code_names import Function
from fuzzseq.targets.dimensions import ALIASES, KNOWN, dimension_of

Form = Literal["factory", "class", "model", "saved", "declared"]
#: Where code shows what a parameter is.
_TELLING: Final = (
    *(ast.Call, ast.Attribute, ast.Subscript, ast.Compare, ast.For, ast.comprehension, ast.Starred, ast.keyword),
)
#: How much alike a name and a known one are of which it is taken for another spelling, from 0 to 1.
_NEAR: Final = 0.8
#: Names of what is a vocabulary, and of its side.
_WORDS: Final = re.compile(r"vocab|word|token|char")
_SOURCE: Final = re.compile(r"^(n_|num_)?(in|src|source|enc)|_(in|inp|input|src|source|enc|encoder)(_|$)")
_TARGET: Final = re.compile(r"^(n_|num_)?(out|tar|tgt|trg|dec)|_(out|output|tar|tgt|trg|target|dec|decoder)(_|$)")
#: The names that parameters go by which are shares, and no sizes.
_SHARES: Final = ("dropout", "rate", "_prob", "epsilon", "alpha", "momentum")


@attrs.frozen(kw_only=True)
class Parameter:
    """One parameter of a factory, or of the constructor of a class.

    Attributes:
        name: Its name.
        required: Whether it has no default.
        by_position: Whether it can be given by position alone.
        default: The number that is its default, where it is one.
        value: What stands for it where it is no dimension: a literal that its annotation, its name or the code shows.
        paths: What the code reads from it, as from a configuration: the names on the way, and whether as attributes.
        opaque: Whether it is something that nobody can write a value for.
        guess: The known name that it seems to be another spelling of.

    """

    name: str
    required: bool = True
    by_position: bool = False
    default: int | None = None
    value: str = ""
    paths: tuple[tuple[str, ...], ...] = ()
    attributes: bool = True
    opaque: bool = False
    guess: str = ""

    @property
    def dimension(self) -> str | None:
        """The known dimension that its name stands for."""
        return dimension_of(self.name)

    @property
    def is_number(self) -> bool:
        """Whether it seems to be a number that no known dimension is called like."""
        return self.unplaced and not (self.value or self.paths or self.opaque)

    @property
    def unplaced(self) -> bool:
        """Whether somebody has to say what it is given."""
        return self.required and self.dimension is None


@attrs.frozen(kw_only=True)
class Candidate:
    """Something in a file that a fuzz target can be made of.

    Attributes:
        file: The file, from the folder of the project.
        name: Its name there, with dots where it stands in a class; empty for a saved model.
        form: What it is.
        parameters: What it is called with.
        why: What speaks for it and against it, as a person reads it.
        points: How much speaks for it.
        root: The folder, from that of the project, from which its file is imported by name; None where it cannot be.

    """

    file: Path
    name: str
    form: Form
    parameters: tuple[Parameter, ...] = ()
    why: str = ""
    points: int = 0
    root: Path | None = None

    @property
    def label(self) -> str:
        """How a command line names it."""
        return f"{self.file}:{self.name}" if self.name else str(self.file)

    @property
    def sentence(self) -> str:
        """What it is, and what speaks for it and against it."""
        return f"{self.label}: {self.why}"

    @property
    def module(self) -> str:
        """How its file is imported from its root."""
        parts = list(self.file.relative_to(self.root or Path()).with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)

    @property
    def unplaced(self) -> tuple[Parameter, ...]:
        """The parameters that somebody has to say something of."""
        return tuple(parameter for parameter in self.parameters if parameter.unplaced)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the parameters that nothing can be written for: the file says so until they are filled in."""
        return tuple(parameter.name for parameter in self.unplaced if parameter.opaque)

    @property
    def imported_by_name(self) -> bool:
        """Whether a file of Python can import it, and declare it."""
        by_name = self.root is not None and self.file.suffix != NOTEBOOK and is_name(self.name)
        return by_name and self.form in ("factory", "class")


def is_share(name: str) -> bool:
    """Say whether what has a name is a share, as a rate of dropout is, and no size."""
    return any(each in name.lower() for each in _SHARES)


def parameters_of(function: Function | None, *, method: bool) -> tuple[Parameter, ...]:
    """Return the parameters of a function that is called by name; those of a ``method`` begin after its object."""
    if function is None:
        return ()
    arguments = function.args
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(arguments.defaults)) + [*arguments.defaults]
    given = [*zip(placed, defaults, strict=True)][method:]
    given += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    telling = [node for node in ast.walk(function) if isinstance(node, _TELLING)]
    found = [_parameter(telling, argument, default, argument in arguments.posonlyargs) for argument, default in given]
    taken = {parameter.dimension for parameter in found}
    for index, parameter in enumerate(found):
        if not parameter.is_number:
            continue
        name = parameter.name.lower()
        guess = next(iter(get_close_matches(name, (*KNOWN, *ALIASES), n=1, cutoff=_NEAR)), "")
        if not guess and _WORDS.search(name):
            side = "source_" if _SOURCE.search(name) else "target_" if _TARGET.search(name) else ""
            alone = sum(bool(_WORDS.search(each.name.lower())) for each in found) == 1
            # Which of several serves both sides is not to be told by a name.
            guess = f"{side}vocab_size" if side or alone else ""
        if guess and dimension_of(guess) not in taken:
            taken.add(dimension_of(guess))
            found[index] = attrs.evolve(parameter, guess=guess)
    return tuple(found)


def _parameter(telling: Sequence[ast.AST], argument: ast.arg, default: ast.expr | None, by_position: bool) -> Parameter:
    number = default.value if isinstance(default, ast.Constant) and type(default.value) is int else None
    found = Parameter(name=argument.arg, required=default is None, by_position=by_position, default=number)
    if not found.unplaced:
        return found
    whole = ast.unparse(argument.annotation) if argument.annotation is not None else ""
    annotation = whole.rpartition(".")[2]
    reads = [*_reads(telling, argument.arg)]
    # The texts of its Literal, and those that it is compared with.
    choices = [*_texts(argument.annotation)] if argument.annotation is not None and "Literal" in whole else []
    for node in telling:
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == argument.arg:
            choices += (text for each in node.comparators for text in _texts(each))
    if reads:
        paths = tuple(dict.fromkeys(path for path, _ in reads))
        return attrs.evolve(found, paths=paths, attributes=any(attribute for _, attribute in reads))
    if choices:
        return attrs.evolve(found, value=literal(choices[0]))
    if annotation == "bool":
        return attrs.evolve(found, value="False")
    if annotation == "float" or (not annotation and is_share(argument.arg)):
        return attrs.evolve(found, value="0.1")
    plain = annotation in ("", "int") and not _is_used_as_object(telling, argument.arg)
    return attrs.evolve(found, opaque=not plain)


def _reads(telling: Sequence[ast.AST], name: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the ways on which a function reads something from its parameter, as cfg.model.units or cfg["units"]."""
    inner: set[int] = set()
    called = {id(node.func) for node in telling if isinstance(node, ast.Call)}
    for node in telling:
        path: list[str] = []
        at: ast.AST = node
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "get"
            and node.args
        ):
            key = node.args[0]
            path, at = [str(key.value)] if isinstance(key, ast.Constant) else [], node.func.value
            inner.add(id(node.func))
        if id(at) in inner or (id(at) in called and at is node):
            continue
        attribute = False
        while isinstance(at, ast.Attribute | ast.Subscript):
            inner.add(id(at))
            if isinstance(at, ast.Attribute):
                path.insert(0, at.attr)
                attribute = True
            elif isinstance(at.slice, ast.Constant) and isinstance(at.slice.value, str):
                path.insert(0, at.slice.value)
            else:
                path.clear()
                break
            at = at.value
        if path and isinstance(at, ast.Name) and at.id == name and all(map(is_name, path)):
            yield tuple(path), attribute


def _texts(node: ast.AST) -> Iterator[str]:
    yield from (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _is_used_as_object(telling: Sequence[ast.AST], name: str) -> bool:
    """Say whether a parameter is called, unpacked, walked through or asked for something: it is no number."""
    for node in telling:
        held = {
            ast.Call: "func",
            ast.Attribute: "value",
            ast.Subscript: "value",
            ast.For: "iter",
            ast.comprehension: "iter",
            ast.Starred: "value",
        }.get(type(node))
        at = getattr(node, held) if held else None
        if isinstance(node, ast.keyword) and node.arg is None:
            at = node.value
        if isinstance(at, ast.Name) and at.id == name:
            return True
    return False
