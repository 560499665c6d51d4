"""The cheap key of a failure: what differs from case to case is no part of it."""

from __future__ import annotations

import pytest

from fuzzseq.protocol.outcome import Raised, Verdict
from fuzzseq.signatures import signature


def key(message, **more):
    """Return the signature of an exception with a message."""
    raised = Raised(stage="forward", exception="ValueError", message=message, **more)
    return signature(Verdict(check="accepts", status="raised", stage="forward", raised=raised))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Incompatible shapes: [3,64] vs. [2,64]", "Incompatible shapes: [1,2] vs. [5,2]"),
        ("indices[0,1] = 9 is not in [0, 9)", "indices[2,0] = 11 is not in [0, 11)"),
        ("Can not squeeze lstm_3 of 'dense_1'", "Can not squeeze lstm_12 of 'dense_4'"),
        ("[[1.]\n [1.]] is no label", "[[1. 0.5]] is no label"),
        ("m_6_1/lstm_20_1/Read:0 enters a loop", "m/lstm/Read:0 enters a loop"),
        ("/home/one/model.py broke", "/srv/two/models/model.py broke"),
    ],
)
def test_what_varies_is_left_out(one, two):
    """Sizes, indices, automatic names, values of arrays and paths do not tell failures apart."""
    assert key(one) == key(two)


def test_what_tells_failures_apart():
    """Another sentence, another exception or another operation is another failure."""
    keys = {
        key("no such row"),
        key("no such column"),
        key("no such row", op="GatherV2"),
        key("no such row", mode="graph"),
    }
    assert len(keys) == 4
