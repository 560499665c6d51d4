"""What every part of the plugin knows: the flag, how it warns, and in which process it is. It imports pytest alone."""

from __future__ import annotations

from typing import Final

import pytest

FLAG: Final = "--fuzz-seq2seq"
#: The key of pytest's own configuration that stands for the flag.
INI: Final = "fuzz_seq2seq"
#: How what collects is registered, where anything is collected.
COLLECTING: Final = "fuzz_seq2seq_collecting"


class FuzzSeq2SeqWarning(pytest.PytestWarning):
    """A finding that fails no test, or something else that a user should know of a fuzz target."""


def is_worker(config: pytest.Config) -> bool:
    """Say whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")
