"""The shape trace: each layer with its shapes in names, beside the same layer of the nearest passing case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fuzzseq.diagnosis.symbolic_sizes import Expression, Names, Sizes
from fuzzseq.findings import Shapes, ShapeTrace, TraceLine
from fuzzseq.protocol.outcome import LayerCall

Shape = tuple[int, ...]
Named = tuple[tuple[Expression, ...], ...]


def shape_trace(
    one: Sequence[LayerCall],
    two: Sequence[LayerCall],
    passing: Sequence[LayerCall],
    names: Names,
    sizes: Sizes,
    change: str,
) -> ShapeTrace:
    """Return the trace of a failure from its calls under two assignments, and those of a passing case of ``sizes``."""
    lines, difference = [], None
    for index, call in enumerate(one):
        other, fine = (
            calls[index] if index < len(calls) and calls[index].path == call.path else None for calls in (two, passing)
        )
        inputs = _named(call.inputs, other.inputs if other else None, names)
        outputs = _named(call.outputs or (), other.outputs if other else None, names)
        alike, beside = False, None
        if fine is not None:
            alike = _fits(inputs, fine.inputs, sizes) and _fits(outputs, fine.outputs or (), sizes)
            # What a size is called where the name that the failing call has for it is not true of this one.
            given = {size.value(sizes): size for shape in inputs for size in shape if size.named}
            alone = Names(sizes, None, names.written)
            beside = _as_far(inputs, fine.inputs, alone, {}), _as_far(outputs, fine.outputs or (), alone, given)
        if call.outputs is None and fine is not None:
            # Whatever a layer is part of has raised as well: it is no difference of its own.
            inside = f"{call.path}/"
            raised_inside = any(each.outputs is None and each.path.startswith(inside) for each in one[index + 1 :])
            alike = _fits(inputs, fine.inputs, sizes) and raised_inside
        if passing and not alike and difference is None:
            difference = index
        ran = _texts(outputs) if call.outputs is not None else None
        lines.append(TraceLine(path=call.path, kind=call.kind, inputs=_texts(inputs), outputs=ran, beside=beside))
    return ShapeTrace(lines=tuple(lines), passing=change if passing else "", difference=difference)


def _named(one: Sequence[Shape], two: Sequence[Shape] | None, names: Names) -> Named:
    others = two if two is not None and len(two) == len(one) else [None] * len(one)
    return tuple(names.shape(shape, other) for shape, other in zip(one, others, strict=True))


def _fits(named: Named, shapes: Sequence[Shape], sizes: Sizes) -> bool:
    return len(named) == len(shapes) and all(
        len(expressions) == len(shape)
        and all(_size(expression, size, sizes) == size for expression, size in zip(expressions, shape, strict=True))
        for expressions, shape in zip(named, shapes, strict=True)
    )


def _size(expression: Expression, size: int, sizes: Sizes) -> int:
    """Return what an expression is in another case; a size that is not known there is taken as it is."""
    return size if size < 0 else expression.value(sizes)


def _as_far(named: Named, shapes: Sequence[Shape], alone: Names, given: Mapping[int, Expression]) -> Shapes:
    """Return shapes in the names of the failing call, where they are not true of it in those that were ``given``.

    A size that has no name is a number.
    """
    found = []
    for index, shape in enumerate(shapes):
        said = named[index] if index < len(named) and len(named[index]) == len(shape) else ()
        found.append(
            tuple(
                said[axis]
                if said and _size(said[axis], size, alone.one) == size
                else given.get(size) or alone.expression(size, size)
                for axis, size in enumerate(shape)
            )
        )
    return _texts(tuple(found))


def _texts(shapes: Named) -> Shapes:
    return tuple(tuple(size.text for size in shape) for shape in shapes)
