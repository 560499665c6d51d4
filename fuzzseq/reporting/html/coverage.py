"""Which sizes were tried, and which pairs of them, target by target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import Final

import attrs

from fuzzseq.events import CaseExecuted, Event
from fuzzseq.targets.dimensions import KNOWN
from fuzzseq.targets.spec import Spec

#: Sizes of a dimension that a drawing has room for; more of them share a place.
_PLACES: Final = 16
#: Pairs of dimensions that are drawn for a target.
_PAIRS: Final = 5
#: From how many cases on a place is drawn darker, and darkest.
_SHADES: Final = (1, 3, 10)
Size = tuple[str, int]


@attrs.frozen(kw_only=True)
class Strip:
    """How often each size of one dimension was tried: places with their label, cases, failures and shade."""

    dimension: str
    range: str
    sizes: int
    places: tuple[tuple[str, int, int, str], ...]


@attrs.frozen(kw_only=True)
class Grid:
    """Which pairs of sizes were tried: a path for each shade, a stroke for each pair."""

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    tried: int
    paths: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Covered:
    """The shapes that were tried of one target."""

    target: str
    cases: int
    strips: tuple[Strip, ...]
    grids: tuple[Grid, ...]


class Coverage:
    """Counts the sizes of every case, alone and in pairs."""

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()
        self._tried: dict[str, Counter[tuple[Size, ...]]] = {}
        self._failed: dict[str, Counter[tuple[Size, ...]]] = {}

    def on_event(self, event: Event) -> None:
        """Take one event."""
        if not isinstance(event, CaseExecuted) or not event.sizes:
            return
        self._cases[event.target] += 1
        sizes = sorted(event.sizes.items())
        both = ((size,) for size in sizes), combinations(sizes, 2)
        counters = [self._tried.setdefault(event.target, Counter())]
        counters += [self._failed.setdefault(event.target, Counter())] if event.failed else []
        for kind in both:
            for sizes_ in kind:
                for counter in counters:
                    counter[sizes_] += 1

    def of(self, target: str, spec: Spec | None) -> Covered | None:
        """Return what was tried of a target; None where nothing was."""
        tried = self._tried.get(target)
        if not tried:
            return None
        failed = self._failed.get(target, Counter())
        sizes: dict[str, set[int]] = {}
        for key in tried:
            for name, size in key:
                sizes.setdefault(name, set()).add(size)
        names = [name for name in (*KNOWN, *sorted(set(sizes) - set(KNOWN))) if name in sizes]
        strips, written = [], spec.contract.written if spec is not None else {}
        for name in names:
            places = []
            for label, part in _places(sizes[name]):
                cases, broken = (sum(counter[((name, size),)] for size in part) for counter in (tried, failed))
                places.append((label, cases, broken, shade(cases, broken)))
            declared = spec is not None and (name in spec.contract.dimensions or name in KNOWN)
            within = spec.contract.range_of(name) if spec is not None and declared else None
            range_ = "" if within is None else str(within.min)
            range_ += "" if within is None or within.min == within.max else f" to {within.max}"
            strips.append(
                Strip(dimension=written.get(name, name), range=range_, sizes=len(sizes[name]), places=tuple(places))
            )
        varied = combinations([name for name in names if len(sizes[name]) > 1], 2)
        pairs = sorted(varied, key=lambda pair: sorted(-len(sizes[name]) for name in pair)[::-1])[:_PAIRS]
        return Covered(
            target=target,
            cases=self._cases[target],
            strips=tuple(strips),
            grids=tuple(_grid(one, other, sizes, tried, failed, written) for one, other in pairs),
        )


def _places(sizes: set[int]) -> list[tuple[str, tuple[int, ...]]]:
    """Return the places of a dimension with their labels: a size each where there is room, else several."""
    ordered = sorted(sizes)
    share = -(-len(ordered) // _PLACES)
    shared = [tuple(ordered[at : at + share]) for at in range(0, len(ordered), share)]
    return [(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}", part) for part in shared]


def shade(cases: int, failed: int) -> str:
    """Return the class of a place: how many cases there were, and whether one failed."""
    if failed:
        return "tf"
    return f"t{sum(cases >= least for least in _SHADES)}"


def _grid(
    one: str,
    other: str,
    sizes: dict[str, set[int]],
    tried: Counter[tuple[Size, ...]],
    failed: Counter[tuple[Size, ...]],
    written: Mapping[str, str],
) -> Grid:
    """Return the grid of two dimensions, wider than high."""
    if len(sizes[one]) > len(sizes[other]):
        one, other = other, one
    rows, columns = _places(sizes[one]), _places(sizes[other])
    drawn: dict[str, list[str]] = {}
    count = 0
    for y, (_, down) in enumerate(rows):
        for x, (_, across) in enumerate(columns):
            keys = [tuple(sorted(((one, a), (other, b)))) for a in down for b in across]
            cases, broken = (sum(counter[key] for key in keys) for counter in (tried, failed))
            if cases:
                count += 1
                drawn.setdefault(shade(cases, broken), []).append(f"M{x} {y}h.9")
    return Grid(
        across=written.get(other, other),
        down=written.get(one, one),
        columns=tuple(label for label, _ in columns),
        rows=tuple(label for label, _ in rows),
        tried=count,
        paths=tuple((name, "".join(path)) for name, path in sorted(drawn.items())),
    )
