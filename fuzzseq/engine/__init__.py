"""The engine: cases, failures, findings, as a stream of events."""

from __future__ import annotations

from fuzzseq.engine.campaign import campaign

__all__ = ["campaign"]
