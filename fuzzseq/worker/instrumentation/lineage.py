"""What the tensors of a run are made of, and what the operation that raised was given.

TensorFlow tells of each operation once it is done: what it gives is made of what it was given. One that raises is told
of by its frame on the traceback alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any, Final, get_args

import tensorflow as tf

from fuzzseq.protocol.outcome import Operand, TensorRole
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.worker.instrumentation.recording import shapes
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Layer, Nest, Tensor

#: The attribute of a tensor that a model is given that says what it stands for.
FED_AS: Final = "_fed_as"

_Roles = frozenset[TensorRole]
_NOTHING: Final[_Roles] = frozenset()
#: Operations as TensorFlow and Keras call them, in small letters and without a version.
_COMPARED: Final = ("equal", "notequal", "less", "lessequal", "greater", "greaterequal")
_COMPARISONS: Final = (*_COMPARED, "logicaland", "logicalor", "logicalnot", "matrixbandpart")
_PRODUCTS: Final = ("matmul", "batchmatmul", "einsum", "dot")
_SIZES: Final = ("shape", "shapen", "size", "rank", "range", "fill", "const", "zeroslike", "oneslike")
_CHOICES: Final = ("select", "where")
_RESHAPES: Final = ("reshape", "batchtospacend", "spacetobatchnd")
_ATTENTIONS: Final = ("multiheadattention", "groupedqueryattention", "attention", "additiveattention")
#: TensorFlow's modules whose functions each are one operation, by the beginning of their files' names.
_OPERATIONS: Final = "gen_"


class Lineage:
    """What is known of the tensors since the block began."""

    def __init__(self) -> None:
        self._roles: dict[int, _Roles] = {}
        self._kept: list[Tensor] = []  # Another tensor may have the number of one that is gone.
        self._rows: int | None = None
        #: What the operation that raised was given.
        self.operands: tuple[Operand, ...] = ()

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow the operations of a block, whose tracebacks are whole."""
        with ExitStack() as stack:
            stack.enter_context(KERAS.operations_heard(self._heard))
            stack.enter_context(KERAS.whole_tracebacks())
            yield

    def called(self, layer: Layer, result: Nest) -> None:
        """Take note of what a recurrent layer gave: its output is no state, unless it is the last one asked for."""
        if not KERAS.is_recurrent(layer):
            return
        output, *states = tf.nest.flatten(result)
        self._learn(output, self.roles(output) - {"state"})
        for state in states:
            self._learn(state, frozenset(("state",)))

    def raised(self, trace: TracebackType | None, given: Sequence[Nest], traced: bool) -> None:
        """Take note of an exception: what its operation was given; else what the innermost layer was.

        One of an eager run says more than that of a trace before it.
        """
        if self.operands and traced:
            return
        frames = [frame for frame, _ in walk_tb(trace)]
        operations = [frame for frame in frames if Path(frame.f_code.co_filename).name.startswith(_OPERATIONS)]
        users = [place for place, frame in enumerate(frames) if is_users(frame.f_code.co_filename)]
        called = frames[users[-1] + 1 :] if users else []
        for frame in (*operations[-1:], *called[:1]):
            if tensors := _arguments(frame):
                break
        else:
            tensors = _tensors(given)
        self.operands = tuple(
            Operand(shape=shape, roles=tuple(role for role in get_args(TensorRole) if role in self.roles(tensor)))
            for tensor in tensors
            for shape in shapes([tensor])
        )

    def roles(self, tensor: Tensor) -> _Roles:
        """Return what a tensor is made of."""
        known = self._roles.get(id(tensor))
        if known is not None:
            return known
        fed = getattr(tensor, FED_AS, None)
        if fed is not None:
            self._rows = self._rows or next(iter(tensor.shape), None)
            return frozenset((fed,))
        if KERAS.is_variable(tensor):
            return frozenset(("weight",))
        found = self._of_symbol(tensor) if KERAS.is_symbolic(tensor) else _NOTHING
        self._learn(tensor, found)
        return found

    def _of_symbol(self, tensor: Tensor) -> _Roles:
        origin = KERAS.origin(tensor)
        if origin is None:
            return _NOTHING
        calls = KERAS.inputs_of_calls(origin.operation)
        inputs = calls[origin.call] if origin.call < len(calls) else []
        if KERAS.is_recurrent(origin.operation):
            return frozenset(("state",)) if origin.index else self._joined(inputs[:1]) - {"state"}
        return self._given(type(origin.operation).__name__, inputs)

    def _heard(self, name: str, inputs: Args, outputs: Args) -> None:
        roles = self._given(name, inputs)
        for output in outputs:
            if roles - {"weight"} and name.lower() in _RESHAPES and output.shape.rank and self._rows:
                same = output.shape[0] in (self._rows, None)
                roles = roles - {"regrouped"} if same else roles | {"regrouped"}
            self._learn(output, roles)

    def _given(self, name: str, inputs: Sequence[Any]) -> _Roles:
        """Return the roles of what an operation gives."""
        kind = name.lower().rstrip("v0123456789")
        made = [self.roles(each) for each in (inputs[1:] if kind in _CHOICES else inputs)]
        joined: _Roles = frozenset().union(*made)
        # The table of an embedding and the kernel of a dense layer are read; what is multiplied with them stays itself.
        without: _Roles = joined - {"weight"} or joined
        if kind == "readvariableop":
            return frozenset(("weight",))
        if kind in _SIZES:
            return _NOTHING
        if kind in _COMPARISONS:
            return frozenset(("mask",))
        if kind in _ATTENTIONS:
            return without | {"context"}
        if kind.endswith("softmax"):
            return without - {"scores"} | {"attention"}
        if kind in _PRODUCTS and sum(bool(each - {"weight"}) for each in made) > 1:
            return without - {"scores", "attention"} | ({"context"} if "attention" in joined else {"scores"})
        return without

    def _joined(self, tensors: Sequence[Tensor]) -> _Roles:
        return frozenset().union(*(self.roles(tensor) for tensor in tensors))

    def _learn(self, tensor: Tensor, roles: _Roles) -> None:
        self._roles[id(tensor)] = roles
        self._kept.append(tensor)


def _arguments(frame: FrameType) -> list[Tensor]:
    """Return the tensors among the arguments of a call, in order."""
    code, values = frame.f_code, frame.f_locals
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + 2]
    return _tensors([value for name in named if not isinstance(value := values.get(name), FrameType)])


def _tensors(nest: Nest) -> list[Tensor]:
    return [each for each in tf.nest.flatten(nest) if tf.is_tensor(each) or KERAS.is_symbolic(each)]
