"""What fuzzseq needs of a framework of layers: Keras 3, and tf-keras."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import CodeType
from typing import Protocol, TypeGuard

import attrs

from fuzzseq.targets.traits import Framework as FrameworkName
from fuzzseq.worker.keras_api.objects import (
    Args,
    Function,
    FunctionalModel,
    KerasModel,
    Kwargs,
    Layer,
    Model,
    Nest,
    Tensor,
    Variable,
)


@attrs.frozen(kw_only=True, eq=False)
class Origin:
    """What a symbolic tensor comes from.

    Attributes:
        operation: the layer or the operation that gave it.
        call: which of its calls did, see :meth:`KerasApi.inputs_of_calls`.
        index: which of the outputs of that call it is.
    """

    operation: Layer
    call: int
    index: int


class Listener(Protocol):
    """Who hears what a model does; ``original`` and ``call`` are what the framework would have done unheard."""

    #: Whether lazy layers are built by the eager call itself, with no dry run with symbols before it.
    builds_eagerly: bool

    def layer_called(self, call: Function, layer: Layer, args: Args, kwargs: Kwargs) -> Nest:
        """Return ``call(layer, *args, **kwargs)``."""

    def operation_added(self, operation: Layer) -> None:
        """Hear that a function of the framework put an operation into a model: it is never called itself."""

    def model_compiled(self) -> None:
        """Hear that a model was compiled."""

    def layer_built(self, layer: Layer) -> None:
        """Hear that a ``build`` of the layer's own has ended."""

    def random_drawn(self) -> None:
        """Hear that an operation drew from TensorFlow's global generator, or was traced that will."""

    def function_called(self, code: CodeType, args: Nest) -> None:
        """Hear what a ``tf.function`` is called with."""

    def softmax_computed(self, result: Nest, axis: int) -> None:
        """Hear what a softmax gave."""


class Framework(Protocol):
    """Layers, models and losses of one framework. It keeps nothing: what it says is of what it is asked about.

    Attributes:
        compiled_loss_names: what a training step of the user's own calls the compiled loss, or what computes it.
        variable_owners: classes of what is a variable or holds some, apart from TensorFlow's own.
    """

    compiled_loss_names: frozenset[str]
    variable_owners: tuple[type, ...]

    def moved(self) -> str:
        """Return a sentence about private names that the installed version lacks, if any; it runs no operation."""

    def versions(self) -> dict[str, str]:
        """Return the version of the framework, by the name of its package."""

    def install_hooks(self) -> None:
        """Have whoever listens hear of every call of its layers in this process."""

    # Kinds

    def is_layer(self, value: object) -> bool:
        """Say whether a value is a layer; a model is one."""

    def is_model(self, value: object) -> bool:
        """Say whether a value is a model."""

    def is_functional(self, value: object) -> TypeGuard[FunctionalModel]:
        """Say whether a value is a model that was made of symbolic inputs and outputs."""

    def is_symbolic(self, value: object) -> bool:
        """Say whether a value is a symbolic tensor of a functional model."""

    def is_variable(self, value: object) -> TypeGuard[Variable]:
        """Say whether a value is a variable, the framework's or TensorFlow's."""

    def is_builtin(self, value: object) -> bool:
        """Say whether a class, a method or a function is the framework's own, and nobody's who uses it."""

    def overrides(self, model: Model, method: str) -> bool:
        """Say whether a model's class has a method of the user's own."""

    def is_recurrent(self, layer: Layer) -> bool:
        """Say whether a layer runs over steps, and can be given an initial state."""

    def is_output_layer(self, layer: object) -> bool:
        """Say whether a layer is such as models end in that score tokens: dense, softmax, activation."""

    def joins_states(self, operation: Layer) -> bool:
        """Say whether an operation gives what it is given, joined at most."""

    def is_operator(self, code: CodeType) -> bool:
        """Say whether code is that of an operator between symbolic tensors."""

    def tracing(self, model: Model) -> AbstractContextManager[None]:
        """Have Python's control flow in the layers of a model become operations as it does when the model is fitted."""

    # Structure

    def call_of(self, model: Model) -> Function:
        """Return the function whose parameters are a model's inputs: the model's own, or itself where it is none."""

    def layers(self, layer: object) -> Iterable[Layer]:
        """Return a layer and all layers inside of it; nothing for what is no layer."""

    def children(self, layer: Layer | None) -> list[Layer]:
        """Return the layers, or the operations, directly under a layer, in order."""

    def input_structure(self, model: Model) -> Nest:
        """Return the symbolic inputs of a functional model in the structure in which they are given."""

    def automatic_name(self, layer: Layer) -> str:
        """Return what the framework calls a layer of this class that was given no name, but for its number."""

    def own_weights(self, layer: Layer) -> Iterable[Variable]:
        """Return the trainable variables of a layer without those of layers inside of it."""

    def table_rows(self, layer: Layer) -> int | None:
        """Return how many ids an embedding has rows for; None for another layer."""

    def vocabulary(self, layer: Model) -> list[str]:
        """Return the words that a layer finds ids for, in their order; none for a layer that takes no strings."""

    def dropout_rate(self, layer: Layer) -> float:
        """Return which share of its inputs, or its states, a layer of the framework's drops in training; 0 for none."""

    def mask_value(self, layer: Layer) -> float | None:
        """Return the value of a step that a ``Masking`` layer leaves out; None for another layer."""

    def state_names(self, layer: Layer) -> str:
        """Return the states of an LSTM, ``hc``, or of a GRU, ``h``; empty for another layer."""

    def forward_layer(self, layer: Layer) -> Layer | None:
        """Return the layer that a bidirectional one runs forward; None for another layer."""

    def framework_attributes(self, layer: Layer) -> frozenset[str]:
        """Return the names of the attributes that the framework itself gives to layers and models of every kind."""

    def defect(self, layer: Layer) -> str:
        """Return what a layer of this class does wrong in the installed release itself; empty for all others."""

    # Lineage

    def origin(self, tensor: Tensor) -> Origin | None:
        """Return what a symbolic tensor comes from; None for another value."""

    def given_states(self, layer: Layer, args: Args, kwargs: Kwargs) -> Nest:
        """Return the initial states in the arguments of a recurrent layer's call; None where there are none."""

    def initial_states(self, layer: Layer) -> list[Tensor]:
        """Return the symbolic states that an LSTM or a GRU was last given when its model was made."""

    def inputs_of_calls(self, operation: Layer) -> list[list[Tensor]]:
        """Return the symbolic tensors that an operation was given, for each call that models are made of."""

    def training_of_calls(self, operation: Layer) -> list[object]:
        """Return what an operation was told of training in each call that models are made of; None for nothing."""

    # Masks and values

    def copy_mask(self, tensor: Tensor, other: Tensor) -> None:
        """Have another tensor carry the mask that a tensor carries, if any."""

    def kept_states(self, layer: Layer) -> list[Tensor]:
        """Return the states that a stateful layer keeps from batch to batch."""

    def reset_states(self, layer: Layer) -> None:
        """Have a stateful layer begin anew."""

    def handle(self, variable: Variable) -> object:
        """Return the resource of TensorFlow's that a variable is kept in."""

    def is_seed(self, path: str) -> bool:
        """Say whether a variable of this path is the state of a random generator."""

    def seed_counter(self, layer: Layer) -> int | None:
        """Return the number that a layer with a seed counts up with each draw, outside of any variable; None else."""

    def set_seed_counter(self, layer: Layer, count: int) -> None:
        """Set it."""

    # Losses

    def is_compiled(self, model: Model) -> bool:
        """Say whether a model was compiled."""

    def has_compiled_loss(self, model: Model) -> bool:
        """Say whether a model was compiled with a loss."""

    def compiled_loss(self, model: Model) -> Nest:
        """Return the loss, or the losses, that a model was compiled with, as its user gave them."""

    def has_weighted_metrics(self, model: Model) -> bool:
        """Say whether a model was compiled with metrics that count each label by its sample weight."""

    def has_metrics(self, model: Model) -> bool:
        """Say whether a model was compiled with metrics beside its loss."""

    def has_stock_step(self, model: Model) -> bool:
        """Say whether a compiled model trains as the framework does it, and measures nothing beside its loss."""

    def is_regression(self, model: Model, loss: object) -> bool:
        """Say whether a loss, or its name, is the framework's own and compares values: not classes."""

    def is_categorical(self, model: Model, loss: object) -> bool:
        """Say whether a loss, or its name, is the framework's own of one-hot labels."""

    def is_ctc(self, model: Model, loss: object) -> bool:
        """Say whether a loss, or its name, is the framework's own of CTC."""

    def needs_positive(self, model: Model, loss: object) -> bool:
        """Say whether it is one that takes the logarithm of labels, or divides by them."""

    def loss(self, model: Model, identifier: object) -> Function:
        """Return the loss of a name."""

    def cross_entropy(self, labels: Tensor, scores: Tensor, from_logits: bool) -> Tensor:
        """Return the cross-entropy of each step; labels are ids (batch, steps), or one-hot."""

    # The process

    def seed(self, seed: int) -> None:
        """Seed everything that a model may draw from, TensorFlow's global generator among it."""

    def seed_generator(self, seed: int) -> None:
        """Seed the framework's own generator, where anything has drawn from it yet."""

    def precision(self, floats: str | None, layers: str | None) -> AbstractContextManager[None]:
        """Have everything made of a type of floats, and layers of a policy, in the block; None leaves either."""

    def load_model(self, model: Model, file: Path, names: Mapping[str, object]) -> KerasModel:
        """Return the model of a ``.keras`` file that ``model`` was written to; its classes may be among ``names``."""

    def open_model(self, file: Path, names: Mapping[str, object]) -> KerasModel:
        """Return the compiled model of a ``.keras`` file of the user's; raises what its loading raises.

        Nothing is unpickled: a file with code in it, that of a Lambda layer, is refused by the framework.
        """


class KerasApi(Framework, Protocol):
    """The frameworks of this process as one: each answers for what is its own, and all of them for the process."""

    def versions_with(self, framework: FrameworkName) -> dict[str, str]:
        """Return the versions that a finding of a model depends on, by the names of the packages."""

    def framework(self, layer: Layer | None) -> FrameworkName:
        """Return the module of the framework that a layer is of; that of Keras 3 for none."""

    def ran_operations(self) -> bool:
        """Say whether this process has started TensorFlow's runtime, after which forking it deadlocks."""

    def operations_heard(self, hear: Callable[[str, Args, Args], None]) -> AbstractContextManager[None]:
        """Have ``hear(name, inputs, outputs)`` told of each operation of TensorFlow's that is done in the block."""

    def whole_tracebacks(self) -> AbstractContextManager[None]:
        """Have the frameworks leave their own frames on what is raised in the block."""

    def listen(self, listener: Listener | None) -> None:
        """Let a listener hear of every call in this process from now on, in the place of the one before; or nobody."""
