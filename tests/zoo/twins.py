"""The models of the zoo as models of tf-keras, made from the same source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

_ROOT = Path(__file__).resolve().parents[2]


def twins(references: Iterable[str], folder: Path) -> list[str]:
    """Write the models that tf-keras can make into a folder, and return a reference to the factory of each."""
    import tf_keras

    written = []
    for reference in references:
        place, _, name = reference.partition(":")
        text = (_ROOT / place).read_text(encoding="utf-8")
        twin = re.sub(r"^(import|from) keras\b", _imported, text, flags=re.MULTILINE)
        if twin != text and _is_known(text, tf_keras):
            file = folder / Path(place).name
            file.write_text(twin, encoding="utf-8")
            written.append(f"{file}:{name}")
    return written


def _imported(found: re.Match[str]) -> str:
    return "import tf_keras as keras" if found[1] == "import" else "from tf_keras"


def _is_known(text: str, framework: ModuleType) -> bool:
    """Say whether a framework has all that a module reads of the package ``keras``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            owner: object = {"keras": framework, "layers": framework.layers}.get(first)
            for part in rest if owner is not None else ():
                if not hasattr(owner, part):
                    return False
                owner = getattr(owner, part)
        from_it = node.names if isinstance(node, ast.ImportFrom) and node.module == "keras" else []
        if not all(hasattr(framework, alias.name) for alias in from_it):
            return False
    return True
