"""One target of a run: what everybody shares who works on it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.executor_pool import ExecutorPool
from fuzzseq.engine.resume import Journal
from fuzzseq.engine.stop import TargetControl
from fuzzseq.engine.threads import Threads
from fuzzseq.events import Event
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True, eq=False)
class TargetContext:
    """The target, how the run was asked for, and whom the work on it needs.

    Attributes:
        control: Says when to stop.
        corpus: The cases that failed before.
        emit: Takes events, from any thread.
        executors: Execute the cases.
        journal: Keeps what they gave, up to the next checkpoint, where the run may be resumed.
        place: Where among the targets of the run this one was named.
        threads: Carry out tasks, for all targets of the run.
    """

    name: str
    spec: Spec
    settings: Settings
    control: TargetControl
    corpus: Corpus
    emit: Callable[[Event], None]
    executors: ExecutorPool
    journal: Journal | None = None
    place: int = 0
    threads: Threads
