"""A model built for a first look, in one setting of its dimensions after another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Final

import attrs

from fuzzseq.cases.domain import dependency_order, legal_values
from fuzzseq.errors import SpecError
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance
from fuzzseq.worker.exceptions import describe
from fuzzseq.worker.stages import StageBeacon


@attrs.frozen(kw_only=True)
class Refused:
    """A setting that a factory raised for.

    ``in_model`` says that a layer or an operation of the model raised, on tensors that it was given: what does so for
    every setting is a mistake of the model, where other code may only have been called with what it does not take.
    """

    sizes: dict[str, int]
    error: Exception
    in_model: bool


Failed = list[Refused]
#: Sizes that a model is built with for a first look, where its own defaults do not say: pairwise different, and such
#: that a width is a multiple of the heads; then others, for factories that refuse those.
_SETTINGS: tuple[dict[str, int], ...] = (
    {"vocab_size": 11, "source_vocab_size": 11, "target_vocab_size": 13, "embedding_dim": 6, "units": 8},
    {name: 8 for name in KNOWN if KNOWN[name][0].max > 8},
    {name: 16 for name in KNOWN if KNOWN[name][0].max >= 16},
    dict.fromkeys(KNOWN, 1),
)
#: How many other settings are tried for a factory that refuses all of those, and for how many seconds.
_FAR_LOOKS: Final = 24
_FAR_SECONDS: Final = 15.0


def builds(
    target: LoadedFactory, spec: Spec, mark: StageBeacon, skip: int, failed: Failed
) -> Iterator[tuple[ModelInstance, dict[str, int]]]:
    """Build the model with one setting after the other, and yield each that the factory accepts, with its sizes.

    Those that it raises for are added to ``failed``.
    """
    tried: list[dict[str, int]] = []
    for wanted in ({p.dimension: p.default for p in spec.contract.parameters if p.default is not None}, *_SETTINGS):
        sizes = {"batch_size": 2, "source_length": 3, "target_length": 4}
        for name in [n for n in dependency_order(spec.contract) if n not in DATA_DIMENSIONS]:
            legal = legal_values(name, {k: v for k, v in sizes.items() if k not in DATA_DIMENSIONS}, spec.contract)
            aim = wanted.get(name) or _SETTINGS[0].get(name) or min(4, legal[-1] if legal else 4)
            if wanted.get(name) and name in {
                p.dimension for p in spec.contract.parameters if p.default == wanted[name]
            }:
                sizes[name] = wanted[name]
            else:
                sizes[name] = min(legal, key=lambda value: abs(value - aim)) if legal else aim
        if sizes in tried:
            continue
        tried.append(sizes)
        if len(tried) <= skip:
            continue
        if built := _built(target, spec, sizes, mark, failed):
            yield built, sizes


def far_builds(
    target: LoadedFactory, spec: Spec, mark: StageBeacon, failed: Failed
) -> Iterator[tuple[ModelInstance, dict[str, int]]]:
    """Do as :func:`builds` with legal sizes from all over, and with numbers of the factory's code.

    A factory that takes few sizes is fuzzed, and one that takes none is not.
    """
    names = [name for name in dependency_order(spec.contract) if name not in DATA_DIMENSIONS]
    random, until = Random(0), time.monotonic() + _FAR_SECONDS
    tried = [refused.sizes for refused in failed]
    for number in range(_FAR_LOOKS if names else 0):
        sizes = {"batch_size": 2, "source_length": 3, "target_length": 4}
        for name in names:
            legal = legal_values(name, {k: v for k, v in sizes.items() if k not in DATA_DIMENSIONS}, spec.contract)
            of_code = [value for value in legal if value in spec.traits.source_constants]
            sizes[name] = random.choice((of_code if number % 2 else legal) or legal or [4])
        if sizes in tried:
            continue
        tried.append(sizes)
        if time.monotonic() > until:
            return
        if built := _built(target, spec, sizes, mark, failed):
            yield built, sizes


def _built(
    target: LoadedFactory,
    spec: Spec,
    sizes: dict[str, int],
    mark: StageBeacon,
    failed: Failed,
) -> ModelInstance | None:
    """Build the model with a setting; where the factory raises, add that to ``failed``."""
    try:
        return ModelInstance(target, spec, sizes, 0, mark)
    except SpecError:
        raise
    except Exception as error:  # The factory may refuse a size for any reason of its own: the run will tell.
        raised = describe(error, target.tracker)
        failed.append(Refused(sizes=sizes, error=error, in_model=bool(raised.layers or raised.op)))
        return None
