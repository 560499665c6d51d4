"""The framework that models are made of: all that fuzzseq knows of the private side of Keras and TensorFlow."""

from __future__ import annotations

from typing import Final

from fuzzseq.worker.keras_api.keras3 import Keras3
from fuzzseq.worker.keras_api.protocol import KerasApi

#: The framework of this process. Each worker has one.
KERAS: Final[KerasApi] = Keras3()
