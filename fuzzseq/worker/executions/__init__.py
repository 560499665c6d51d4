"""How a model is run forward: one module for each way, and the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from fuzzseq.cases.arrays import Arrays
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.executions import by_default, inference, predicted, ragged, reset, saved, xla
from fuzzseq.worker.keras_api.objects import Nest
from fuzzseq.worker.subject import ForwardOutput


@attrs.frozen(kw_only=True)
class Execution:
    """A way of executing a model. Its module may hold ``SCRIPT`` besides: the lines that a script has for it.

    They set ``output``, and are filled in with ``{forward}``, the call of the model, ``{rows}`` of the batch, and
    ``{factory}``, the name of the factory.

    Attributes:
        forward: runs a batch forward, in the place of a call of the model.
        source: makes of the arrays of a batch the source that the model is given.
    """

    forward: Callable[[ModelInstance, Nest], ForwardOutput] | None = None
    source: Callable[[Arrays], Nest] | None = None


#: By the names that :attr:`fuzzseq.protocol.runs.AlternativeRun.execution` has; those of other ways are their modules'.
EXECUTIONS: Final[Mapping[str, Execution]] = {
    "xla": Execution(forward=xla.forward),
    "saved": Execution(forward=saved.forward),
    "predicted": Execution(forward=predicted.forward),
    "inference": Execution(forward=inference.forward),
    "reset": Execution(forward=reset.forward),
    "by_default": Execution(forward=by_default.forward),
    "ragged": Execution(source=ragged.source),
}
