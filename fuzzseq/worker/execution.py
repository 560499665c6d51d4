"""One run of a plan: batches in turn from a clean state, and what they raise."""

from __future__ import annotations

import attrs

from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Observed, Result
from fuzzseq.protocol.runs import AlternativeRun, ForwardRun, Run, eagerly, mode_of
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.executions import EXECUTIONS
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.runs import BatchRun


def execute(built: ModelInstance, case: Case, run: Run, *, explained: bool = True) -> Result:
    """Run a plan's run; a failure of graph mode is explained by an eager run of the same batches, where one asks."""
    result = _attempt(built, case, run)
    if result.raised is None or result.raised.mode == "eager" or result.raised.ending != "completed" or not explained:
        return result
    eager = _attempt(built, case, eagerly(run))
    if eager.raised is not None:
        in_graph = f"{result.raised.exception}: {result.raised.message}"
        return attrs.evolve(eager, raised=attrs.evolve(eager.raised, in_graph=in_graph))
    if built.known_shapes_pass is None:
        built.known_shapes_pass = _attempt(built, case, run, known=True).raised is None
    return attrs.evolve(result, raised=attrs.evolve(result.raised, known_shapes_pass=built.known_shapes_pass))


def _attempt(built: ModelInstance, case: Case, run: Run, known: bool = False) -> Result:
    if run.precision == "usual" and not run.dimensions:
        return _attempted(built, case, run, known)
    try:
        if run.same_weights:
            init_weights(built, case)
        with built.anew(run) as other:
            return _attempted(other, case, run, known, built if run.same_weights else None)
    except BaseException as error:  # whatever a factory raises that is asked for another precision, or other sizes
        return Result(raised=describe(error, built.tracker, "build"))


def _attempted(
    built: ModelInstance, case: Case, run: Run, known: bool, weighed_as: ModelInstance | None = None
) -> Result:
    given = attrs.evolve(case, batches=run.batches, dimensions={**case.dimensions, **dict(run.dimensions)})
    observed: list[Observed] = []
    source_of = EXECUTIONS[run.execution].source if isinstance(run, AlternativeRun) else None
    # Nothing is caught here: where our own code raises, no model refuses anything.
    sources = [source_of and source_of(arrays(given, built.spec.contract, place)) for place in range(len(run.batches))]
    built.tracker.trace.restart()
    try:
        init_weights(built, given)
    except BaseException as error:  # whatever a model raises on its first call, which is an eager one
        return Result(raised=describe(error, built.tracker, built.subject.mark.current))
    if weighed_as is not None and not built.take_weights(weighed_as):
        return Result()
    try:
        built.reset(run)
        if run.repetition and built.tracker.draws():
            # A trace holds the seed of what it draws: that goes on with each call, and begins anew with a new seed.
            BatchRun(built, given, run, 0, known, sources[0]).observe()
            built.put_back(run)
        for batch, source in enumerate(sources):
            built.tracker.trace.restart()
            observed.append(BatchRun(built, given, run, batch, known, source).observe())
    except BaseException as error:
        raised = describe(error, built.tracker, built.subject.mark.current, mode_of(run), len(observed))
        return Result(observed=tuple(observed), raised=raised)
    return Result(observed=tuple(observed))


def init_weights(built: ModelInstance, case: Case) -> None:
    """See that a model has all its variables: one that makes them when first called is called on the first batch.

    It is called without Keras' dry run first, to hear of an exception at a quarter of the price, and then as ever.
    """
    if built.initialized:
        return
    if not KERAS.is_functional(built.model):
        first = BatchRun(built, case, ForwardRun(batches=case.batches), 0, False)
        with built.tracker.building_eagerly():
            built.reset(first.run)
            first.forward()
        if not getattr(built.model, "built", True):
            built.reset(first.run)
            built.tracker.trace.restart()
            first.forward()
    built.init_weights()
