"""Prose is not protocol: what we say of a failure decides nothing, and is read by people alone."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from fuzzseq.checks import wording
from fuzzseq.diagnosis import symbolic_sizes
from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported, TargetLoaded
from fuzzseq.reproduce.script import reproduction
from fuzzseq.settings import Settings
from tests.zoo import bug_of, bugs

#: Mistakes that raise nothing, of which a message tells the most, each with its failing region and its line.
SILENT = {
    "decoder_attention_axis_scores": ("True", "tf.nn.softmax(score, axis=-1)"),
    "decoder_reshape": ("batch_size != target_length", ""),
    "input_padding_leak_mean": ("True", "MeanPooling()(x, real)"),
    "state_miswired_swap": ("True", "initial_state=[state_c, state_h]"),
}


def _name(target: str) -> str:
    """Return the name of a bug of the zoo."""
    return Path(target.partition(":")[0]).stem


def program(script: str) -> str:
    """Return a script without what it says: its docstring, and the text that it fails with."""
    return re.sub(r"raise AssertionError\(.*?\n\)", "raise AssertionError()", script.split('"""')[2], flags=re.DOTALL)


@pytest.mark.slow
def test_prose_is_not_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one word in place of every message of ours, causes, regions, lines, cases and scripts stay as they are."""
    real = wording.evidence_message
    monkeypatch.setattr(wording, "evidence_message", lambda check, evidence: "word")
    monkeypatch.setattr(symbolic_sizes, "shape_message", lambda expected, actual, eager_is_right: "word")
    targets = [target for target in bugs() if _name(target) in SILENT]
    settings = Settings(profile="ci", max_cases=30, case_timeout=60.0, workers=2)
    events = list(start_campaign(targets, settings))
    specs = {event.target: event.spec for event in events if isinstance(event, TargetLoaded)}
    found = {event.finding.target: event.finding for event in events if isinstance(event, FindingReported)}
    assert len(found) == len(SILENT)
    for target, finding in found.items():
        bug, spec = bug_of(target), specs[target]
        assert (finding.message, finding.cause) == ("word", bug.cause), target
        assert attrs.evolve(finding.case, seed=0) == bug.minimal, target
        region, line = SILENT[_name(target)]
        assert finding.diagnosis.region.expression == region, target
        assert line in (finding.location.source if finding.location else ""), target
        said = attrs.evolve(finding, message=real(finding.check, finding.failure_evidence))
        assert program(reproduction(finding, spec)) == program(reproduction(said, spec)), target
