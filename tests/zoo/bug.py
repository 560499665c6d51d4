"""What is known of a bug of the zoo: its cause, where it fails, its smallest case and its line."""

from __future__ import annotations

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.facts import facts
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class Bug:
    """One known bug of a model of the zoo.

    ``region`` is a Python expression over :func:`fuzzseq.cases.facts.facts`, true for the cases that fail. ``line`` is
    the guilty line of the user's source; ``shown`` is the line that the failure surfaces at, where that is another one.
    ``check`` is the promise that shows a mistake which raises nothing.
    """

    cause: str
    region: str
    minimal: Case
    line: str
    shown: str | None = None
    check: str | None = None

    def fails(self, case: Case, spec: Spec) -> bool:
        """Say whether a case lies in the failing region."""
        return holds(self.region, case, spec)


def holds(expression: str, case: Case, spec: Spec) -> bool:
    """Say whether a Python expression over the facts of a case is true of it."""
    return bool(eval(expression, {"__builtins__": {}, "max": max, "min": min}, facts(case, spec.contract)))  # noqa: S307
