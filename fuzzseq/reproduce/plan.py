"""What a script has to show: read off a finding once, for all the parts that are written from it."""

from __future__ import annotations

import attrs

from fuzzseq.cases.case import Case, Mode
from fuzzseq.checks.base import Check
from fuzzseq.checks.registry import CHECKS
from fuzzseq.checks.script import Script
from fuzzseq.findings import Finding
from fuzzseq.protocol.outcome import Stage
from fuzzseq.reproduce.origin import Origin
from fuzzseq.targets.spec import Spec


@attrs.frozen(kw_only=True)
class Plan:
    """A finding with its Spec, and where its factory is from."""

    finding: Finding
    spec: Spec
    origin: Origin

    @property
    def case(self) -> Case:
        """The minimal case."""
        return self.finding.case

    @property
    def stage(self) -> Stage:
        """The stage at which the script is to fail."""
        return self.finding.stage

    @property
    def check(self) -> str:
        """The check that is broken; empty where an exception or a death is all there is to show."""
        return "" if self.finding.exception is not None else self.finding.check

    @property
    def known(self) -> Check | None:
        """The check of the finding, broken by itself or by an exception; None for one that is not in the catalog."""
        return next((check for check in CHECKS if check.name == self.finding.check), None)

    @property
    def script(self) -> Script:
        """How that check says that a script shows it."""
        return self.known.script if self.known else Script()

    @property
    def died(self) -> bool:
        """Whether the process did not survive."""
        return self.finding.exception is not None and self.finding.exception.ending != "completed"

    @property
    def stepped(self) -> bool:
        """Whether the model is an encoder and a decoder apart."""
        return self.spec.contract.calling == "steps"

    @property
    def steps_inference(self) -> bool:
        """Whether the encoder and the decoder beside the model are stepped too."""
        return bool(self.check) and self.known is not None and self.known.execution == "inference"

    @property
    def mode(self) -> Mode:
        """How the model is run: eagerly where that fails as well."""
        raised = self.finding.exception
        mode = raised.mode if raised is not None and not self.died else self.case.mode
        return "eager" if self.stepped or (self.check and self.script.eager) else mode

    @property
    def autograph(self) -> str:
        """What keeps a trace from converting Python's control flow, where fitting the model would not either."""
        return "" if self.spec.traits.framework == "tf_keras" else ", autograph=False"

    @property
    def several(self) -> bool:
        """Whether the case has more than one batch."""
        return len(self.case.batches) > 1

    @property
    def scored(self) -> bool:
        """Whether a loss is computed."""
        step = bool(self.check) and self.script.training == "always"
        return self.stage in ("loss", "gradient") or (step and self.spec.contract.has_labels)

    @property
    def masked(self) -> bool:
        """Whether the script needs to know which steps are real: for our loss, and for the weights of labels."""
        return self.spec.contract.loss is None or self.spec.contract.sample_weight == "mask"

    @property
    def weighed(self) -> bool:
        """Whether the values of the weights matter."""
        return (bool(self.check) and self.script.weights) or self.finding.group == "numeric" or self.stage == "generate"

    @property
    def preprocessed(self) -> bool:
        """Whether custom preprocessing makes the source."""
        return self.spec.contract.preprocess is not None and self.spec.contract.has_source

    @property
    def declared(self) -> dict[str, str]:
        """The functions of the user's that the script calls, as references, by option."""
        if self.stage == "build":
            return {}
        found: dict[str, str] = {}
        if self.preprocessed:
            found["preprocess"] = str(self.spec.contract.preprocess)
        decode = self.spec.contract.decode_call
        if self.stage == "generate" and decode is not None and not decode.method:
            found["decode"] = str(self.spec.contract.decode)
        state = self.spec.contract.initial_state
        if self.stated and state is not None and ":" in state:
            found["initial_state"] = state
        loss = self.spec.contract.loss
        if self.scored and loss not in (None, "compiled") and not str(loss).islower():
            found["loss"] = str(loss)
        elif self.scored and loss is not None and ":" in loss:
            found["loss"] = loss
        return found

    @property
    def stated(self) -> bool:
        """Whether the case gives initial states, or the model cannot be called without."""
        taken = any(item.role == "state" for item in self.spec.contract.inputs)
        always = self.spec.contract.calling not in ("arguments", "steps")
        return taken and (always or any(batch.initial_state != "none" for batch in self.case.batches))
