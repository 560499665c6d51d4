"""From a factory and a setting of its dimensions to a model that is ready to run."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state

from fuzzseq.cases.case import Case
from fuzzseq.cases.states import state_shapes
from fuzzseq.checks.custom import custom_checks
from fuzzseq.protocol.runs import Precision, Run
from fuzzseq.seeds import seed_of_cases
from fuzzseq.targets.declaration import Declaration
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import CELLS, Spec
from fuzzseq.worker.losses import loss_function
from fuzzseq.worker.refusals import checked_model, declared_raises
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.subject import SteppedSubject, Subject
from fuzzseq.worker.tracking import TRACKER
from fuzzseq.worker.variables import (
    PlainAttributes,
    Snapshot,
    all_variables,
    every_layer,
    perturb_ulp,
    set_general_position,
    trainable_variables,
)

#: How far apart the seeds of two draws of weights are: cases have small seeds of their own.
_WEIGHTS_APART: Final = 104_729

#: Where Keras keeps the generator of what is drawn without a seed.
_KERAS_GENERATOR: Final = "global_seed_generator"


class Target:
    """A factory with what its user declared; it lives in the process that loaded the user's file."""

    def __init__(
        self, name: str, factory: Callable[..., Any], declaration: Declaration, more_checks: Iterable[Any] = ()
    ) -> None:
        """Keep the three; ``more_checks`` of the user's own come to those that are declared."""
        self.name, self.factory, self.declaration = name, factory, declaration
        self.custom_checks = custom_checks((*(self.option("custom_checks") or ()), *more_checks))

    def option(self, name: str) -> Any:
        """Return a declared option, or None."""
        return self.declaration.options.get(name)


#: What Keras is told to make everything of, for each precision: the type of floats, and the policy of layers.
_PRECISIONS: Final = {"double": ("float64", "float64"), "mixed": ("float32", "mixed_float16")}

#: The precision and the sizes that tell a model built anew from others.
_Anew = tuple[Precision, tuple[tuple[str, int], ...]]


@contextmanager
def _in_precision(precision: Precision) -> Iterator[None]:
    """Have Keras make everything of a precision for the length of a block.

    ``set_floatx`` alone does not: layers go by the policy, which stays what it was.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    wanted, by_policy = _PRECISIONS.get(precision, (floatx, policy))
    keras.config.set_floatx(wanted)
    keras.config.set_dtype_policy(by_policy)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def arguments(spec: Spec, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the keyword arguments that a factory is called with for a setting of the dimensions."""
    return {p.name: sizes[p.dimension] for p in spec.parameters if p.dimension in sizes}


def build_key(spec: Spec, case: Case) -> str:
    """Return what tells one built model from another: what the factory is called with, and the seed."""
    given = arguments(spec, case.sizes(spec, 0))
    return f"{sorted(given.items())} {case.seed}"


class ModelInstance:
    """A model for one setting of the dimensions, its weights in general position, and how to put it back."""

    def __init__(self, target: Target, spec: Spec, sizes: Mapping[str, int], seed: int, mark: StageBeacon) -> None:
        """Call the factory. What it raises is the model's failure at stage ``build``."""
        seed = seed_of_cases(seed)
        mark.enter("build")
        TRACKER.reset()
        TRACKER.kind, TRACKER.on_build = "build", None
        keras.utils.set_random_seed(seed)
        self.model = checked_model(target.name, target.factory(**arguments(spec, sizes)))
        self.target, self.spec, self.seed = target, spec, seed
        made = SteppedSubject if isinstance(self.model, EncoderDecoder) else Subject
        self.subject = made(self.model, spec, mark)
        self.loss = self._loss()
        self.traced: dict[str, Any] = {}
        self.known_shapes_pass: bool | None = None
        #: Whether a compiled model has done a training step of its own.
        self.stepped = False
        self._sizes, self._mark = sizes, mark
        self._others: dict[_Anew, ModelInstance] = {}
        self._plain = PlainAttributes(self.model)
        self._snapshot: Snapshot | None = None
        self.trainable: list[Any] = []

    def _loss(self) -> Any:
        """Return the loss; raises :class:`SpecError` for one that is declared and is none."""
        declared = self.target.option("loss")
        try:
            return loss_function(self.spec, self.model, declared)
        except (TypeError, ValueError) as error:
            if declared is None:
                raise
            raise declared_raises(self.target.name, f"loss={declared!r}", error) from None

    @property
    def settled(self) -> bool:
        """Whether the model has all its variables, and they are in general position."""
        return self._snapshot is not None

    @property
    def rows(self) -> int | None:
        """How many rows every batch has to have: those of the first one, where a recurrent layer keeps its state."""
        return self._snapshot.rows if self._snapshot is not None else None

    def settle(self) -> None:
        """Set the weights, once the model was called and has them all, and remember everything."""
        self._plain.restore()
        self.trainable = trainable_variables(self.model)
        set_general_position(all_variables(self.model), self.seed)
        self._snapshot = Snapshot(self.model)

    @contextmanager
    def anew(self, run: Run) -> Iterator[ModelInstance]:
        """Give the model built as a run wants it otherwise, to run in the block.

        It is of another precision, as far as it is Keras that makes it, or of other sizes.
        """
        key: _Anew = (run.precision, run.dimensions)
        with _in_precision(run.precision):
            if key not in self._others:
                sizes = {**self._sizes, **dict(run.dimensions)}
                self._others[key] = ModelInstance(self.target, self.spec, sizes, self.seed, self._mark)
            yield self._others[key]

    def reset(self, run: Run) -> None:
        """Put everything back, but for what the run wants otherwise: the random generators, variables, attributes."""
        TRACKER.kind = (run.until, run.training, run.mode, run.execution) if self.settled else "build"
        if TRACKER.draws():
            tf.random.set_seed(self.seed + run.repetition)
        _seed_generators(self.seed + run.repetition)
        self.put_back(run)

    def put_back(self, run: Run) -> None:
        """Put every variable and attribute back, but for what the run wants otherwise: random state, weights."""
        TRACKER.reset()
        TRACKER.on_build = self._plain.take
        self._plain.restore()
        if self._snapshot is not None:
            self._snapshot.restore()
            self._snapshot.stir(run.repetition)
            if run.weights:
                set_general_position(all_variables(self.model), self.seed + _WEIGHTS_APART * run.weights)
            if run.ulp_perturbed:
                perturb_ulp(self.trainable, run.ulp_perturbed)

    def state_shapes(self, sizes: Mapping[str, int]) -> Any:
        """Return the nested shapes of the initial state for a batch; an empty list where the model takes none."""
        declared = self.target.option("initial_state")
        if callable(declared):
            named = inspect.signature(declared).parameters
            return declared(**{name: sizes[name] for name in named if name in sizes})
        if self.spec.initial_state == "inputs":
            return [
                tuple(sizes["batch_size"] if size is None else int(size) for size in tensor.shape)
                for tensor, item in zip(flat_inputs(self.model), self.spec.inputs, strict=False)
                if item.role == "state"
            ]
        if self.spec.initial_state not in CELLS:
            return []
        return self._cell_shapes(sizes)

    def _cell_shapes(self, sizes: Mapping[str, int]) -> Any:
        """Return the shapes for a named cell: flat, or a list for each layer where the model has a number of layers."""
        units = next((sizes[name] for name in ("units", "encoder_units", "decoder_units") if name in sizes), None)
        if units is None:
            units = next((int(x.units) for x in _recurrent(self.model)), 1)
        counted = next((name for name in ("num_layers", "num_encoder_layers") if name in sizes), None)
        layers = sizes[counted] if counted else 1
        flat = state_shapes(
            str(self.spec.initial_state), batch_size=sizes["batch_size"], units=units, num_layers=layers
        )
        each = len(flat) // layers
        return [list(flat[i : i + each]) for i in range(0, len(flat), each)] if counted else list(flat)


def _seed_generators(seed: int) -> None:
    """Set the generators that a model may draw from outside of TensorFlow: Python's, NumPy's, and Keras' own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (what a model draws from is not ours to choose)
    generator = global_state.get_global_attribute(_KERAS_GENERATOR)
    if generator is not None:
        generator.state.assign([seed % 2**32, 0])


def flat_inputs(model: Any) -> list[Any]:
    """Return the symbolic inputs of a functional model in the order in which they are given."""
    structure = getattr(model, "_inputs_struct", None)
    if isinstance(structure, Mapping):
        return [structure[key] for key in structure]
    return list(getattr(model, "inputs", None) or [])


def _recurrent(model: Any) -> list[Any]:
    """Return the layers of a model that have units and states."""
    return [layer for layer in every_layer(model) if isinstance(layer, keras.layers.LSTM | keras.layers.GRU)]
