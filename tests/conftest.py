"""What all tests share: quiet frameworks, Hypothesis without a deadline, and where the project's root is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports TensorFlow; the processes that tests start inherit both.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# A shell has what it begins in the background ignore Ctrl-C, and so would every process that a test interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The first call of a model traces it, and takes many times what the later ones do. No database: a test that failed
# once here is no reason for another run to differ.
settings.register_profile("fuzzseq-tests", deadline=None, database=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("fuzzseq-tests")


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder that holds pyproject.toml."""
    return Path(__file__).resolve().parent.parent
