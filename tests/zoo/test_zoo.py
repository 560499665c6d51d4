"""fuzzseq on the zoo: bugs are found, named and minimal; no healthy model is accused."""

from __future__ import annotations

from importlib.metadata import version

import attrs
import pytest

from fuzzseq.engine import start_campaign
from fuzzseq.events import FindingReported, InternalError, TargetFinished
from fuzzseq.findings import Finding
from fuzzseq.protocol.serialization import dumps
from fuzzseq.settings import Settings
from tests.zoo import bug_of, bugs, healthy, release_of

#: One of each group and kind of model; ``python -m tests.benchmarks.detection`` measures all of them.
FEW_BUGS = (
    "input_vocabulary_source",
    "state_units_bridge",
    "decoder_length_concat",
    "loss_encoding_integers",
    "input_padding_leak_unmasked",
    "decoder_sees_future_transformer",
    "loss_padding_unmasked",
)
FEW_HEALTHY = ("lstm_attention", "gru_bahdanau", "compiled", "tagger")


def found_in(targets: list[str], cases: int, seed: int = 0) -> dict[str, list[Finding]]:
    """Return the findings of each target."""
    found: dict[str, dict[str, Finding]] = {target: {} for target in targets}
    for event in start_campaign(
        targets, Settings(profile="ci", max_cases=cases, seed=seed, case_timeout=15.0, workers=2)
    ):
        if isinstance(event, FindingReported):
            found[event.finding.target][event.finding.id] = event.finding
        assert not isinstance(event, InternalError), event
        assert not (isinstance(event, TargetFinished) and event.report.error), event
    return {target: list(findings.values()) for target, findings in found.items()}


def chosen(references: tuple[str, ...], few: tuple[str, ...]) -> list[str]:
    """Return the references of a few models."""
    return [reference for reference in references if any(f"/{name}.py" in reference for name in few)]


def test_a_few_bugs_are_found_named_and_minimal() -> None:
    """A bug of each group is found with its cause, and its minimal case is the one stated, to the letter."""
    for target, findings in found_in(chosen(bugs(), FEW_BUGS), cases=30).items():
        bug = bug_of(target)
        named = [finding for finding in findings if finding.cause == bug.cause]
        assert named, f"{target}: {[finding.cause for finding in findings]}"
        assert named[0].one_minimal
        assert dumps(attrs.evolve(named[0].case, seed=0)) == dumps(bug.minimal), target


def test_a_few_healthy_models_are_let_be() -> None:
    """A healthy model has no finding."""
    assert not any(found_in(chosen(healthy(), FEW_HEALTHY), cases=40).values())


@pytest.mark.skipif(release_of(version("keras")) >= (3, 4), reason="from 3.4 on Keras takes None among tensors")
def test_what_keras_refuses_itself() -> None:
    """A call that the installed Keras refuses is no mask that is wrong, and the finding says who refuses it."""
    target = "tests/zoo/healthy/normalized_frames.py:build"
    (found,) = found_in([target], cases=3)[target]
    assert found.cause == "execution-build"
    assert found.diagnosis.evidence[0].startswith("Keras refuses the call itself, for None beside tensors")


@pytest.mark.slow
def test_no_healthy_model_is_accused() -> None:
    """No healthy model has a finding."""
    assert not {target: found for target, found in found_in(list(healthy()), cases=40).items() if found}
