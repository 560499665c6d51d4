"""What is known of a bug of the zoo: its cause, where it fails, its smallest case and its line."""

from __future__ import annotations

from typing import Any

import attrs

from fuzzseq.case import Case
from fuzzseq.spec import Spec


@attrs.frozen(kw_only=True)
class Bug:
    """One known bug of a model of the zoo.

    ``region`` is a Python expression over :func:`facts`, true for the cases that fail. ``line`` is the guilty line of
    the user's source; ``shown`` is the line that the failure surfaces at, where that is another one. ``check`` is the
    promise that shows a mistake which raises nothing.
    """

    cause: str
    region: str
    minimal: Case
    line: str
    shown: str | None = None
    check: str | None = None

    def fails(self, case: Case, spec: Spec) -> bool:
        """Say whether a case lies in the failing region."""
        return bool(eval(self.region, {"__builtins__": {}, "max": max, "min": min}, facts(case, spec)))  # noqa: S307


def facts(case: Case, spec: Spec) -> dict[str, Any]:
    """Return what regions speak of: the dimensions of the last batch, its raggedness, state, encoding, mode and ids.

    ``previous_batch_size`` is that of the batch before the last one, and the last one's own where it is alone.
    """
    last = case.batches[-1]
    return {
        **case.sizes(spec),
        "previous_batch_size": len(case.batches[-2:][0].pairs),
        "ragged": last.ragged,
        "ragged_source": len({len(pair.source) for pair in last.pairs}) > 1,
        "initial_state": last.initial_state,
        "target_encoding": last.target_encoding,
        "mode": case.mode,
        "max_source_id": max((word for pair in last.pairs for word in pair.source), default=0),
        "max_target_id": max((word for pair in last.pairs for word in pair.target), default=0),
    }
