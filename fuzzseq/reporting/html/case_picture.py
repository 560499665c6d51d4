"""A minimal case as a picture: the rows of its batches, a cell for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from fuzzseq.cases.case import Batch, Case, Pair, shifted, tagged, width
from fuzzseq.reporting.case_view import columns_of
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.steps import steps_of

#: Rows of a batch and steps of a side that are drawn; the rest is counted.
MOST_ROWS: Final = 12
MOST_STEPS: Final = 48


@attrs.frozen
class Step:
    """One cell: its id as text, and whether it is ``pad``, ``special`` or neither."""

    text: str
    kind: str


@attrs.frozen(kw_only=True)
class Side:
    """One side of a batch, as ``decoder input``: how many columns are drawn, and how many are left out."""

    name: str
    columns: int
    more: int


@attrs.frozen(kw_only=True)
class Picture:
    """One batch: its sides, and its rows, a tuple of steps for each side; ``more`` rows are left out."""

    name: str
    sides: tuple[Side, ...]
    rows: tuple[tuple[tuple[Step, ...], ...], ...]
    more: int

    @property
    def kinds(self) -> set[str]:
        """The kinds of its cells."""
        return {step.kind for row in self.rows for side in row for step in side}


def pictures(case: Case, spec: Spec) -> tuple[Picture, ...]:
    """Return a picture for each batch of a case, in the order in which the model is given them."""
    names, several = columns_of(spec), len(case.batches) > 1
    drawn = []
    for number, batch in enumerate(case.batches, 1):
        source, target = width(batch, "source", spec.contract), width(batch, "target", spec.contract)
        same = spec.contract.kind == "many_to_many"
        steps = 0 if spec.contract.is_ctc else steps_of(spec.contract.output_steps, source, case.dimensions)
        others = steps if same else target
        widths = [source if name.startswith("source") else others for name in names]
        sides = (
            Side(name=name, columns=min(columns, MOST_STEPS), more=max(0, columns - MOST_STEPS))
            for name, columns in zip(names, widths, strict=True)
        )
        drawn.append(
            Picture(
                name=f"batch {number}" if several else "the batch",
                sides=tuple(sides),
                rows=tuple(tuple(_row(pair, batch, spec, widths, case)) for pair in batch.pairs[:MOST_ROWS]),
                more=max(0, len(batch.pairs) - MOST_ROWS),
            )
        )
    return tuple(drawn)


def _row(pair: Pair, batch: Batch, spec: Spec, widths: Sequence[int], case: Case) -> Iterator[tuple[Step, ...]]:
    """Yield the cells of each side, padding included; special tokens are those of the decoder's sides alone."""
    tokens, many = spec.contract.tokens, spec.contract.kind == "many_to_many"
    sides: list[tuple[int, ...]] = [pair.source] if spec.contract.has_source else []
    if many:
        sides.append(tagged(pair, spec.contract, case))
    elif spec.contract.has_target:
        halves = shifted(pair.target, tokens)
        sides += halves if spec.contract.has_labels else halves[:1]
    for number, (ids, columns) in enumerate(zip(sides, widths, strict=False)):
        plain = many or (number == 0 and spec.contract.has_source)
        marks = () if plain else (tokens.start, tokens.end)
        text = spec.contract.forms.text.get("".join(spec.contract.sides()[number : number + 1]))
        cells = [Step(text.word(i) if text else str(i), "special" if i in marks else "") for i in ids]
        fill = [Step(str(tokens.pad), "pad")] * (columns - len(ids))
        before = (batch.padding if plain else spec.contract.target_padding or batch.padding) == "pre"
        yield tuple((fill + cells if before else cells + fill)[:MOST_STEPS])
