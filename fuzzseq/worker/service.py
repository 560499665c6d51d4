"""What a worker process answers: load a file, look at its targets, run requests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

import attrs
import tensorflow as tf

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.errors import FuzzseqError
from fuzzseq.object_text import name_of, text_of
from fuzzseq.protocol.outcome import Frame, LayerCall, LayerFrame, Outcome, Raised, Request, Verdict
from fuzzseq.protocol.serialization import from_data, to_data
from fuzzseq.protocol.transport import Json
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import untouched
from fuzzseq.worker.build import LoadedFactory
from fuzzseq.worker.inference import infer
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.loading import load
from fuzzseq.worker.session import TargetSession
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.untouched import Surroundings

#: How the variables begin that TensorFlow and Keras read when they are imported.
_READ_AT_IMPORT: Final = ("TF_", "KERAS_", "XLA_")
#: And those that change no result: what TensorFlow writes is the user's business.
_OF_THE_LOG: Final = "TF_CPP_"


class Service:
    """The commands of one process. An answer is a dict of one key.

    ``ok`` has the result; ``misuse`` says why there is none, ``internal`` what failed in fuzzseq, and ``spoiled`` what
    the model did to the process, where fuzzseq failed after that.
    """

    def __init__(self, mark: StageBeacon) -> None:
        self.mark = mark
        #: Of all that the user's file holds: what its models are made of may be made when it is imported.
        self._tracker = Tracker()
        self._targets: dict[str, LoadedFactory] = {}
        self._session: TargetSession | None = None
        self._before = Surroundings.now()
        self._environment = dict(os.environ)
        self._home = self._before.folder

    def answer(self, message: Mapping[str, Json]) -> dict[str, Json]:
        """Carry out one command; a fork that the user's code made, and that came back, ends here."""
        own = untouched.getpid()
        answered = self._answered(message)
        if untouched.getpid() != own:
            untouched.leave(0)
        return answered

    def _answered(self, message: Mapping[str, Json]) -> dict[str, Json]:
        if moved := KERAS.moved():
            return {"misuse": moved}
        KERAS.listen(self._tracker)
        try:
            return {"ok": getattr(self, f"do_{message['do']}")(message)}
        except SystemExit as error:
            self.mark.leave("".join(untouched.format_exception(error)))
            raise
        except FuzzseqError as error:
            return {"misuse": str(error)}
        except BaseException as error:
            if untouched.ends_process(error):
                raise
            # The model's fault, where it took away what Python is made of, or ours.
            lowered = self._before.lowered()
            self._before.put_back()
            what = f"{name_of(type(error))}: {text_of(error, 300)}"
            if changed := [*untouched.replaced(), *lowered]:
                listed = untouched.listed(changed)
                return {"spoiled": f"it changed {listed}, and fuzzseq cannot continue next to it ({what})"}
            if isinstance(error, MemoryError) or not isinstance(error, Exception):
                return {"spoiled": what}
            return {"internal": "".join(untouched.format_exception(error))}

    def _look_around(self) -> None:
        """Take note of what models find, before the first of them runs: the folder is that of the run."""
        self._before = attrs.evolve(Surroundings.now(), folder=self._home)
        self._before.put_back()

    def do_load(self, message: Mapping[str, Json]) -> dict[str, Json]:
        """Import the user's file and say which targets it holds, and whether that ran an operation of TensorFlow."""
        self._home = message["folder"] or None
        self._look_around()
        self._targets.update(
            load(message["reference"], self._tracker, message["custom_checks"], message["custom_objects"])
        )
        ran = KERAS.ran_operations()
        identities = {name: target.identity for name, target in self._targets.items()}
        changed = {  # what the file has set of what is read when TensorFlow is imported
            name: value
            for name, value in os.environ.items()
            if name.startswith(_READ_AT_IMPORT)
            and not name.startswith(_OF_THE_LOG)
            and self._environment.get(name) != value
        }
        return {"targets": identities, "ran_operations": ran, "environment": changed}

    def do_infer(self, message: Mapping[str, Json]) -> dict[str, Json]:
        """Return the Spec of a target."""
        self._look_around()
        spec = infer(self._targets[message["target"]], self.mark, **message.get("how", {}))
        self._before.put_back()
        return {"spec": to_data(spec), "versions": KERAS.versions_with(spec.traits.framework)}

    def do_open(self, message: Mapping[str, Json]) -> None:
        """Begin to serve requests for a target."""
        self._look_around()
        spec = from_data(message["spec"], Spec)
        self._session = TargetSession(self._targets[message["target"]], spec, self.mark)

    def do_run(self, message: Mapping[str, Json]) -> Json:
        """Answer a request."""
        if self._session is None:
            raise RuntimeError("open a target before running it")
        return to_data(self._session.answer(from_data(message["request"], Request), self._before))


def prepare() -> None:
    """Make what turns requests and outcomes into JSON and back, before a model can be in the way."""
    frame = Frame(file="", line=1, function="")
    layer = LayerFrame(name="", kind="")
    raised = Raised(stage="build", exception="", message="", layers=(layer,), frames=(frame,), call_site=frame)
    verdict = Verdict(check="accepts", status="raised", layer=layer, location=frame, raised=raised)
    outcome = Outcome(verdicts=(verdict,), trace=(LayerCall(path="", kind="", inputs=((1,),), outputs=((1,),)),))
    case = Case(dimensions={"units": 1}, batches=(Batch(pairs=(Pair((1,), (1,)),)),))
    for value in (outcome, Request(case=case, checks=("accepts",)), Spec()):
        from_data(to_data(value), type(value))


def prefer_short_starts() -> None:
    """Leave TensorFlow's rewriting of graphs out: it takes 0.3 s a trace, more than all the calls that it would speed.

    An operation of a small model is done before a second thread has woken up: with one for each operation a first call
    takes a quarter less time, and workers do not fight. A function that calls another one back needs two at once.

    Runs no operation.
    """
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(2)
