"""Keras 3 and tf-keras as one: what is asked of a layer, a model or a tensor is answered by the framework it is of."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

import keras
import tensorflow as tf

from fuzzseq.errors import SpecError
from fuzzseq.files.saved_models import is_of_tf_keras
from fuzzseq.targets.traits import Framework as FrameworkName
from fuzzseq.worker.keras_api import hooks
from fuzzseq.worker.keras_api.keras3 import Keras3
from fuzzseq.worker.keras_api.objects import Args, KerasModel, Layer
from fuzzseq.worker.keras_api.protocol import Framework, Listener

_KERAS_3 = Keras3()
_LEGACY: Final = "tf_keras"
#: What to do where a model needs tf-keras.
HOW_TO_INSTALL: Final = "pip install 'fuzzseq[tf-keras]'"


class Frameworks:
    """See :class:`fuzzseq.worker.keras_api.protocol.KerasApi`; what is not here is a question to one of them."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def ask(about: object, *more: object, **named: object) -> object:
            answer: object = getattr(framework_of(about), name)(about, *more, **named)
            return answer

        return ask

    def framework(self, layer: Layer | None) -> FrameworkName:
        return "keras" if framework_of(layer) is _KERAS_3 else "tf_keras"

    def moved(self) -> str:
        return " ".join(said for framework in _imported() if (said := framework.moved()))

    def versions_with(self, framework: FrameworkName) -> dict[str, str]:
        own = {"python": platform.python_version(), "tensorflow": tf.__version__}
        return own | (_KERAS_3 if framework == "keras" else _tf_keras()).versions()

    def ran_operations(self) -> bool:
        from tensorflow.python.eager import context  # noqa: PLC0415

        active = context._context
        return active is not None and active._context_handle is not None

    @contextmanager
    def operations_heard(self, hear: Callable[[str, Args, Args], None]) -> Iterator[None]:
        from tensorflow.python.framework import op_callbacks  # noqa: PLC0415 (it may have moved: see private_names)

        def done(
            name: str | bytes, inputs: Args, _attributes: object, outputs: Args, *_more: object, **_named: object
        ) -> None:
            hear(name.decode() if isinstance(name, bytes) else name, inputs, outputs)

        op_callbacks.add_op_callback(done)
        try:
            yield
        finally:
            op_callbacks.remove_op_callback(done)

    @contextmanager
    def whole_tracebacks(self) -> Iterator[None]:
        with ExitStack() as stack:
            for settings in (tf.debugging, keras.config):
                if settings.is_traceback_filtering_enabled():
                    settings.disable_traceback_filtering()
                    stack.callback(settings.enable_traceback_filtering)
            yield

    def listen(self, listener: Listener | None) -> None:
        hooks.CURRENT.listener = listener
        hooks.install()
        for framework in _imported():
            framework.install_hooks()
        if not any(isinstance(finder, _HooksOnImport) for finder in sys.meta_path):
            sys.meta_path.insert(0, _HooksOnImport())

    def open_model(self, file: Path, names: Mapping[str, object]) -> KerasModel:
        legacy = is_of_tf_keras(file)
        if legacy and find_spec(_LEGACY) is None:
            raise SpecError(f"{file.name} was written by tf-keras, which is not installed: {HOW_TO_INSTALL}.")
        return (_tf_keras() if legacy else _KERAS_3).open_model(file, names)

    @property
    def variable_owners(self) -> tuple[type, ...]:
        return tuple(owner for framework in _imported() for owner in framework.variable_owners)

    @property
    def compiled_loss_names(self) -> frozenset[str]:
        return frozenset().union(*(framework.compiled_loss_names for framework in _imported()))

    def is_builtin(self, value: object) -> bool:
        return str(value.__module__).startswith(("keras.", f"{_LEGACY}."))

    def is_operator(self, code: CodeType) -> bool:
        return any(framework.is_operator(code) for framework in _imported())

    def is_seed(self, path: str) -> bool:
        return any(framework.is_seed(path) for framework in _imported())

    def seed(self, seed: int) -> None:
        for framework in _imported():
            framework.seed(seed)

    def seed_generator(self, seed: int) -> None:
        for framework in _imported():
            framework.seed_generator(seed)

    @contextmanager
    def precision(self, floats: str | None, layers: str | None) -> Iterator[None]:
        with ExitStack() as stack:
            for framework in _imported():
                stack.enter_context(framework.precision(floats, layers))
            yield


def framework_of(value: object) -> Framework:
    """Return the framework whose object a value is; Keras 3 for one of neither."""
    kind: type = type(value)
    return _tf_keras() if _is_legacy(kind) else _KERAS_3


@cache
def _is_legacy(kind: type) -> bool:
    """Say whether a class is one of tf-keras, or is derived from one."""
    return any(str(base.__module__).startswith(f"{_LEGACY}.") for base in kind.__mro__)


def _imported() -> list[Framework]:
    """Return the frameworks whose models can be in this process: tf-keras is never imported for its own sake."""
    whole = hasattr(sys.modules.get(_LEGACY), "__version__")
    return [_KERAS_3, _tf_keras()] if whole else [_KERAS_3]


@cache
def _tf_keras() -> Framework:
    from fuzzseq.worker.keras_api.tf_keras import TfKeras  # noqa: PLC0415 (not every process has it)

    return TfKeras()


class _HooksOnImport(MetaPathFinder):
    """Puts the hooks into tf-keras as soon as a model's code imports it; looking whether it is there does nothing."""

    _looking = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 (of Python)
        target: ModuleType | None = None,  # noqa: ARG002 (of Python)
    ) -> ModuleSpec | None:
        if fullname != _LEGACY or self._looking:
            return None
        self._looking = True
        try:
            spec = find_spec(fullname)
        finally:
            self._looking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _WithHooks(spec.loader)
        return spec


class _WithHooks(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Whoever asks the module for its source or its files asks its own loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        from fuzzseq.worker.keras_api import tf_keras_hooks, tf_keras_names  # noqa: PLC0415 (now it can be imported)

        if not tf_keras_names.moved():  # Else the next command says what has.
            tf_keras_hooks.install()
