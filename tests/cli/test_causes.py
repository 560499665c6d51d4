from __future__ import annotations

import pytest

from fuzzseq.causes.catalog import CAUSES, GROUPS, cause_named
from fuzzseq.errors import UsageError

#: Slugs are in people's baselines: one may be added here, none removed or renamed.
SLUGS = [
    "input-unpadded",
    "input-fixed-length",
    "input-length-multiple",
    "input-vocabulary",
    "input-negative-id",
    "input-embedding-dim",
    "input-dtype",
    "input-rank",
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
    "decoder-ignores-source",
    "decoder-width",
    "loss-encoding",
    "loss-vocabulary",
    "loss-timesteps",
    "loss-target-leak",
    "loss-mask-shape",
    "loss-padding",
    "loss-normalization",
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
    "execution-save",
    "execution-mixed-precision",
    "execution-custom-check",
    "execution-build",
    "execution-output",
    "process-crash",
    "process-hang",
    "process-memory",
    "accepts-invalid",
    "obscure-error",
    "unclassified",
]


def test_slugs_never_change():
    """Every slug that was ever given is still there, once, and no other."""
    assert [cause.slug for cause in CAUSES] == SLUGS


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.slug)
def test_entry_is_whole(cause):
    """A cause has a group of the catalog, a title without a full stop, and two whole sentences."""
    assert cause.group in GROUPS
    assert cause.slug.startswith(f"{cause.group}-") or cause.group in ("invalid", "unclassified")
    assert not cause.title.endswith(".")
    assert cause.mistake.endswith(".")
    assert cause.advice.endswith(".")


def test_unknown_cause():
    """An unknown slug is answered with the nearest one."""
    with pytest.raises(UsageError, match=r"There is no cause 'loss-padings'\. Did you mean 'loss-padding'\?"):
        cause_named("loss-padings")
