"""What Keras and TensorFlow hand over, as far as fuzzseq looks at it: they ship no types of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

#: Tensors in whatever lists, tuples and dicts a model takes or gives them.
Nest: TypeAlias = Any
#: A model of the user's: of Keras, an encoder and a decoder, or any callable. It has what it says that it has.
Model: TypeAlias = Any
#: A function of the framework's, or of the user's, whatever it takes.
Function: TypeAlias = Callable[..., Any]
#: The positional and the keyword arguments of a call that is passed on.
Args: TypeAlias = tuple[Any, ...]
Kwargs: TypeAlias = dict[str, Any]


class DType(Protocol):
    """The type of the numbers of a tensor."""

    name: str
    is_floating: bool
    is_integer: bool
    is_bool: bool


class _Array(Protocol):
    @property
    def shape(self) -> Sequence[int]:
        """Its sizes."""

    @property
    def dtype(self) -> DType:
        """The type of its numbers."""


class Tensor(_Array, Protocol):
    """A tensor of TensorFlow, or a symbol that stands for one; sizes of a symbol may be None."""

    name: str

    def __getitem__(self, key: object, /) -> Tensor: ...
    def __add__(self, other: object, /) -> Tensor: ...
    def __mul__(self, other: object, /) -> Tensor: ...


class Variable(_Array, Protocol):
    """A variable of Keras or of TensorFlow."""

    path: str
    trainable: bool
    handle: object

    def assign(self, value: object) -> object:
        """Give it another value."""


class Call(Protocol):
    """A call of a layer or an operation that a functional model is made of."""

    # In Keras 3
    arguments: inspect.BoundArguments
    input_tensors: Sequence[Tensor]
    # In tf-keras
    call_args: Sequence[Nest]
    call_kwargs: Mapping[str, Nest]
    keras_inputs: Sequence[Tensor]


class Layer(Protocol):
    """A layer, or an operation that a functional model is made of."""

    name: str
    _inbound_nodes: Sequence[Call]


class FunctionalModel(Layer, Protocol):
    """A model that was made of symbolic inputs and outputs."""

    layers: Sequence[Layer]
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]


class KerasModel(Layer, Protocol):
    """A model of Keras, which trains and is saved."""

    losses: Sequence[Tensor]

    def compute_loss(self, *, x: Nest, y: Nest, y_pred: Nest, sample_weight: Nest) -> Tensor:
        """Return the loss that it was compiled with."""

    def train_step(self, data: Nest) -> object:
        """Train on one batch."""

    def predict(self, x: Nest, *, batch_size: int, verbose: int) -> Nest:
        """Return outputs, in NumPy's arrays."""

    def save(self, file: Path) -> None:
        """Write it to a file."""
