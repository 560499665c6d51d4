"""Sizes: one setting of a model's dimensions, with the ties between them kept by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import attrs
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq.cases.domain import completion, dependency_order, legal_range, relatives
from fuzzseq.errors import SpecError
from fuzzseq.strategies.arguments import check_range
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.tokens import Tokens

#: The smallest ordinary vocabulary: the usual special tokens and two words.
_SMALLEST: Final = Tokens().size_for(2)


def vocab_sizes(*, min_size: int = _SMALLEST, max_size: int = 16) -> st.SearchStrategy[tuple[int, int]]:
    """Return a strategy for (source, target) vocabulary sizes, special tokens included, which mostly differ.

    Shrinks to ``(min_size, min_size)``. Raises ``InvalidArgument`` for an impossible range.
    """
    check_range(min_size, max_size, "size", 1)
    return st.tuples(st.integers(min_size, max_size), st.integers(min_size, max_size))


def dimension_sizes(contract: Contract) -> st.SearchStrategy[dict[str, int]]:
    """Return a strategy for one build setting of a contract: its build dimensions with their sizes, in report order.

    Every range and tie holds, those to dimensions of a batch too: there is always a batch that fits. Sizes mostly
    differ from each other. Shrinks to the smallest sizes. Raises ``InvalidArgument`` where no sizes keep all ties.
    """
    plan = SizePlan.of(contract)
    return plan.raw_sizes().map(plan.sizes)


@attrs.frozen
class SizePlan:
    """How the sizes of a contract are chosen one after the other, each with those it is tied to in view."""

    contract: Contract
    #: The dimensions of the build, in the order that they are chosen in.
    order: tuple[str, ...]
    #: The other dimensions that each one is tied to, directly or not, in the same order.
    kin: Mapping[str, tuple[str, ...]]
    #: The values of each dimension, where nothing else is known.
    alone: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, contract: Contract) -> SizePlan:
        """Return the plan of a contract, or raise ``InvalidArgument`` where no sizes keep all its ties."""
        try:
            order = dependency_order(contract)
            families = {name: relatives(name, contract) for name in order}
            alone = {name: legal_range(name, {}, contract) for name in order}
        except SpecError as error:
            raise InvalidArgument(str(error)) from error
        kin = {name: tuple(other for other in order if other in families[name] - {name}) for name in order}
        plan = cls(
            contract=contract,
            order=tuple(name for name in order if name in contract.build_dimensions()),
            kin=kin,
            alone=alone,
        )
        for name in order:
            if completion({}, (name, *kin[name]), contract) is None:
                declared = {other: contract.range_of(other) for other in (name, *kin[name])}
                raise InvalidArgument(f"No sizes keep every range and tie of {declared!r}")
        return plan

    def raw_sizes(self) -> st.SearchStrategy[tuple[int, ...]]:
        """Return the strategy for what :meth:`sizes` takes: one draw for each dimension of the build."""
        return st.tuples(*[st.integers(0, len(self.alone[name]) - 1) for name in self.order])

    def sizes(self, raw: tuple[int, ...]) -> dict[str, int]:
        """Return the build dimensions that raw numbers stand for: each counts through the values that are left.

        A number that was there before, and is not 0, counts one further: Hypothesis is fond of repeating a draw, and
        equal sizes hide bugs.
        """
        chosen: dict[str, int] = {}
        for place, (name, number) in enumerate(zip(self.order, raw, strict=True)):
            values = self._beside(name, chosen)
            start = number + (raw[:place].count(number) if number else 0)
            turned = (values[(start + further) % len(values)] for further in range(len(values)))
            chosen[name] = next(value for value in turned if self._leaves_some(name, value, chosen))
        return {name: chosen[name] for name in self.contract.build_dimensions()}

    def legal(self, name: str, sizes: Mapping[str, int]) -> Sequence[int]:
        """Return, ascending, the values of a dimension that leave one for each dimension tied to it."""
        values = self._beside(name, sizes)
        if all(other in sizes for other in self.kin[name]):
            return values
        return [value for value in values if self._leaves_some(name, value, sizes)]

    def _beside(self, name: str, sizes: Mapping[str, int]) -> Sequence[int]:
        """Return, ascending, the values that a dimension may take beside the sizes that it is tied to."""
        near = {other: sizes[other] for other in self.kin[name] if other in sizes}
        return legal_range(name, near, self.contract) if near else self.alone[name]

    def _leaves_some(self, name: str, value: int, sizes: Mapping[str, int]) -> bool:
        """Say whether a value leaves one for each dimension that it is tied to and that is not chosen yet."""
        near = {other: sizes[other] for other in self.kin[name] if other in sizes}
        missing = tuple(other for other in self.kin[name] if other not in sizes)
        return not missing or completion({**near, name: value}, missing, self.contract) is not None
