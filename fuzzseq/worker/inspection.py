"""What a probe reads: a model that was built for a first look, and what is known of it so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.dimensions import DATA_DIMENSIONS
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.first_look import Look
from fuzzseq.worker.keras_api.objects import Model
from fuzzseq.worker.stages import StageBeacon

Sizes = Mapping[str, int]


@attrs.frozen(kw_only=True)
class Refusal:
    """A setting that a factory raised for.

    ``in_model`` says that a layer or an operation of the model raised, on tensors that it was given: what does so for
    every setting is a mistake of the model, where other code may only have been called with what it does not take.
    """

    sizes: Sizes
    error: Exception
    in_model: bool


def build_or_refusal(target: LoadedFactory, spec: Spec, sizes: Sizes, mark: StageBeacon) -> ModelInstance | Refusal:
    """Build the model with a setting; raises :class:`SpecError` for what no other setting would mend."""
    try:
        return ModelInstance(target, spec, sizes, 0, mark)
    except SpecError:
        raise
    except Exception as error:  # The factory may refuse a size for any reason of its own: the run reports it.
        raised = describe(error, target.tracker)
        return Refusal(sizes=sizes, error=error, in_model=bool(raised.layers or raised.op))


@attrs.frozen(kw_only=True)
class Inspection:
    """A model built with ``sizes``, and the Spec as far as the probes have read it.

    ``other_sizes`` are settings to build it with again, to see what moves with them. Without ``may_call`` the model is
    built and never called. ``first`` is what the first call gave, once it was done.
    """

    spec: Spec
    built: ModelInstance
    sizes: Sizes
    other_sizes: tuple[Sizes, ...]
    may_call: bool
    first: Look = attrs.field(factory=Look)

    @property
    def model(self) -> Model:
        """What the factory returned."""
        return self.built.model

    @property
    def guess(self) -> dict[str, int]:
        """The sizes of a first batch: those of the build, and small vocabularies where none is known yet."""
        contract = self.spec.contract
        guess = {name: 5 for name in map(contract.vocabulary, SIDES) if name is not None} | dict(self.sizes)
        taken = {p.dimension for p in contract.parameters}
        # What was read off the model by now, and is no parameter, is what it takes.
        read = {name: each.min for name, each in contract.dimensions.items() if each.min == each.max}
        guess |= {name: size for name, size in read.items() if name not in taken}
        if contract.float_source and "feature_dim" not in guess:
            guess["feature_dim"] = contract.range_of("feature_dim").min
        return {name: size for name, size in guess.items() if name not in DATA_DIMENSIONS}

    def other_builds(self) -> Iterator[tuple[ModelInstance, Sizes]]:
        """Build the model with one of the other settings after the other, and yield each that its factory accepts."""
        for sizes in self.other_sizes:
            built = build_or_refusal(self.built.target, self.spec, sizes, self.built.subject.mark)
            if isinstance(built, ModelInstance):
                yield built, sizes

    def read_off(self, **values: Any) -> Inspection:
        """Return the inspection with what was read off the model, as :meth:`Spec.read_off` takes it."""
        return attrs.evolve(self, spec=self.spec.read_off(**values))


#: Reads something off a model, and returns the inspection with that in its Spec.
Probe = Callable[[Inspection], Inspection]
