"""One target of a run: what everybody shares who works on it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.pool import Pool
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True, eq=False)
class Work:
    """The target, how the run was asked for, who executes its cases, and the cases that are known of it.

    ``out_of_time`` says whether the target has had its part of the run's time; ``place`` is where among the targets of
    the run this one was named.
    """

    name: str
    spec: Spec
    settings: Settings
    pool: Pool
    known: Corpus
    out_of_time: Callable[[], bool]
    place: int = 0
