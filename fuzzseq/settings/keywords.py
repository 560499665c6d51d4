"""The keywords of :func:`fuzzseq.fuzz`, for type checkers and editors: written by tests/generated.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict


class FuzzKeywords(TypedDict, total=False):
    """See :mod:`fuzzseq.settings`."""

    profile: str | None
    max_cases: int | None
    maxfail: int | None
    budget: float | str | None
    seed: int | None
    checks: Sequence[str]
    skip: Sequence[str]
    custom_checks: Sequence[str]
    custom_objects: str | Path | None
    in_process: bool | None
    case_timeout: float | str | None
    memory: int | str | None
    device: Literal["cpu", "gpu"] | None
    workers: int | str | None
    domains: Sequence[str]
    allow_inconclusive: bool | None
    output: str | Path | None
    corpus: str | Path | None
