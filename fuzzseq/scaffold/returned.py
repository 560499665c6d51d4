"""What a function of a project returns, as its code shows: a model, a tensor, or something else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from fuzzseq.scaffold.code_names import FUNCTIONS, CodeNames, Function, own_nodes

#: What an expression stands for; a ``function`` may be a model that is called, ``several`` are models that are not one.
Kind = Literal["model", "layer", "tensor", "function", "several", "unknown"]

#: What makes a model, and what a model's class is derived from, by the last part of its name.
MODELS: Final = {"Model", "Functional", "Sequential"}
_LOADERS: Final = {
    "load_model",
    "clone_model",
    "model_from_json",
    "model_from_config",
    "from_preset",
    "from_pretrained",
}
_KERAS: Final = ("keras.", "keras_hub.", "keras_nlp.")
#: A factory of three models returns the one that is trained, and its encoder and decoder for inference.
_TRIPLE: Final = 3


def framework_kind(name: str) -> Kind:
    """Return what a call of a name of Keras', TensorFlow's or a library of models gives."""
    last = name.rpartition(".")[2]
    if name.startswith("transformers.") or name.rpartition(".")[2] == "EncoderDecoder":
        return "model" if ".TF" in name or last == "EncoderDecoder" else "unknown"
    if not name.startswith(_KERAS):
        return "tensor" if name.startswith("tensorflow.") else "unknown"
    if last in MODELS or last in _LOADERS or ".applications." in name:
        return "model"
    if name.startswith(("keras_hub.models.", "keras_nlp.models.")):
        return "model"
    if last == "Input" or ".ops." in name or ".backend." in name:
        return "tensor"
    return "layer" if ".layers." in name or last == "Layer" else "unknown"


class Returned:
    """Reads what expressions stand for, with what is known of the definitions of the project so far.

    ``kinds`` are those of calls of a definition, by its file and name; ``anywhere`` by its name alone.
    """

    def __init__(self, kinds: Mapping[tuple[str, str], Kind], anywhere: Mapping[str, Kind]) -> None:
        self._kinds, self._anywhere = kinds, anywhere
        # What a function returns, and what its names are given, is looked for once.
        self._parts: dict[Function, tuple[list[ast.expr], dict[str, list[ast.AST]]]] = {}

    def of_function(self, names: CodeNames, function: Function) -> Kind:
        """Return what a function returns; a model where one of its returns is one."""
        values, local = self._parts.get(function) or (list(returns(function)), {})
        if function not in self._parts:
            local = _assigned(function) if values else {}
            self._parts[function] = values, local
        kinds = [self.of(names, value, local) for value in values]
        order: Sequence[Kind] = ("model", "several", "function", "layer", "tensor")
        return next((kind for kind in order if kind in kinds), "unknown")

    def of(self, names: CodeNames, value: ast.expr, local: Mapping[str, Sequence[ast.AST]], depth: int = 0) -> Kind:
        """Return what an expression stands for; ``local`` are the values that names of its function are given."""
        if depth > 8:
            return "unknown"
        if isinstance(value, ast.Call):
            return self._of_call(names, value, local, depth)
        if isinstance(value, ast.Lambda):
            return "function"
        if isinstance(value, ast.IfExp):
            kinds = {self.of(names, each, local, depth + 1) for each in (value.body, value.orelse)}
            return "model" if "model" in kinds else "unknown"
        if isinstance(value, ast.Tuple | ast.List | ast.Dict):
            parts = value.values if isinstance(value, ast.Dict) else value.elts
            models = [part for part in parts if self.of(names, part, local, depth + 1) == "model"]
            whole = len(models) == len(parts) == _TRIPLE
            return "model" if whole else "several" if models else "unknown"
        if isinstance(value, ast.Name):
            kinds = {
                self.of(names, each, local, depth + 1)
                if isinstance(each, ast.expr)
                else "function"
                if isinstance(each, FUNCTIONS)
                else "unknown"
                for each in local.get(value.id, ())
            }
            return next((kind for kind in ("model", "function", "layer", "tensor") if kind in kinds), "unknown")
        return "tensor" if isinstance(value, ast.BinOp) else "unknown"

    def _of_call(self, names: CodeNames, call: ast.Call, local: Mapping[str, Sequence[ast.AST]], depth: int) -> Kind:
        name = names.full(call.func)
        if not name or (isinstance(call.func, ast.Name) and call.func.id in local):
            applied = self.of(names, call.func, local, depth + 1)
            return "tensor" if applied in ("layer", "model") else "unknown"
        if isinstance(call.func, ast.Name) and (own := self._kinds.get((str(names.place), call.func.id))):
            return own
        known = framework_kind(name)
        return known if known != "unknown" else self._anywhere.get(name.rpartition(".")[2], "unknown")


def returns(function: Function) -> Iterator[ast.expr]:
    """Yield what a function returns."""
    yield from (node.value for node in own_nodes(function) if isinstance(node, ast.Return) and node.value is not None)


def _assigned(function: Function) -> dict[str, list[ast.AST]]:
    """Return the values that each name of a function is given in it."""
    found: dict[str, list[ast.AST]] = {}
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name) and node.value:
            found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.setdefault(node.name, []).append(node)
    return found
