"""Every ordinary batch goes through preprocessing, encoder and decoder without an exception."""

from __future__ import annotations

from fuzzseq.checks.base import Check, never, run_forward

CHECK = Check(
    name="accepts",
    description="every ordinary batch runs through preprocessing, encoder and decoder without an exception",
    plan=run_forward,
    judge=never,
    owns=("preprocess", "encode", "decode", "forward", "save"),
    cause="unclassified",
)
