"""How many steps the output of a model of one sequence has, where these are not those of its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import attrs

from fuzzseq.grammar import AtLeastOne, Between, Identifier

#: The largest divisor and offset that are looked for.
_MOST = 32


@attrs.frozen(kw_only=True)
class StepRatio:
    """As many steps as ``(source_length + offset) // divisor``: what strides, pooling and windows leave."""

    divisor: AtLeastOne
    offset: Annotated[int, Between(-_MOST, _MOST)] = 0

    def __str__(self) -> str:
        length = f"(source_length {self.offset:+d})" if self.offset else "source_length"
        return f"{length} // {self.divisor}"


#: A number, the dimension that has it, or what is left of the steps of the source; None for all of these.
OutputSteps = AtLeastOne | Identifier | StepRatio | None


def steps_of(output: OutputSteps, source_length: int, dimensions: Mapping[str, int]) -> int:
    """Return the steps of the output for a source of a length."""
    if output is None:
        return source_length
    if isinstance(output, StepRatio):
        return max(0, (source_length + output.offset) // output.divisor)
    return dimensions[output] if isinstance(output, str) else output


def fitted(steps: Mapping[int, int]) -> int | StepRatio | None:
    """Return what steps by the length of their source follow: a number, or a ratio; None where it is neither."""
    if len(set(steps.values())) == 1:
        return next(iter(steps.values()))
    ratios = (
        StepRatio(divisor=d, offset=o) for d in range(1, _MOST + 1) for o in sorted(range(-_MOST, _MOST), key=abs)
    )
    return next((each for each in ratios if all(steps_of(each, n, {}) == steps[n] for n in steps)), None)


def read(function: Callable[..., int], sizes: Mapping[str, int], names: tuple[str, ...]) -> int | StepRatio | None:
    """Return what a function of dimensions says for sources of many lengths; None where that is neither."""
    given = {name: sizes[name] for name in names if name in sizes and name != "source_length"}
    lengths = range(_MOST, 2 * _MOST)
    own = "source_length" in names
    return fitted({n: int(function(**given, **({"source_length": n} if own else {}))) for n in lengths})
