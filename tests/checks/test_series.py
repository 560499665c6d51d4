"""What the checks of series ask: whether labels meet their own predictions, and whether an output is a constant."""

from __future__ import annotations

import numpy as np
import pytest

from fuzzseq.checks.loss_pairs_steps import pairs_steps
from fuzzseq.checks.sensitivity import is_constant

LABELS = np.random.default_rng(0).standard_normal((1, 5, 1)).astype(np.float32)


def losses(loss):
    """Return the losses of the labels, those of the step before and after, their mean, and those in another order."""
    mean = np.full_like(LABELS, LABELS.mean())
    given = (LABELS, np.roll(LABELS, 1, axis=1), np.roll(LABELS, -1, axis=1), mean, LABELS[:, ::-1])
    return [float(loss(LABELS, values)) for values in given]


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, p: np.mean((y - p) ** 2),
        lambda y, p: np.sqrt(np.mean((y - p) ** 2)),
        lambda y, p: np.mean((y[:, 1:] - p[:, :-1]) ** 2),
        lambda y, p: 1 - np.corrcoef(y.ravel(), p.ravel() + 1e-6 * y.ravel())[0, 1],
        lambda y, p: np.mean(np.maximum(0.1 * (y - p), -0.9 * (y - p))),
        lambda y, p: np.nan * np.sum(y - p),
        lambda y, p: np.mean(((y - 100) / 15 - p) ** 2),
        lambda y, p: np.mean(np.exp(p) - y * p),
        lambda y, p: 1 - 2 * np.sum(y * p) / (np.sum(np.abs(y)) + np.sum(np.abs(p))),
    ],
    ids=["squares", "root", "shifted", "correlation", "quantile", "not finite", "standardized", "log rate", "dice"],
)
def test_a_loss_that_compares_by_step_is_let_be(loss):
    """Where the labels are predicted, or those of a neighbor, no right loss is larger than where their mean is."""
    assert pairs_steps(losses(loss))


@pytest.mark.parametrize("loss", [np.square, np.abs], ids=["squares", "absolute"])
def test_a_broadcast_loss_is_told(loss):
    """Labels (batch, steps) less predictions (batch, steps, 1) are of all pairs: their mean is the better answer."""
    assert not pairs_steps(losses(lambda y, p: np.mean(loss(y[..., 0] - p))))


def test_a_constant_output():
    """An output is a constant where rounding alone tells its steps apart, and not where there are too few to say."""
    constant = np.full((2, 3, 2), [1.0, -2.0], np.float32)
    assert is_constant(constant)
    assert is_constant(constant + np.float32(1e-6) * np.arange(6, dtype=np.float32).reshape(2, 3, 1))
    assert not is_constant(constant + 0.01 * np.arange(3, dtype=np.float32)[None, :, None])
    assert not is_constant(constant[:1])
    assert not is_constant(constant[:, :, 0])
