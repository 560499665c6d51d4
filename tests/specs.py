"""A Spec that differs in some fields, whichever part of it they belong to."""

from __future__ import annotations

from typing import Any

import attrs

from fuzzseq import Spec


def with_fields(spec: Spec, **fields: Any) -> Spec:
    """Return a Spec with other values of fields of its contract, its traits or its selection."""
    parts = {part.name: getattr(spec, part.name) for part in attrs.fields(Spec)}
    for name, value in fields.items():
        home = next(part for part, held in parts.items() if hasattr(held, name))
        parts[home] = attrs.evolve(parts[home], **{name: value})
    return Spec(**parts)
