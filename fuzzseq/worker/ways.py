"""Ways to run a model beside calling it: compiled by XLA, saved and read again, by ``predict``, on ragged tensors."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from fuzzseq.protocol.runs import Execution
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.subject import ForwardOutput, Subject, select_output
from fuzzseq.worker.variables import every_layer


def by_xla(built: ModelInstance, fed: Any) -> ForwardOutput:
    """Run a batch forward, compiled by XLA for its very shapes."""
    tensors = [value for value in tf.nest.flatten(fed) if tf.is_tensor(value)]

    def on_tensors(*given: Any) -> Any:
        left = iter(given)
        filled = [next(left) if tf.is_tensor(value) else value for value in tf.nest.flatten(fed)]
        output = built.subject.forward(tf.nest.pack_sequence_as(fed, filled), False)
        return output.scores, output.states

    scores, states = tf.function(on_tensors, jit_compile=True, autograph=False)(*tensors)
    return ForwardOutput(scores, states, scores)


def by_predict(built: ModelInstance, fed: Any) -> ForwardOutput:
    """Run a batch forward by ``predict``, all of its rows at once."""
    given = tf.nest.map_structure(lambda value: value.numpy() if tf.is_tensor(value) else value, fed)
    rows = next(value.shape[0] for value in tf.nest.flatten(given) if hasattr(value, "shape"))
    built.subject.mark.enter("forward")
    raw = tf.nest.map_structure(tf.convert_to_tensor, built.model.predict(given, batch_size=int(rows), verbose=0))
    scores = select_output(raw, built.spec.output)
    return ForwardOutput(scores, [], raw)


def by_reload(built: ModelInstance, fed: Any) -> ForwardOutput:
    """Run a batch forward on the model as a ``.keras`` file gives it back; it is written and read once."""
    if "reloaded" not in built.traced:
        built.subject.mark.enter("save")
        built.traced["reloaded"] = Subject(_reloaded(built), built.spec, built.subject.mark)
    reloaded: Subject = built.traced["reloaded"]
    return reloaded.forward(fed, False)


def _reloaded(built: ModelInstance) -> Any:
    """Return the model written to a file and read again, with the classes and functions of the user's file known."""
    with tempfile.TemporaryDirectory(prefix="fuzzseq-") as folder:
        file = Path(folder) / "model.keras"
        built.model.save(file)
        return KERAS.load_model(file, _user_names(built))


def _user_names(built: ModelInstance) -> dict[str, Any]:
    """Return what the user's own code calls its layers and functions: nobody has to register them for this."""
    module = sys.modules.get(getattr(built.target.factory, "__module__", ""))
    named = {name: value for name, value in vars(module).items() if callable(value)} if module else {}
    kinds = [type(layer) for layer in every_layer(built.model) if not KERAS.is_builtin(type(layer))]
    return {**named, **{kind.__name__: kind for kind in kinds}}


def ragged(arrays: Any) -> Any:
    """Return the source of a batch as a RaggedTensor."""
    return tf.RaggedTensor.from_tensor(tf.constant(arrays.source), lengths=tf.constant(arrays.source_length))


def dense(scores: Any) -> Any:
    """Return scores as a plain tensor."""
    return scores.to_tensor() if isinstance(scores, tf.RaggedTensor) else scores


#: The executions that have a function of their own.
EXECUTIONS: Final[dict[Execution, Callable[[ModelInstance, Any], ForwardOutput]]] = {
    "xla": by_xla,
    "saved": by_reload,
    "predicted": by_predict,
}
