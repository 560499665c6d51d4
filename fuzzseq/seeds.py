"""Seeds of any size, made such that every generator takes them: Keras' and TensorFlow's have 32 bits."""

from __future__ import annotations

from typing import Final

_SIZE: Final = 2**32


def seed_of_cases(seed: int) -> int:
    """Return the seed, below 2 ** 32, that stands for one of any size: a small one for itself."""
    if seed < _SIZE:
        return seed
    import numpy as np  # noqa: PLC0415 (what is read by --help waits for nothing)

    return int(np.random.SeedSequence(seed).generate_state(1)[0])
