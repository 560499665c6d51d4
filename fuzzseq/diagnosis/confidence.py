"""How sure a cause is, and what speaks against the next best one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.diagnosis.rules.rule import CauseScore

#: A runner-up speaks with more than this.
_HEARD: Final = 10
_LENGTHS: Final = ("source_length", "target_length", "equal_lengths")

#: The factors that a failure of some causes has to depend on.
DEPENDS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "input-unpadded": ("ragged",),
    "input-fixed-length": _LENGTHS,
    "input-length-multiple": _LENGTHS,
    "input-vocabulary": ("source_ids", "target_ids", "source_vocab_size", "target_vocab_size", "vocab_size"),
    "input-embedding-dim": ("embedding_dim",),
    "state-batch": ("batch_size", "batches"),
    "state-layers": ("num_layers", "num_encoder_layers", "num_decoder_layers"),
    "decoder-length-assumption": _LENGTHS,
    "decoder-heads": ("num_heads", "units", "embedding_dim"),
    "decoder-squeeze": ("batch_size", *_LENGTHS),
    "decoder-reshape": ("batch_size", *_LENGTHS),
    "loss-encoding": ("target_encoding",),
    "loss-timesteps": _LENGTHS,
    "execution-hard-coded-batch": ("batch_size",),
}


def runner_up(found: Sequence[CauseScore]) -> CauseScore | None:
    """Return the strongest vote for another cause than the best one."""
    return next((vote for vote in found if vote.cause != found[0].cause and vote.weight > _HEARD), None)


def against(evidence: FailureEvidence, other: CauseScore) -> str:
    """Return what speaks against a cause beside the best one."""
    changed = {intervention.factor for intervention in evidence.interventions}
    factors = [name for name in DEPENDS_ON.get(other.cause, ()) if name in changed]
    if factors and not any(evidence.passes(name) for name in factors):
        return f"no change of {' or '.join(evidence.written.get(name, name) for name in factors)} makes it pass"
    return f"only evidence: {other.why.removesuffix('.')}"


#: How often the cause was right, by how strongly the best vote spoke (0 to 100) and how far the next cause was behind:
#: shares of the zoo's 110 bugs as ``python -m tests.benchmarks.calibration`` prints them. Where nothing speaks for a
#: cause, none is likely.
_RIGHT: Final[tuple[tuple[int, int, float], ...]] = (
    (90, 10, 0.98),
    (90, 0, 0.88),
    (70, 10, 0.96),
    (70, 0, 0.75),
    (40, 0, 0.67),
    (0, 0, 0.0),
)


def confidence(found: Sequence[CauseScore]) -> float:
    """Return how often a cause that was decided on such votes was right."""
    best, other = found[0], runner_up(found)
    lead = best.weight - (other.weight if other else 0)
    return next(right for weight, ahead, right in _RIGHT if best.weight >= weight and lead >= ahead)
