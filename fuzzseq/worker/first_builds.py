"""A model built for a first look: in one setting of its dimensions after another, until its factory accepts one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Final

from fuzzseq.cases.domain import dependency_order, legal_values, no_sizes
from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, arguments
from fuzzseq.worker.inspection import Inspection, Refusal, build_or_refusal
from fuzzseq.worker.refusals import always_raises
from fuzzseq.worker.stages import StageBeacon

#: Sizes that a model is built with for a first look, where its own defaults do not say: pairwise different, and such
#: that a width is a multiple of the heads; then others, for factories that refuse those.
_SETTINGS: tuple[dict[str, int], ...] = (
    {"vocab_size": 11, "source_vocab_size": 11, "target_vocab_size": 13, "embedding_dim": 6, "units": 8},
    {name: 8 for name in KNOWN if KNOWN[name][0].max > 8},
    {name: 16 for name in KNOWN if KNOWN[name][0].max >= 16},
    dict.fromkeys(KNOWN, 1),
)
_DATA_SIZES: Final = {"batch_size": 2, "source_length": 3, "target_length": 4}
#: How many other settings are tried for a factory that refuses all of those, and for how many seconds.
_FAR_LOOKS: Final = 24
_FAR_SECONDS: Final = 15.0


def first_inspection(
    target: LoadedFactory, spec: Spec, mark: StageBeacon, may_call: bool, skip: int
) -> Inspection | None:
    """Build the model with the first setting that its factory accepts.

    ``skip`` leaves out that many of the usual settings, and all others: None where the factory raises for what is left.
    So it is where layers of the model raise for every setting. Else raises :class:`SpecError` for such a factory.
    """
    usual = _usual_settings(spec.contract)
    refusals: list[Refusal] = []
    for sizes in _settings(spec, usual, skip):
        built = build_or_refusal(target, spec, sizes, mark)
        if not isinstance(built, Refusal):
            others = usual[usual.index(sizes) + 1 :] if sizes in usual else []
            return Inspection(spec=spec, built=built, sizes=sizes, other_sizes=tuple(others), may_call=may_call)
        refusals.append(built)
    if skip:
        return None
    if why := no_sizes(target.name, spec.contract):
        raise SpecError(why)
    if not all(refusal.in_model for refusal in refusals):
        first = refusals[0]
        raise always_raises(target.name, first.error, target.tracker, arguments(spec, first.sizes), len(refusals))
    return None


def _settings(spec: Spec, usual: list[dict[str, int]], skip: int) -> Iterator[dict[str, int]]:
    """Yield the usual settings, then legal sizes from all over, and numbers of the factory's code.

    A factory that takes few sizes is fuzzed, and one that takes none is not.
    """
    yield from usual[skip:]
    names = [name for name in dependency_order(spec.contract) if name not in DATA_DIMENSIONS]
    random, until = Random(0), time.monotonic() + _FAR_SECONDS
    yielded = list(usual)
    for number in range(_FAR_LOOKS if names and not skip else 0):
        sizes: dict[str, int] = {}
        for name in names:
            legal = legal_values(name, sizes, spec.contract)
            of_code = [value for value in legal if value in spec.traits.source_constants]
            sizes[name] = random.choice((of_code if number % 2 else legal) or legal or [4])
        sizes = {**_DATA_SIZES, **sizes}
        if sizes in yielded:
            continue
        yielded.append(sizes)
        if time.monotonic() > until:
            return
        yield sizes


def _usual_settings(contract: Contract) -> list[dict[str, int]]:
    """Return the defaults of the parameters, then the legal settings that are nearest to the usual ones."""
    defaults = {p.dimension: p.default for p in contract.parameters if p.default is not None}
    own = [name for name in dependency_order(contract) if name not in KNOWN]
    settings: list[dict[str, int]] = []
    for step, wanted in enumerate((defaults, *_SETTINGS)):
        sizes: dict[str, int] = {}
        # What nobody knows begins at the same size, and moves by amounts that tell one dimension from another.
        moved = {name: 4 + max(0, step - 1) * (2 + place) for place, name in enumerate(own)}
        for name in [n for n in dependency_order(contract) if n not in DATA_DIMENSIONS]:
            legal = legal_values(name, sizes, contract)
            aim = wanted.get(name) or _SETTINGS[0].get(name) or moved.get(name) or 4
            if wanted.get(name) and (name, wanted[name]) in {(p.dimension, p.default) for p in contract.parameters}:
                sizes[name] = wanted[name]
            else:
                sizes[name] = min(legal, key=lambda value: abs(value - aim)) if legal else aim
        if (setting := {**_DATA_SIZES, **sizes}) not in settings:
            settings.append(setting)
    return settings
