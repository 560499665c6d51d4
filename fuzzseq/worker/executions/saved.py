"""Written to a ``.keras`` file and read again, with the classes and functions of the user's file known."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput, Subject
from fuzzseq.worker.variables import every_layer

SCRIPT: Final = (
    "# Written to a file and read again, with every class and function of the factory's file known.",
    "known = {{name: value for name, value in vars(sys.modules[{factory}.__module__]).items() if callable(value)}}",
    "with tempfile.TemporaryDirectory() as folder, keras.saving.custom_object_scope(known):",
    '    model.save(Path(folder) / "model.keras")',
    '    model = keras.saving.load_model(Path(folder) / "model.keras", compile=False, safe_mode=False)',
    "output = {forward}",
)


def forward(built: ModelInstance, fed: Nest) -> ForwardOutput:
    """Run a batch forward on the model that is read; it is written and read once."""
    if built.reloaded is None:
        built.subject.mark.enter("save")
        # Nobody has to register what the user's own code calls its layers and functions.
        module = sys.modules.get(getattr(built.target.factory, "__module__", ""))
        known = {name: value for name, value in vars(module).items() if callable(value)} if module else {}
        kinds = [type(layer) for layer in every_layer(built.model) if not KERAS.is_builtin(type(layer))]
        with tempfile.TemporaryDirectory(prefix="fuzzseq-") as folder:
            file = Path(folder) / "model.keras"
            built.model.save(file)
            model = KERAS.load_model(built.model, file, {**known, **{kind.__name__: kind for kind in kinds}})
        built.reloaded = Subject(model, built.spec, built.subject.mark)
    return built.reloaded.forward(fed, False)
