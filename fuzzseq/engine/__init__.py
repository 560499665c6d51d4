"""The engine: cases, failures, findings, as a stream of events; and one finding again. It does nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from fuzzseq.engine.replay import ReplayResult, failures_of, replay, said_of
from fuzzseq.engine.resume import Journal, ResumeState
from fuzzseq.events import Event, RunStarted
from fuzzseq.executors.zygote import Zygote
from fuzzseq.settings import Settings

__all__ = ["ReplayResult", "ResumeState", "check_corpus", "failures_of", "replay", "said_of", "start_campaign"]


def start_campaign(
    targets: Sequence[str | Callable[..., object]],
    settings: Settings,
    *,
    corpus: str | Path | None = None,
    zygote: Zygote | None = None,
    past: ResumeState | None = None,
    stop: threading.Event | None = None,
    journal: Journal | None = None,
) -> Iterator[Event]:
    """Fuzz every target and yield what happens; the last event is RunFinished, whatever ends a run that has begun.

    With several workers events come interleaved; what is found is the same with any number of them. A target that
    cannot be used is a TargetFinished with the reason, and the others go on. KeyboardInterrupt ends the run, and so
    does ``stop`` once it is set; what was found so far has been yielded by then. An error of fuzzseq's own is an
    InternalError. ``zygote`` is one that has begun to import TensorFlow already; a run that comes to its own end leaves
    it open for another. With ``past``, what an earlier run has done is reported again at once, and the rest is gone on
    with; ``journal`` keeps its executions since then, so that none is done again.

    Raises :class:`fuzzseq.errors.UsageError`, before anything is loaded, where no cases can be kept at ``corpus``.
    """
    names = (each if isinstance(each, str) else getattr(each, "__qualname__", type(each).__name__) for each in targets)
    labels = tuple(name.replace("<locals>.", "") for name in names)
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    absolute = tuple(label for label in labels if label.startswith("/"))
    yield RunStarted(targets=labels, settings=settings, started=started, absolute=absolute)
    from fuzzseq.engine.campaign import Campaign  # noqa: PLC0415 (Hypothesis takes longer than a first line may)

    named = tuple(zip(targets, labels, strict=True))
    yield from Campaign(named, settings, corpus, zygote, past or ResumeState(), journal).run(stop)


def check_corpus(corpus: str | Path | None) -> None:
    """Raise :class:`fuzzseq.errors.UsageError` where no cases can be kept at ``corpus``; nothing is asked of it yet."""
    if ":" in str(corpus):
        from fuzzseq.engine.corpus_database import database_at  # noqa: PLC0415 (Hypothesis takes a while to load)

        database_at(corpus)
