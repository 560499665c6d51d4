"""The engine: cases, failures, findings, as a stream of events; and one finding again."""

from __future__ import annotations

from fuzzseq.engine.campaign import campaign
from fuzzseq.engine.past import Past
from fuzzseq.engine.replay import ReplayResult, replay

__all__ = ["Past", "ReplayResult", "campaign", "replay"]
