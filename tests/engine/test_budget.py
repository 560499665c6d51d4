"""The time of a run, shared out over its targets. The clock is the test's own."""

from __future__ import annotations

import pytest

from fuzzseq.engine.stop import TimeBudget


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def lasted(clock: Clock, shares: TimeBudget, *targets: str, need: float = 1e9) -> float:
    """Return how long targets are worked on at once, each until its part is over or it needs no more."""
    began, left = clock.now, list(targets)
    for target in targets:
        shares.begin(target)
    while left:
        clock.now += 0.25
        for target in tuple(left):
            if shares.over(target) or clock.now - began >= need:
                shares.end(target)
                left.remove(target)
    return clock.now - began


def test_one_after_the_other(clock):
    """Slow targets, each worked on alone, have the same time; the last one as much as the first."""
    shares = TimeBudget(60.0, 4, clock)
    assert [lasted(clock, shares, name) for name in "abcd"] == pytest.approx([15.0] * 4, abs=0.5)
    assert clock.now == pytest.approx(160.0, abs=0.5)


def test_two_at_once(clock):
    """Targets that are worked on at once have the time of both."""
    shares = TimeBudget(60.0, 4, clock)
    assert [lasted(clock, shares, *pair) for pair in ("ab", "cd")] == pytest.approx([30.0, 30.0], abs=0.5)


def test_what_is_left_over(clock):
    """What a quick target does not need, and one that cannot be used, falls to the others; so do more in a file."""
    shares = TimeBudget(60.0, 4, clock)
    assert lasted(clock, shares, "quick", need=3.0) == 3.0
    shares.expect(-1)
    assert lasted(clock, shares, "slow") == pytest.approx(28.5, abs=0.5)
    shares.expect(1)
    assert [lasted(clock, shares, name) for name in "cd"] == pytest.approx([14.25, 14.25], abs=0.5)


def test_the_last_word(clock):
    """Nothing goes on when the time of the run is over, whatever was lost before a target began."""
    shares = TimeBudget(60.0, 2, clock)
    clock.now += 59.0
    assert [lasted(clock, shares, name) for name in "ab"] == pytest.approx([0.5, 0.5], abs=0.25)
    shares.begin("late")
    assert shares.over("late")
    assert not TimeBudget(None, 2, clock).over("any")
