"""Property-based fuzz testing of TensorFlow/Keras sequence-to-sequence models."""

from __future__ import annotations

from importlib import import_module

# Nothing is imported that a file of the current folder could stand in for, which comes first in python -m fuzzseq.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fuzzseq.api import FuzzResult, check_case, fuzz
    from fuzzseq.cases.case import Batch, Case, Pair
    from fuzzseq.checks.base import Check, Observed, Result, forward
    from fuzzseq.errors import FuzzseqError
    from fuzzseq.failures import FuzzFailure
    from fuzzseq.findings import Finding
    from fuzzseq.protocol.evidence import Evidence
    from fuzzseq.protocol.outcome import Severity, Verdict
    from fuzzseq.protocol.runs import (
        AlternativeRun,
        ChunkedRun,
        ForwardRun,
        LossRun,
        OwnStepRun,
        Run,
        TrainingRun,
        WiringRun,
    )
    from fuzzseq.targets.contract import Contract, Tokens
    from fuzzseq.targets.declaration import fuzz_target
    from fuzzseq.targets.dimensions import Dim, dim
    from fuzzseq.targets.encoder_decoder import EncoderDecoder
    from fuzzseq.targets.series import Series
    from fuzzseq.targets.spec import Spec

__version__ = "0.1.0"

#: Every public name, under the module that it is loaded from on first use: importing fuzzseq imports nothing heavy.
_HOMES = {
    "fuzzseq.api": ("FuzzResult", "check_case", "fuzz"),
    "fuzzseq.cases.case": ("Batch", "Case", "Pair"),
    "fuzzseq.checks.base": ("Check", "Observed", "Result", "forward"),
    "fuzzseq.errors": ("FuzzseqError",),
    "fuzzseq.failures": ("FuzzFailure",),
    "fuzzseq.findings": ("Finding",),
    "fuzzseq.protocol.evidence": ("Evidence",),
    "fuzzseq.protocol.outcome": ("Severity", "Verdict"),
    "fuzzseq.protocol.runs": (
        "AlternativeRun",
        "ChunkedRun",
        "ForwardRun",
        "LossRun",
        "OwnStepRun",
        "Run",
        "TrainingRun",
        "WiringRun",
    ),
    "fuzzseq.targets.contract": ("Contract", "Tokens"),
    "fuzzseq.targets.declaration": ("fuzz_target",),
    "fuzzseq.targets.dimensions": ("Dim", "dim"),
    "fuzzseq.targets.encoder_decoder": ("EncoderDecoder",),
    "fuzzseq.targets.series": ("Series",),
    "fuzzseq.targets.spec": ("Spec",),
}

__all__ = [
    "AlternativeRun",
    "Batch",
    "Case",
    "Check",
    "ChunkedRun",
    "Contract",
    "Dim",
    "EncoderDecoder",
    "Evidence",
    "Finding",
    "ForwardRun",
    "FuzzFailure",
    "FuzzResult",
    "FuzzseqError",
    "LossRun",
    "Observed",
    "OwnStepRun",
    "Pair",
    "Result",
    "Run",
    "Series",
    "Severity",
    "Spec",
    "Tokens",
    "TrainingRun",
    "Verdict",
    "WiringRun",
    "check_case",
    "dim",
    "forward",
    "fuzz",
    "fuzz_target",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    if name == "failures":  # A module that users name: xfail(raises=fuzzseq.failures.StateUnits).
        return import_module("fuzzseq.failures")
    raise AttributeError(f"module 'fuzzseq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
