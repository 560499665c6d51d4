"""What a process of the body answers: load a file, look at its targets, run requests."""

from __future__ import annotations

import os
import platform
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from fuzzseq.errors import FuzzseqError
from fuzzseq.outcome import Request
from fuzzseq.serialization import from_data, to_data
from fuzzseq.spec import Spec
from fuzzseq.worker import wrapping
from fuzzseq.worker.build import Target
from fuzzseq.worker.inference import infer
from fuzzseq.worker.loading import load
from fuzzseq.worker.session import Session
from fuzzseq.worker.stages import StageMark


class Service:
    """The commands of one process. An answer is a dict: ``ok`` with the result, ``misuse`` or ``internal`` with why."""

    def __init__(self, mark: StageMark) -> None:
        """Start with nothing loaded."""
        wrapping.install()
        self._mark = mark
        self._targets: dict[str, Target] = {}
        self._session: Session | None = None
        self._home = Path.cwd()

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one command."""
        try:
            return {"ok": getattr(self, f"do_{message['do']}")(message)}
        except SystemExit:
            self._mark.leave(traceback.format_exc())
            raise
        except FuzzseqError as error:
            return {"misuse": str(error)}
        except Exception:
            return {"internal": traceback.format_exc()}

    def do_load(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Import the user's file and say which targets it holds, and whether that ran an operation of TensorFlow."""
        self._targets.update(load(message["reference"], message.get("own_checks", ())))
        return {"targets": list(self._targets), "ran_operations": ran_operations()}

    def do_infer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the Spec of a target."""
        spec = infer(self._targets[message["target"]], self._mark, **message.get("how", {}))
        return {"spec": to_data(spec), "versions": versions()}

    def do_open(self, message: Mapping[str, Any]) -> None:
        """Begin to serve requests for a target."""
        spec = from_data(message["spec"], Spec)
        self._session = Session(self._targets[message["target"]], spec, self._mark)

    def do_run(self, message: Mapping[str, Any]) -> Any:
        """Answer a request."""
        if self._session is None:
            raise RuntimeError("open a target before running it")
        os.chdir(self._home)
        return to_data(self._session.answer(from_data(message["request"], Request)))


def prefer_short_starts() -> None:
    """Leave TensorFlow's rewriting of graphs out: it takes 0.3 s a trace, more than all the calls that it would speed.

    An operation of a small model is done before a second thread has woken up: with one for each operation a first call
    takes a quarter less time, and workers do not fight. A function that calls another one back needs two at once.

    Runs no operation.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)


def versions() -> dict[str, str]:
    """Return the versions that a finding depends on."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def ran_operations() -> bool:
    """Say whether this process has started TensorFlow's runtime, after which forking it deadlocks."""
    from tensorflow.python.eager import context  # noqa: PLC0415

    active = context._context
    return active is not None and active._context_handle is not None
