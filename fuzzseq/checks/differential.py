"""Two runs compared: what may differ by rounding, what is believed, and which layer the difference begins in.

A first difference counts from :func:`tolerance` on, which follows from the type of the numbers and the size of the
values. A large one is believed, unless a word comes twice in a row and one unit in the last place of the weights makes
as much: where one of several equal scores is chosen (argmax, the nearest code), the last bit decides. One that is not
far above the tolerance is believed only when the model, built anew of float64, shows it as well; a model that cannot be
built so, or that goes back to float32 inside, is measured against the noise that moving every weight to the next number
of its type makes. A model that is not deterministic is never believed: that is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np

from fuzzseq.cases.case import Case
from fuzzseq.checks.base import Array, Check, LayerOutput, Observed, Plan, Result, Results
from fuzzseq.checks.gaps import gaps
from fuzzseq.protocol.evidence import Difference, Evidence
from fuzzseq.protocol.outcome import Verdict
from fuzzseq.protocol.runs import Confirming, ForwardRun, Run, RunKey, eagerly
from fuzzseq.targets.spec import Spec

#: Roundings that may add up in one output value, in units of the last place of the largest value.
_ROUNDINGS: Final = 200
#: A difference this large beside the values is no rounding of float32, in however deep a net: nothing confirms it.
DECISIVE: Final = 0.02
#: How far above the noise of one unit in the last place of every weight a difference has to be.
_ABOVE_NOISE: Final = 30
#: How many times the weights of a model are moved by one ulp that may choose among equal scores.
_PERTURBATIONS: Final = (1, 2, 3, 4, 5, 6)


@attrs.frozen
class Gap:
    """The largest difference of two arrays, the size of their values, and where it is."""

    largest: float
    scale: float
    index: tuple[int, ...]
    tolerance: float

    @property
    def relative(self) -> float:
        """The difference beside the values."""
        return self.largest / self.scale

    @property
    def counts(self) -> bool:
        """Whether it is more than rounding may make."""
        return self.largest > self.tolerance * self.scale


def comparable(spec: Spec) -> str | None:
    """Say that no difference can be told from rounding: a layer of half precision rounds a hundredth away."""
    return "the model computes in half precision: rounding hides differences" if spec.traits.low_precision else None


def tolerance(dtype: Any) -> float:
    """Return the largest relative difference that rounding of a type may make: 2.4e-5 for float32."""
    name = np.dtype(dtype).name
    precision = 2.0**-8 if name == "bfloat16" else float(np.finfo(dtype).eps)
    return min(0.5, _ROUNDINGS * precision)


def difference(one: Array, two: Array) -> Gap | None:
    """Compare two arrays of one shape; None where there is nothing to compare. Values that are not finite are equal."""
    if one.shape != two.shape or not one.size:
        return None
    allowed = tolerance(one.dtype if one.dtype.kind == "f" or one.dtype.name == "bfloat16" else np.float32)
    gap, scale = gaps(one, two)
    index = tuple(int(i) for i in np.unravel_index(int(gap.argmax()), gap.shape))
    return Gap(float(gap.max()), scale, index, allowed)


def _fits(seen: Observed) -> bool:
    """Say whether an output has the expected shape: another is reported by ``output_shape``, and not compared."""
    if seen.output is None or seen.expected is None:
        return seen.output is not None
    sizes, expected = seen.output.shape, seen.expected
    # Of an encoder its rows alone are known.
    as_many = len(sizes) == len(expected) or (len(expected) == 1 and len(sizes) > 1)
    return as_many and all(wanted in (None, size) for wanted, size in zip(expected, sizes, strict=False))


def real(seen: Observed) -> Array | None:
    """Return what an output says of real positions, one row for each, in order; the whole of one without steps."""
    if seen.output is None or not _fits(seen):
        return None
    mask = _real_positions(seen, seen.output)
    found: Array = seen.output if mask is None else seen.output[mask]
    return found


def by_row(seen: Observed) -> list[Array]:
    """Return what an output says of the real positions of each row."""
    if seen.output is None or not _fits(seen):
        return []
    mask = _real_positions(seen, seen.output)
    return [row if mask is None else row[mask[i]] for i, row in enumerate(seen.output)]


def _real_positions(seen: Observed, output: Array) -> Array | None:
    masks = (seen.arrays.target_mask, seen.arrays.source_mask)
    return next((m for m in masks if output.ndim > 2 and m.shape == output.shape[:2] and m.any()), None)


def rows_difference(one: Sequence[Array], two: Sequence[Array]) -> Gap | None:
    """Compare rows in order; None where there are none, or where two of them have other shapes."""
    if not one or [row.shape for row in one] != [row.shape for row in two]:
        return None
    return difference(np.concatenate([row.ravel() for row in one]), np.concatenate([row.ravel() for row in two]))


#: From the results of two runs to the difference that a property is about.
Compare = Callable[[Result, Result], Gap | None]


def compared(read: Callable[[Observed], Array | None]) -> Compare:
    """Return the comparison of the last batches of two results by what ``read`` takes from each."""

    def compare(one: Result, two: Result) -> Gap | None:
        first, second = read(one.last), read(two.last)
        return None if first is None or second is None else difference(first, second)

    return compare


def confirmation(
    results: Results, runs: Plan, one: str, two: str, compare: Compare, *, as_executed: bool = False
) -> dict[RunKey, Run]:
    """Return the runs that a difference between two runs of a plan is confirmed by.

    Where it is about how they are executed (``as_executed``), none is run eagerly or in float64 in their place.
    """
    found = compare(results[one], results[two])
    wanted: dict[RunKey, Run] = {Confirming(one, "repeated"): attrs.evolve(runs[one], repetition=1)}
    small = found is None or found.relative < DECISIVE
    for name in () if as_executed else (one, two):
        run = runs[name]
        if isinstance(run, ForwardRun) and not run.record_layers:
            wanted[Confirming(name, "layers")] = attrs.evolve(run, record_layers=True, mode="eager")
        if small:
            wanted[Confirming(name, "double")] = attrs.evolve(eagerly(run), precision="double")
    perturbed = [(one, 1)] if small else []
    # The scores of a word that comes twice in a row are equal, wherever nothing tells its places apart.
    rows = (row for batch in runs[one].batches for pair in batch.pairs for row in (pair.source, pair.target))
    if any(len(set(row)) < len(row) for row in rows):
        perturbed += [(name, draw) for name in (one, two) for draw in _PERTURBATIONS]
    for name, draw in perturbed:
        wanted[Confirming(name, "perturbed", draw)] = attrs.evolve(runs[name], ulp_perturbed=draw)
    return wanted


def confirmed_difference(results: Results, one: str, two: str, compare: Compare) -> Gap | None:
    """Return the difference between two runs, where it is one: suspected at first, believed once it is confirmed."""
    first = compare(results[one], results[two])
    if first is None or not first.counts:
        return None
    again = Confirming(one, "repeated")
    if again not in results:
        return first
    itself = _difference(results, one, again, compare)
    if itself is not None and itself.counts:
        return None
    noise = [
        _difference(results, name, Confirming(name, "perturbed", draw), compare)
        for name in (one, two)
        for draw in _PERTURBATIONS
    ]
    floor = max((gap.largest for gap in noise if gap is not None), default=0.0)
    if first.relative >= DECISIVE:
        return first if first.largest > _ABOVE_NOISE * floor else None
    double = _difference(results, Confirming(one, "double"), Confirming(two, "double"), compare)
    if double is None:
        return first if first.largest > _ABOVE_NOISE * floor else None
    # A model that is float32 inside shows its rounding in either precision: then it takes more than the noise.
    pure = double.tolerance < 1e-9 and double.largest < 0.1 * first.largest
    if pure or not double.counts:
        return None
    return first if first.largest > _ABOVE_NOISE * floor or double.largest > 1e-3 * double.scale else None


def _difference(results: Results, one: RunKey, two: RunKey, compare: Compare) -> Gap | None:
    if any(key not in results or results[key].raised or not results[key].observed for key in (one, two)):
        return None
    return compare(results[one], results[two])


@attrs.frozen
class Disagreement:
    """A difference of one run from another that is believed; ``recorded`` is what both saw, where they kept layers."""

    gap: Gap
    other: str
    base: str = "base"
    recorded: tuple[Observed, Observed] | None = None


@attrs.frozen(kw_only=True)
class Agreement:
    """Runs of a plan that have to agree with its base.

    Attributes:
        plan: names the runs.
        others: how each other run is compared with the base, in the order in which they are believed; those that are
            not there are passed over.
        base: the run that they are compared with.
        as_executed: says that it is about how the runs are executed: see :func:`confirmation`.

    """

    plan: Callable[[Case, Spec], Plan]
    others: Mapping[str, Compare]
    base: str = "base"
    as_executed: bool = False

    def _gaps(self, results: Results) -> dict[str, Gap]:
        found = ((name, _difference(results, self.base, name, compare)) for name, compare in self.others.items())
        return {name: gap for name, gap in found if gap is not None}

    def differs(self, results: Results) -> str:
        """Return the name of the first run that differs, which is not confirmed yet; empty where none does."""
        return next((name for name, gap in self._gaps(results).items() if gap.counts), "")

    def confirm(self, results: Results, case: Case, spec: Spec) -> dict[RunKey, Run]:
        """Return the runs that confirm the first difference."""
        name = self.differs(results)
        if not name:
            return {}
        runs, compare = self.plan(case, spec), self.others[name]
        return confirmation(results, runs, self.base, name, compare, as_executed=self.as_executed)

    def judge(self, check: Check, results: Results) -> Disagreement | Verdict | None:
        """Return the first difference where it is believed, and a verdict where nothing could be compared.

        What differs as well would be believed with nothing to confirm it, once the first is let off.
        """
        other = self.differs(results)
        if not other:
            return None if self._gaps(results) else check.nothing_compared()
        gap = confirmed_difference(results, self.base, other, self.others[other])
        if gap is None:
            return None
        one, two = (results.get(Confirming(name, "layers")) or results[name] for name in (self.base, other))
        kept = all(not run.raised and (run.last.layers or run.last.softmaxes) for run in (one, two))
        return Disagreement(gap, other, self.base, (one.last, two.last) if kept else None)


def culprit(
    one: Observed, two: Observed, aligned: Callable[[Array, Array], tuple[Array, Array] | None]
) -> LayerOutput | None:
    """Return the first layer whose outputs differ; ``aligned`` takes what is comparable of two arrays.

    Layers are paired by their path and how often it came before: a layer that runs in steps runs more often on more.
    """
    others: dict[str, list[LayerOutput]] = {}
    for output in two.layers:
        others.setdefault(output.path, []).append(output)
    for first in one.layers:
        if not others.get(first.path):
            continue
        second = others[first.path].pop(0)
        for left, right in zip(first.values, second.values, strict=False):
            both = aligned(left, right) if left.dtype.kind == "f" else None
            found = difference(*both) if both else None
            if found is not None and found.counts:
                return first
    return None


def differing(check: Check, found: Disagreement, guilty: LayerOutput | None = None, *more: Evidence) -> Verdict:
    """Return the verdict of a run that differs from another, with the layer that it begins in."""
    gap, layer = found.gap, guilty.path if guilty is not None else ""
    largest = gap.largest if np.isfinite(gap.largest) else None
    seen = Difference(
        base=found.base, other=found.other, largest=largest, scale=gap.scale, index=gap.index, layer=layer
    )
    if guilty is None:
        return check.failed(seen, *more, position="output")
    return check.failed(seen, *more, position=layer, layer=guilty.layer, location=guilty.site)
