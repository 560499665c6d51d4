"""What is remembered of a model's calls while it runs: layers, their shapes and outputs, and the user's own lines."""

from __future__ import annotations

from fuzzseq.worker.instrumentation.recording import Recording
from fuzzseq.worker.instrumentation.tracker import Tracker

__all__ = ["Recording", "Tracker"]
