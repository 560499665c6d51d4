"""A minimal case as two tables: the sizes of its dimensions, and the rows of its batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from fuzzseq.cases.case import Batch, Case, Pair, shifted, tagged, width
from fuzzseq.findings import Finding
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.steps import steps_of

#: Rows beyond this many are counted and not shown: a finding fits a screen.
MOST_ROWS: Final = 8
PAD: Final = "."


def sizes_in_order(finding: Finding, spec: Spec) -> dict[str, int]:
    """Return the dimensions of a finding, as its user calls them, with their sizes, those of a batch first."""
    names = [*(name for name in spec.contract.names() if name in finding.sizes), *finding.sizes]
    return spec.contract.written_sizes({name: finding.sizes[name] for name in names})


def plain_table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")


def size_table(finding: Finding, spec: Spec) -> Table:
    """Return the dimensions of a finding with their sizes, those of a batch first."""
    table = plain_table()
    table.add_column("dimension", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    for name, size in sizes_in_order(finding, spec).items():
        table.add_row(Text(name), Text(str(size), style="bold"))
    return table


def columns_of(spec: Spec) -> tuple[str, ...]:
    """Return the columns of a model's rows: what it reads, and what it is scored against."""
    sources = ("source vectors" if spec.contract.float_source else "source",) if spec.contract.has_source else ()
    return (
        *sources,
        *(("decoder vectors" if spec.contract.float_decoder else "decoder input",) if spec.contract.has_target else ()),
        *(("label vectors" if spec.contract.float_labels else "labels",) if spec.contract.has_labels else ()),
    )


def padded_ids(ids: Sequence[int], columns: int, side: str) -> str:
    """Return a row of ids as text, with a mark in each column of padding."""
    fill = [PAD] * (columns - len(ids))
    cells = [str(i) for i in ids]
    return " ".join(fill + cells if side == "pre" else cells + fill)


def row_cells(pair: Pair, batch: Batch, spec: Spec, case: Case) -> Iterator[str]:
    """Yield the cells of one row, in the order of :func:`columns_of`."""
    source_columns, target_columns = width(batch, "source", spec.contract), width(batch, "target", spec.contract)
    text = spec.contract.forms.text
    if spec.contract.has_source:
        sentence = f'"{text["source"].sentence(pair.source)}"' if "source" in text else ""
        yield sentence or padded_ids(pair.source, source_columns, batch.padding)
    if spec.contract.kind == "many_to_many":
        steps = 0 if spec.contract.is_ctc else steps_of(spec.contract.output_steps, source_columns, case.dimensions)
        yield padded_ids(tagged(pair, spec.contract, case), steps, batch.padding)
    elif spec.contract.has_target:
        halves = shifted(pair.target, spec.contract.tokens)
        if "target" in text:
            yield f'"{text["target"].sentence(halves[0])}"'
        for half in halves[len(text.keys() & {"target"}) : 1 + spec.contract.has_labels]:
            yield padded_ids(half, target_columns, spec.contract.target_padding or batch.padding)


def row_table(case: Case, spec: Spec) -> Table:
    """Return the rows of a case's batches as they reach the model, padding and special tokens included."""
    table = plain_table()
    several = len(case.batches) > 1
    table.add_column("batch/row" if several else "row", justify="right", no_wrap=True)
    for name in columns_of(spec):
        table.add_column(name, overflow="fold")
    named = [
        (f"{number}/{row}" if several else str(row), pair, batch)
        for number, batch in enumerate(case.batches, 1)
        for row, pair in enumerate(batch.pairs, 1)
    ]
    for name, pair, batch in named[:MOST_ROWS]:
        table.add_row(Text(name, style="dim"), *(Text(cell) for cell in row_cells(pair, batch, spec, case)))
    if len(named) > MOST_ROWS:
        table.add_row(Text("...", style="dim"), Text(f"and {len(named) - MOST_ROWS} more rows", style="dim"))
    return table


def unusual(case: Case) -> str:
    """Return what is not as by default: initial state, encoding, padding, mode, domain."""
    batches = case.batches
    parts = [
        f"initial state: {batches[-1].initial_state}" if any(b.initial_state != "none" for b in batches) else "",
        f"target encoding: {batches[-1].target_encoding}"
        if any(b.target_encoding != "sparse" for b in batches)
        else "",
        "padding before the tokens" if any(b.padding == "pre" for b in batches) else "",
        "graph mode (tf.function)" if case.mode == "graph" else "",
        f"{case.domain} input" if case.domain != "ordinary" else "",
        "no rows at all" if not any(b.pairs for b in batches) else "",
    ]
    return " | ".join(filter(None, parts))


def case_view(finding: Finding, spec: Spec, console: Console, available: int) -> RenderableType:
    """Return sizes and rows side by side where they fit, else one above the other."""
    sizes, rows = size_table(finding, spec), row_table(finding.case, spec)
    options = console.options.update_width(available)
    padded = any(b.ragged or b.extra_source or b.extra_target for b in finding.case.batches)
    of_floats = spec.contract.float_source or spec.contract.float_labels
    pad = f"value {spec.contract.series.pad:g}" if of_floats else f"id {spec.contract.tokens.pad}"
    padding = f"{PAD} is padding ({pad})" if padded else ""
    said = " | ".join(filter(None, (unusual(finding.case), padding)))
    notes = [Text(""), Text(said, style="dim")] if said else []
    grid = Table.grid(padding=(0, 4, 0, 0))
    if sum(Measurement.get(console, options, table).maximum for table in (sizes, rows)) + 4 <= available:
        grid.add_row(sizes, Group(rows, *notes))
    else:
        grid.add_row(Group(sizes, Text(""), rows, *notes[1:]))
    return grid
