"""The file that Keras 3 and tf-keras write a model to: which of them wrote it, and what it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

#: How the name of such a file ends.
SUFFIX: Final = ".keras"
#: The modules of what Keras and tf-keras can read by themselves.
_FRAMEWORKS: Final = ("keras", "tf_keras", "tensorflow", "builtins")


def is_of_tf_keras(file: Path) -> bool:
    """Say whether tf-keras wrote a file, whose format neither reads of the other."""
    with ZipFile(file) as parts:
        return str(json.loads(parts.read("metadata.json"))["keras_version"]).startswith("2.")


def custom_objects(file: Path) -> Iterator[str]:
    """Yield the names of the classes and functions that a model in a file is made of, and no framework has."""
    with ZipFile(file) as parts:
        pending = [json.loads(parts.read("config.json"))]
    while pending:
        part = pending.pop()
        if isinstance(part, dict) and "class_name" in part:
            function = part["class_name"] == "function"
            name = str(part["config"] if function else part["class_name"])
            own = function or str(part.get("module")).partition(".")[0] not in _FRAMEWORKS
            if own and not name.startswith("__"):  # As Keras calls a tensor, or code that is written out.
                yield name
        pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
