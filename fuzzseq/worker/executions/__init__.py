"""How a model is run forward: one module for each way, and the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fuzzseq.worker.executions import inference, predicted, ragged, saved, xla
from fuzzseq.worker.executions.execution import Execution

#: By the names that :attr:`fuzzseq.protocol.runs.AlternativeRun.execution` has; those of other ways are their modules'.
EXECUTIONS: Final[Mapping[str, Execution]] = {
    "xla": Execution(forward=xla.forward),
    "saved": Execution(forward=saved.forward),
    "predicted": Execution(forward=predicted.forward),
    "inference": Execution(forward=inference.forward),
    "ragged": Execution(source=ragged.source),
}
