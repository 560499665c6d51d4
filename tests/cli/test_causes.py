from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fuzzseq.diagnosis
from fuzzseq.causes.catalog import CAUSES, GROUPS, cause_named
from fuzzseq.checks.base import Check
from fuzzseq.checks.registry import CHECKS
from fuzzseq.errors import UsageError

DIAGNOSIS = Path(fuzzseq.diagnosis.__file__).parent

#: Slugs are in people's baselines: one may be added here, none removed or renamed.
SLUGS = [
    "input-unpadded",
    "input-fixed-length",
    "input-length-multiple",
    "input-vocabulary",
    "input-embedding-dim",
    "input-dtype",
    "input-padding-leak",
    "input-empty",
    "state-units",
    "state-batch",
    "state-count",
    "state-layers",
    "state-bidirectional",
    "state-dtype",
    "state-unused",
    "state-not-carried",
    "state-miswired",
    "state-leak",
    "decoder-length-assumption",
    "decoder-attention-shape",
    "decoder-attention-mask",
    "decoder-attention-axis",
    "decoder-heads",
    "decoder-squeeze",
    "decoder-reshape",
    "decoder-sees-future",
    "decoder-step-mismatch",
    "decoder-beams",
    "decoder-ignores-source",
    "decoder-width",
    "loss-encoding",
    "loss-vocabulary",
    "loss-timesteps",
    "loss-target-leak",
    "loss-mask-shape",
    "loss-broadcast",
    "loss-padding",
    "loss-normalization",
    "loss-metric-padding",
    "loss-logits",
    "loss-dtype",
    "numeric-nonfinite",
    "numeric-no-gradient",
    "numeric-batch-coupling",
    "execution-graph",
    "execution-retrace",
    "execution-xla",
    "execution-hard-coded-batch",
    "execution-nondeterministic",
    "execution-dropout-off",
    "execution-save",
    "execution-mixed-precision",
    "execution-custom-check",
    "execution-build",
    "execution-output",
    "process-crash",
    "process-hang",
    "process-memory",
    "unclassified",
]


def test_slugs_never_change():
    """Every slug that was ever given is still there, once, and no other."""
    assert [cause.slug for cause in CAUSES] == SLUGS


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_entry_is_whole(cause):
    """A cause has a group of the catalog, a title without a full stop, and two whole sentences."""
    assert cause.group in GROUPS
    assert cause.slug.startswith(f"{cause.group}-") or cause.group == "unclassified"
    assert not cause.title.endswith(".")
    assert cause.mistake.endswith(".")
    assert cause.advice.endswith(".")


def test_every_cause_is_named_by_a_rule_or_a_check():
    """Nothing is in the catalog that no finding can have."""
    named = {check.cause for check in CHECKS} | {Check(name="", description="", plan=dict, judge=dict).cause}
    for module in (DIAGNOSIS / "__init__.py", *DIAGNOSIS.glob("rules/*.py")):
        tree = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        named |= {node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {cause.slug for cause in CAUSES} <= named


def test_unknown_cause():
    """An unknown slug is answered with the nearest one."""
    with pytest.raises(UsageError, match=r"There is no cause 'loss-padings'\. Did you mean 'loss-padding'\?"):
        cause_named("loss-padings")
