"""The frameworks that models are made of: all that fuzzseq knows of the private side of Keras and TensorFlow."""

from __future__ import annotations

from typing import Final, cast

from fuzzseq.worker.keras_api.frameworks import Frameworks
from fuzzseq.worker.keras_api.protocol import KerasApi

#: The frameworks of this process, as one.
KERAS: Final = cast(KerasApi, Frameworks())
