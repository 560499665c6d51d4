"""From the answers over a range of one dimension to the simplest rule that says when the failure occurs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

Kind = Literal["any", "only", "except", "above", "below", "multiple", "mixed", "unknown"]


@attrs.frozen
class Pattern:
    """When a failure occurs, by one dimension: ``above`` 8, ``only`` 1, ``except`` 32, not for a ``multiple`` of 2."""

    kind: Kind
    constant: int = 0

    def sentence(self, name: str) -> str:
        """Return the pattern as a condition on a dimension."""
        return {
            "only": f"{name} == {self.constant}",
            "except": f"{name} != {self.constant}",
            "above": f"{name} > {self.constant}",
            "below": f"{name} < {self.constant}",
            "multiple": f"{name} % {self.constant} != 0",
            "any": f"any {name}",
            "mixed": f"some {name}",
            "unknown": f"{name} unknown",
        }[self.kind]


def pattern(fails: Mapping[int, bool]) -> Pattern:
    """Return the simplest rule that fits ``fails``: for each value of a dimension, whether the failure occurs."""
    failing = sorted(value for value, failed in fails.items() if failed)
    passing = sorted(value for value, failed in fails.items() if not failed)
    if not failing or len(fails) < 2:
        return Pattern("unknown")
    if not passing:
        return Pattern("any")
    if len(failing) == 1 and (failing[0] == 1 or len(passing) > 2):
        return Pattern("only", failing[0])
    if max(passing) < min(failing) and not (len(passing) == 1 and passing[0] > 1):
        return Pattern("above", max(passing))
    if len(passing) == 1 and len(failing) > 1:
        return Pattern("except", passing[0])
    if max(failing) < min(passing):
        return Pattern("below", min(passing))
    for divisor in range(2, 9):
        if all((value % divisor != 0) == failed for value, failed in fails.items()):
            return Pattern("multiple", divisor)
    return Pattern("mixed")
