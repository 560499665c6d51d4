"""What a rule says, and what several rules ask of the evidence."""

from __future__ import annotations

import re

import attrs

from fuzzseq.diagnosis.evidence import FailureEvidence


@attrs.frozen
class CauseScore:
    """A cause, how strongly a rule speaks for it (0 to 100), and the sentence that says why."""

    cause: str
    weight: int
    why: str


def unequal_lengths(e: FailureEvidence) -> bool:
    """Say whether a failure goes away when source and target are of equal length, whatever that is."""
    if e.passes("ragged"):
        return False  # Rows of one length are enough, and those are what equal sides have.
    equal = [i.result for i in e.interventions if i.factor == "equal_lengths"]
    sizes = e.case.sizes(e.spec.contract)
    differ = sizes.get("source_length") != sizes.get("target_length")
    return (
        differ
        and len(equal) > 1
        and set(equal) == {"passes"}
        and any(e.matters(name) for name in ("source_length", "target_length"))
    )


def in_attention(e: FailureEvidence) -> bool:
    """Say whether an attention layer was running, or the user's line speaks of one."""
    words = " ".join((*(layer.kind for layer in e.layers), e.line, *functions(e))).lower()
    return "attention" in words or "attend" in words or "score" in words


def functions(e: FailureEvidence) -> tuple[str, ...]:
    """Return the names of the user's functions on the way to the failure."""
    return tuple(frame.function for frame in e.told.frames) if e.told else ()


def is_state(e: FailureEvidence) -> bool:
    """Say whether a state is where a failure occurs: in a recurrent layer that was given one, or in the user's line."""
    # A state that is only passed on in the line says nothing of what fails in it.
    line = re.sub(r"\w*_states?\s*=[^=,)]+|return_states?", "", f"{e.line} {' '.join(functions(e))}".lower())
    told = any(word in line for word in ("state", "hidden", "carry"))
    return told or any(layer.states or layer.kind.endswith("Cell") for layer in e.layers)
