"""A worker's answers: models kept for a few settings of their dimensions, and every request judged beside them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import attrs

from fuzzseq.cases.case import Case
from fuzzseq.cases.edge import has_refused_labels
from fuzzseq.checks.base import Check, Result
from fuzzseq.checks.custom import WrongCheck
from fuzzseq.checks.registry import check_named
from fuzzseq.protocol.framework_messages import FrameworkMessage
from fuzzseq.protocol.outcome import Outcome, Request, Status, Verdict
from fuzzseq.protocol.runs import Run, RunKey
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance, build_key
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.execution import execute
from fuzzseq.worker.invalid_inputs import try_invalid_input
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.untouched import Surroundings

_MODELS_KEPT: Final = 6


class TargetSession:
    """One fuzz target in one worker."""

    def __init__(self, target: LoadedFactory, spec: Spec, mark: StageBeacon) -> None:
        self._target, self._spec, self._mark = target, spec, mark
        self._models: OrderedDict[str, ModelInstance] = OrderedDict()

    def answer(self, request: Request, before: Surroundings) -> Outcome:
        """Judge a case by every check that is asked for; with the layers that ran, where a trace is.

        What a model changes of its surroundings is put back as it was ``before``, after each time that it ran.
        """
        if not request.trace:
            return self._answer(request, before)
        self._models.clear()  # A model that is kept has been traced before, and its layers do not run again.
        tracker = self._target.tracker
        with tracker.trace.kept() as calls, tracker.following() as lineage:
            outcome = self._answer(request, before)
            return attrs.evolve(outcome, trace=calls(), operands=lineage.operands)

    def _answer(self, request: Request, before: Surroundings) -> Outcome:
        try:
            built = self._built(request.case)
        except BaseException as error:
            raised = describe(error, self._target.tracker)
            return Outcome(
                verdicts=tuple(
                    Verdict(
                        check=name, status="raised" if name == "builds" else "not_reached", stage="build", raised=raised
                    )
                    for name in request.checks
                )
            )
        finally:
            before.put_back()
        if request.invalid:
            try:
                return try_invalid_input(built, request.case, request.invalid)
            finally:
                before.put_back()
        judged = _CheckRunner(built, request.case, before)
        own = self._target.custom_checks
        verdicts = tuple(judged.verdict(own.get(name) or check_named(name)) for name in request.checks)
        if not built.initialized:
            # Keras locks the layers of a model that failed when they were to be built: it is of no use any more.
            self._models.pop(build_key(self._spec, request.case), None)
        return Outcome(verdicts=verdicts)

    def _built(self, case: Case) -> ModelInstance:
        """Return the model for a case, built at most once while it is kept.

        One that keeps its state takes as many rows as its first batch had, and is built anew for others.
        """
        key = build_key(self._spec, case)
        if key in self._models and self._models[key].rows not in (None, len(case.batches[0].pairs)):
            del self._models[key]
        if key not in self._models:
            while len(self._models) >= _MODELS_KEPT:
                self._models.popitem(last=False)
            sizes = case.sizes(self._spec.contract, 0)
            self._models[key] = ModelInstance(self._target, self._spec, sizes, case.seed, self._mark)
        self._models.move_to_end(key)
        return self._models[key]


class _CheckRunner:
    """The checks of one case; equal runs are executed once, and an exception is reported once."""

    def __init__(self, built: ModelInstance, case: Case, before: Surroundings) -> None:
        self._built, self._case, self._before = built, case, before
        self._results: dict[tuple[Run, bool], Result] = {}
        #: Whether an exception was reported, and a failure that explains those of expensive checks.
        self._blocked = self._explained = False

    def verdict(self, check: Check) -> Verdict:
        """Judge one check; of one of the user's own that is wrong itself, say so: that is no fault of the model."""
        try:
            return self._judged(check)
        except WrongCheck as error:
            return Verdict(check=check.name, status="errored", stage=check.stage, reason=str(error))

    def _judged(self, check: Check) -> Verdict:
        if (self._blocked and check.name != "builds") or (self._explained and check.expensive):
            return Verdict(check=check.name, status="not_reached", stage=check.stage)
        plan = check.plan(self._case, self._built.spec)
        if not plan and not check.owns:
            return Verdict(check=check.name, status="not_reached", stage=check.stage)
        # Only those that report an exception ask why there was one.
        results: dict[RunKey, Result] = {name: self._result(run, bool(check.owns)) for name, run in plan.items()}
        raised = next((result.raised for result in results.values() if result.raised), None)
        refused = raised is not None and FrameworkMessage(raised.message).refuses_ctc_labels
        if refused and has_refused_labels(self._case, self._built.spec.contract):
            return check.not_applicable(
                "a loss of CTC may refuse rows without labels, and labels that no path can hold"
            )
        if raised is not None and not check.judges_exceptions:
            self._blocked = self._blocked or bool(check.owns)
            status: Status = "raised" if check.owns else "not_reached"
            return Verdict(check=check.name, status=status, stage=raised.stage, raised=raised)
        judged = check.judge(results, self._case, self._built.spec)
        if judged is not None and judged.status != "failed":
            return judged
        # A loss that is given an output of the wrong shape says nothing of its own.
        self._blocked = self._blocked or (judged is not None and check.blocks == "all")
        if judged is not None and check.confirm is not None:
            asked = check.confirm(results, self._case, self._built.spec)
            more: dict[RunKey, Result] = {key: self._result(run, False) for key, run in asked.items()}
            judged = check.judge({**results, **more}, self._case, self._built.spec) if more else judged
        explains = judged is not None and judged.status == "failed" and check.blocks == "expensive"
        self._explained = self._explained or explains
        return judged or Verdict(check=check.name, status="passed", stage=check.stage)

    def _result(self, run: Run, explained: bool = True) -> Result:
        found = self._results.get((run, True)) or self._results.get((run, explained))
        if found is None:
            try:
                found = execute(self._built, self._case, run, explained=explained)
            finally:
                self._before.put_back()
            self._results[run, explained or found.raised is None] = found
        return found
