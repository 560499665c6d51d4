"""The promises that a model is held to, one small module each.

To add a check: write a module with a ``CHECK``, and name it here.
"""

from __future__ import annotations

from fuzzseq.checks import accepts, builds, deterministic, finite, loss_encoding, output_shape, trains
from fuzzseq.checks.check import Check
from fuzzseq.errors import UsageError, nearest

#: Every check that ships, in the order of reports.
CHECKS: tuple[Check, ...] = (
    builds.CHECK,
    accepts.CHECK,
    output_shape.CHECK,
    finite.CHECK,
    trains.CHECK,
    deterministic.CHECK,
    loss_encoding.CHECK,
)


def check_named(name: str) -> Check:
    """Return a check by its name; raises :class:`fuzzseq.errors.UsageError` with the nearest name."""
    for check in CHECKS:
        if check.name == name:
            return check
    known = [check.name for check in CHECKS]
    raise UsageError(f"There is no check {name!r}.{nearest(name, known)} Checks: {', '.join(known)}.")
