"""Models that nobody here wrote: KerasHub's BART and T5, declared in a few lines."""

from __future__ import annotations

import pytest

from tests.zoo.test_zoo import found_in


@pytest.mark.slow
def test_published_backbones_are_let_be() -> None:
    """KerasHub's backbones, which thousands train, have no finding."""
    found = found_in(["tests/models/bart.py:bart", "tests/models/t5.py:t5"], cases=40)
    assert not any(found.values()), found
