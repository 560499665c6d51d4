"""Names of layers that survive automatic numbering."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Layer


def names(layers: Sequence[Layer]) -> list[str]:
    """Return stable names for a path of layers: the user's own, or the class and its ordinal among its siblings."""
    return [stable_name(layer, layers[place - 1] if place else None) for place, layer in enumerate(layers)]


def stable_name(layer: Layer, parent: Layer | None) -> str:
    """Return the user's own name of a layer, or its class with an ordinal where its parent has several of it."""
    kind = type(layer).__name__
    automatic = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
    name = str(getattr(layer, "name", "") or "")
    plain = re.sub(r"_\d+$", "", name)
    automatics = (automatic, KERAS.automatic_name(layer), "functional", "sequential", kind)
    # Bidirectional names the layers that it is made of after the automatic name of the one that it was given.
    direction, _, rest = plain.partition("_")
    if direction in ("forward", "backward") and rest in automatics:
        return plain
    if name and plain not in automatics:
        return name
    siblings = [child for child in KERAS.children(parent) if type(child).__name__ == kind]
    index = next((i for i, child in enumerate(siblings) if child is layer), 0)
    return kind if len(siblings) < 2 else f"{kind}#{index + 1}"
