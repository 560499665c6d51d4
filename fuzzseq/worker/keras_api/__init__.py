"""The frameworks that models are made of: all that fuzzseq knows of the private side of Keras and TensorFlow."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from fuzzseq.worker.keras_api.protocol import KerasApi
from fuzzseq.worker.keras_api.supported import require_supported

# What looks into Keras cannot even be imported with one that is too old.
require_supported()
#: The frameworks of this process, as one.
KERAS: Final = cast(KerasApi, import_module("fuzzseq.worker.keras_api.frameworks").Frameworks())
