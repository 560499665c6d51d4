"""What is known of a model: the `Spec`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from fuzzseq.grammar import Line
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.selection import Selection
from fuzzseq.targets.traits import Origin, Traits

_INFERRED: Final[Origin] = "inferred"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Spec:
    """What a model accepts, what was read off it, and what its user chose to check. Plain data.

    ``identity`` is that of the function that builds it, ``my_model:build``, however the target is named: see
    :func:`fuzzseq.targets.identity.identity_of`.
    """

    identity: Line = ""
    contract: Contract = Contract()
    traits: Traits = Traits()
    selection: Selection = Selection()

    @property
    def runs_step(self) -> bool:
        """Whether a training step of the model is run: Keras' with the compiled loss, or one of the user's own."""
        learns = self.contract.loss == "compiled" or self.traits.own_training_step
        called_by_keras = self.contract.calling != "arguments" or self.traits.own_training_step
        return learns and self.traits.train_step_accepts_batch and called_by_keras

    def read_off(
        self,
        *,
        contract: Mapping[str, Any] = _NOTHING,
        traits: Mapping[str, Any] = _NOTHING,
        inferred: Iterable[str] = (),
        notes: Iterable[str] = (),
    ) -> Spec:
        """Return the Spec with values of fields that were read off the model, and what is said of them to the user.

        ``inferred`` names the fields and the dimensions that nobody declared.
        """
        origins = {**self.traits.origins, **dict.fromkeys(inferred, _INFERRED)}
        known = attrs.evolve(self.traits, **traits, origins=origins, notes=(*self.traits.notes, *notes))
        return attrs.evolve(self, contract=attrs.evolve(self.contract, **contract), traits=known)
