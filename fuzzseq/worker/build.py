"""From a factory and a setting of its dimensions to a model that is ready to run."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import tensorflow as tf

from fuzzseq.cases.case import Case
from fuzzseq.cases.states import state_shapes
from fuzzseq.checks.custom import custom_checks
from fuzzseq.protocol.runs import AlternativeRun, ChunkedRun, ForwardRun, Run, mode_of
from fuzzseq.reproduce.runtime import input_shapes, set_general_position
from fuzzseq.seeds import seed_of_cases
from fuzzseq.targets.contract import CELLS
from fuzzseq.targets.declaration import Declaration
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import variables
from fuzzseq.worker.built_models import BuiltModel, with_inference_models
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model, Nest, Tensor, Variable
from fuzzseq.worker.losses import loss_function
from fuzzseq.worker.refusals import checked_model, declared_raises
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.subject import SteppedSubject, Subject
from fuzzseq.worker.tracing import Traced

#: How far apart the seeds of two draws of weights are: cases have small seeds of their own.
_WEIGHTS_APART: Final = 104_729


class LoadedFactory:
    """A factory with what its user declared, and more checks; it lives in the process that loaded the user's file."""

    def __init__(
        self,
        name: str,
        factory: Function,
        declaration: Declaration,
        tracker: Tracker,
        checks: Iterable[object] = (),
        *,
        identity: str = "",
    ) -> None:
        self.identity = identity
        self.name, self.factory, self.declaration, self.tracker = name, factory, declaration, tracker
        self.custom_checks = custom_checks((*(self.option("custom_checks") or ()), *checks))

    def option(self, name: str) -> Any:
        """Return a declared option, or None."""
        return self.declaration.options.get(name)


#: What Keras makes everything of, for each precision: the type of floats, and the policy of layers.
_PRECISIONS: Final = {"double": ("float64", "float64"), "mixed": ("float32", "mixed_float16")}


def arguments(spec: Spec, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the keyword arguments that a factory is called with for a setting of the dimensions."""
    return {p.name: sizes[p.dimension] for p in spec.contract.parameters if p.dimension in sizes}


def build_key(spec: Spec, case: Case) -> str:
    """Return the key of a built model: what the factory is called with, and the seed."""
    given = arguments(spec, case.sizes(spec.contract, 0))
    return f"{sorted(given.items())} {case.seed}"


class ModelInstance:
    """A model for one setting of the dimensions, its weights in general position, and how to put it back."""

    def __init__(
        self, target: LoadedFactory, spec: Spec, sizes: Mapping[str, int], seed: int, mark: StageBeacon
    ) -> None:
        """Call the factory: what it raises is the model's failure; :class:`SpecError` for a loss that is none."""
        seed = seed_of_cases(seed)
        mark.enter("build")
        self.tracker = target.tracker
        self.tracker.reset()
        self.tracker.kind, self.tracker.on_build = "build", None
        KERAS.seed(seed)
        returned, self.inference = with_inference_models(target.factory(**arguments(spec, sizes)))
        self.model = checked_model(target.name, returned)
        #: All that has variables to put back.
        self._whole = (self.model, self.inference) if self.inference else self.model
        self.target, self.spec, self.seed = target, spec, seed
        made = SteppedSubject if isinstance(self.model, EncoderDecoder) else Subject
        self.subject = made(self.model, spec, mark)
        declared = target.option("loss")
        try:
            self.loss = loss_function(spec, self.model, declared)
        except (TypeError, ValueError) as error:
            if declared is None:
                raise
            raise declared_raises(target.name, f"loss={declared!r}", error, self.tracker) from None
        self.traced: dict[str, Traced] = {}
        #: The model as a file gives it back, once it was written to one.
        self.reloaded: Subject | None = None
        self.known_shapes_pass: bool | None = None
        #: Whether a compiled model has done a training step of its own.
        self.stepped = False
        self._sizes, self._mark = sizes, mark
        #: By precision and sizes.
        self._others: dict[tuple[object, ...], ModelInstance] = {}
        self._plain = variables.PlainAttributes(self._whole)
        self._snapshot: variables.Snapshot | None = None
        self.trainable: list[Variable] = []

    @property
    def initialized(self) -> bool:
        """Whether the model has all its variables, and they are in general position."""
        return self._snapshot is not None

    @property
    def rows(self) -> int | None:
        """How many rows every batch has to have: those of the first one, where a recurrent layer keeps its state."""
        return self._snapshot.rows if self._snapshot is not None else None

    def init_weights(self) -> None:
        """Set the weights, once the model was called and has them all, and remember everything."""
        self._plain.restore()
        self.trainable = variables.trainable_variables(self.model)
        everything = variables.all_variables(self._whole)
        if isinstance(self.target.factory, BuiltModel):
            self.target.factory.put_back(everything)
        set_general_position(everything, self.seed)
        self._snapshot = variables.Snapshot(self._whole)

    def take_weights(self, other: ModelInstance) -> bool:
        """Take the weights of another instance, once both have all; say whether they fit.

        The table of an embedding may have more rows here, which stay as they are; so does what is not trained.
        """
        own, given = self.variables(), other.variables()
        layers = variables.every_layer(self.model)
        tables = {id(v) for layer in layers if KERAS.table_rows(layer) for v in KERAS.own_weights(layer)}
        if len(own) != len(given):
            return False
        other.put_back_variables()
        for variable, weight in zip(own, given, strict=True):
            value, shape = np.asarray(weight), tuple(variable.shape)
            if value.shape != shape and id(variable) in tables and len(value) < shape[0]:
                value = np.concatenate([value, np.asarray(variable)[len(value) :]])
            if value.shape == shape:
                variable.assign(value)
            elif variable.trainable:
                return False
        self._snapshot = variables.Snapshot(self._whole)
        return True

    def variables(self) -> list[Variable]:
        """Return every variable, each once."""
        return variables.all_variables(self._whole)

    def put_back_variables(self) -> None:
        """Put every variable back."""
        if self._snapshot is not None:
            self._snapshot.restore()

    @contextmanager
    def anew(self, run: Run) -> Iterator[ModelInstance]:
        """Give the model built as a run wants it otherwise, to run in the block.

        It is of another precision, as far as it is Keras that makes it, or of other sizes.
        """
        key = (run.precision, run.dimensions, run.same_weights)
        with KERAS.precision(*_PRECISIONS.get(run.precision, (None, None))):
            if key not in self._others:
                sizes = {**self._sizes, **dict(run.dimensions)}
                self._others[key] = ModelInstance(self.target, self.spec, sizes, self.seed, self._mark)
            yield self._others[key]

    def reset(self, run: Run) -> None:
        """Put everything back, but for what the run wants otherwise: the random generators, variables, attributes."""
        seed = self.seed + run.repetition
        # What is alike in runs that draw from the random generators in the same way.
        match run:
            case _ if not self.initialized:
                self.tracker.kind = "build"
            case ForwardRun():
                self.tracker.kind = "forward", run.mode, run.training
            case ChunkedRun():
                self.tracker.kind = "forward", "eager", False
            case AlternativeRun():
                self.tracker.kind = "forward", run.execution
            case _:
                self.tracker.kind = run.kind, mode_of(run)
        if self.tracker.draws():
            tf.random.set_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 (what a model draws from is not ours to choose)
        KERAS.seed_generator(seed)
        self.put_back(run)

    def put_back(self, run: Run) -> None:
        """Put every variable and attribute back, but for what the run wants otherwise: random state, weights."""
        self.tracker.reset()
        self.tracker.on_build = self._plain.take
        self._plain.restore()
        if self._snapshot is not None:
            self._snapshot.restore()
            self._snapshot.advance_rng(run.repetition)
            if run.weights:
                set_general_position(variables.all_variables(self._whole), self.seed + _WEIGHTS_APART * run.weights)
            if run.ulp_perturbed:
                variables.perturb_ulp(self.trainable, run.ulp_perturbed)

    def state_shapes(self, sizes: Mapping[str, int]) -> Nest:
        """Return the nested shapes of the initial state for a batch; an empty list where the model takes none.

        Those of a named cell are flat, or a list for each layer where the model has a number of layers.
        """
        declared = self.target.option("initial_state")
        if callable(declared):
            named = inspect.signature(declared).parameters
            return declared(**{name: sizes[name] for name in named if name in sizes})
        if self.spec.contract.initial_state == "inputs":
            inputs = zip(flat_inputs(self.model), self.spec.contract.inputs, strict=False)
            return input_shapes(sizes["batch_size"], *(tensor for tensor, item in inputs if item.role == "state"))
        if self.spec.contract.initial_state not in CELLS:
            return []
        units = next((sizes[name] for name in ("units", "encoder_units", "decoder_units") if name in sizes), None)
        if units is None:
            cells = (layer for layer in variables.every_layer(self.model) if KERAS.state_names(layer))
            units = next((int(getattr(layer, "units", 1)) for layer in cells), 1)
        counted = next((name for name in ("num_layers", "num_encoder_layers") if name in sizes), None)
        layers = sizes[counted] if counted else 1
        cell = str(self.spec.contract.initial_state)
        flat = state_shapes(cell, batch_size=sizes["batch_size"], units=units, num_layers=layers)
        each = len(flat) // layers
        return [list(flat[i : i + each]) for i in range(0, len(flat), each)] if counted else list(flat)


def flat_inputs(model: Model) -> list[Tensor]:
    """Return the symbolic inputs of a functional model in the order in which they are given."""
    structure = KERAS.input_structure(model)
    return list(structure.values()) if isinstance(structure, Mapping) else list(getattr(model, "inputs", None) or [])
