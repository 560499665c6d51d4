"""The versions of the frameworks that fuzzseq works with: its tests run with the oldest and the newest of them."""

from __future__ import annotations

import re
from importlib import import_module
from types import MappingProxyType
from typing import Final

from fuzzseq.errors import MachineError

#: By the module that has the version: the name of what it is, the oldest and the newest. ``tests/noxfile.py`` installs
#: both, and ``pyproject.toml`` asks for the oldest at least.
SUPPORTED: Final = MappingProxyType(
    {
        "tensorflow": ("TensorFlow", "2.16", "2.21"),
        "keras": ("Keras", "3.3", "3.15"),
        "tf_keras": ("tf-keras", "2.16", "2.21"),
    }
)
*_FIRST, _LAST = (f"{name} {oldest} to {newest}" for name, oldest, newest in SUPPORTED.values())
#: All of them, for a sentence.
WORKS_WITH: Final = f"{', '.join(_FIRST)} and {_LAST}"


def require_supported() -> None:
    """Raise :class:`MachineError` where TensorFlow or Keras is too old even to be asked what it has."""
    if refused := refusal("tensorflow", "keras"):
        raise MachineError(refused)


def refusal(*modules: str) -> str:
    """Return a sentence about modules that are older than what works; empty where none is."""
    found = [(*SUPPORTED[module], module, str(import_module(module).__version__)) for module in modules]
    old = [each for each in found if release(each[-1]) < release(each[1])]
    if not old:
        return ""
    installed = " and ".join(f"{name} {version}" for name, *_, version in old)
    wanted = " ".join(f"'{module.replace('_', '-')}>={oldest}'" for _, oldest, _, module, _ in found)
    return f"fuzzseq does not work with {installed}, but with {WORKS_WITH}: pip install --upgrade {wanted}."


def release(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
