"""A model called once on a small batch, before anything is known of it but its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, arrays, source_rows
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.cases.domain import legal_range
from fuzzseq.errors import SpecError
from fuzzseq.protocol.outcome import LayerFrame
from fuzzseq.reproduce.runtime import as_source
from fuzzseq.targets.contract import SIDES
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import refusals
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.feeding import feed, initial_state
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Layer, Nest
from fuzzseq.worker.subject import NoSuchOutput, dense

#: More rows than the parts that people take an input apart to: a tensor of two is unpacked as if it were a pair.
ROWS_NOT_UNPACKED: Final = 7
#: Rows and ids of the batches that a preprocess is tried with which raises for the first one.
_BATCHES: Final = ((1, 1), (1, 3), (2, 2), (3, 4), (4, 1))


@attrs.frozen(kw_only=True)
class EmbeddingCall:
    """A call of an embedding: the ``rows`` of its table, how many ``steps`` it was given, and the ids where known."""

    rows: int
    steps: int
    ids: Array | None


@attrs.frozen(kw_only=True)
class Look:
    """What a first call gave: ``scores`` among all that it returned, or the exception that it raised.

    ``layers`` are those that were running when it did, ``tables`` the embeddings that were called until then, and
    ``strings`` the layers that were given strings, with these. What it was called with is ``fed``; None where the
    user's own preprocessing raised.
    """

    fed: Nest = None
    scores: Nest = None
    raw: Nest = None
    error: Exception | None = None
    layers: tuple[LayerFrame, ...] = ()
    tables: tuple[EmbeddingCall, ...] = ()
    strings: tuple[tuple[Layer, str], ...] = ()

    @property
    def array(self) -> Array | None:
        """The scores as a numpy array; None where there are none."""
        return None if self.scores is None else np.asarray(self.scores)


def look_case(spec: Spec, sizes: Mapping[str, int], rows: int = 2, alike: bool = False) -> Case:
    """Return a small ordinary case: two rows, three source ids, four decoder steps, unless the model fixes them.

    ``alike`` gives it as many source ids as decoder steps.
    """
    source = _length("source_length", 4 if alike else 3, spec, sizes)
    target = _length("target_length", 4, spec, sizes)
    if "batch_size" in {p.dimension for p in spec.contract.parameters}:
        rows = 2  # What the model was built with.
    elif spec.contract.rows is not None:
        rows = spec.contract.rows
    elif "batch_size" in spec.contract.dimensions:
        legal = legal_range("batch_size", dict(sizes), spec.contract)
        rows = min(legal, key=lambda value: abs(value - rows), default=rows)
    tokens = spec.contract.tokens
    ids = max(0, target - (tokens.start is not None) - (tokens.end is not None) + 1)
    of_source, of_target = (spec.contract.plain_id(side) for side in SIDES)
    pair = Pair(source=(of_source,) * source, target=(of_target,) * ids)
    batch = Batch(pairs=(pair,) * rows, target_encoding=spec.contract.target_encoding)
    return Case(dimensions=dict(sizes), batches=(batch,))


def _length(name: str, usual: int, spec: Spec, sizes: Mapping[str, int]) -> int:
    """Return the usual length, moved into the range that the model takes."""
    allowed = spec.contract.range_of(name)
    if isinstance(allowed.equal_to, str):
        return sizes.get(allowed.equal_to, usual)
    most = sizes.get(allowed.at_most, usual) if isinstance(allowed.at_most, str) else allowed.max
    return min(max(usual, allowed.min), allowed.max, most)


def fed_for_look(
    built: ModelInstance, spec: Spec, sizes: Mapping[str, int], rows: int = 2, alike: bool = False
) -> tuple[Case, Nest]:
    """Return a small case, and what the model is called with for it; None where preprocessing cannot make that.

    Raises :class:`SpecError` for an initial state, or preprocessing, that is not what fuzzseq can hand on.
    """
    case = look_case(spec, sizes, rows, alike)
    built.spec, built.subject.spec = spec, spec
    try:
        states = initial_state(spec, case, 0, built.state_shapes(case.sizes(spec.contract)))
    except Exception as error:
        if not callable(built.target.option("initial_state")):
            raise
        option = f"initial_state={spec.contract.initial_state}"
        raise refusals.declared_raises(built.target.name, option, error, built.tracker) from None
    source = None
    if built.target.option("preprocess") is not None and spec.contract.has_source:
        try:
            source = _preprocessed(built, source_rows(case.batches[0], spec.contract))
        except SpecError:
            raise
        except Exception:  # The user's own preprocessing may raise for some batches: the run reports it.
            return case, None
    return case, feed(spec, arrays(case, spec.contract), case.dimensions, states, source)


def _preprocessed(built: ModelInstance, rows: list[list[int]] | list[str]) -> Nest:
    """Return what the user's preprocessing makes of rows; raises :class:`SpecError` for what is no array of numbers."""
    made = built.target.option("preprocess")(rows)
    refusals.refuse_source(built.target.name, made)
    return as_source(made)


def _refuse_preprocess(built: ModelInstance, spec: Spec) -> None:
    """Raise :class:`SpecError` where preprocessing raises for each of several small batches of ids."""
    low, lengths = spec.contract.plain_id("source"), spec.contract.range_of("source_length")
    raised: Exception | None = None
    for rows, steps in _BATCHES:
        row = (low,) * min(max(steps, lengths.min), lengths.max)
        try:
            _preprocessed(built, source_rows(Batch(pairs=(Pair(source=row),) * rows), spec.contract))
        except Exception as error:  # whatever the user's own preprocessing raises
            raised = raised or error
        else:
            return
    if raised is not None:
        given = source_rows(Batch(pairs=(Pair(source=(low, low)), Pair(source=(low,)))), spec.contract)
        text = refusals.raised_text(raised, built.tracker)
        what = "sentences" if spec.contract.forms.text else "rows of ids"
        sentences = "" if spec.contract.forms.text else " One that takes sentences is declared with text=True."
        raise SpecError(
            f"preprocess={spec.contract.preprocess} of {built.target.name} raises for every batch that was tried: "
            f"{text}. It is given {what}, such as {given}, and returns the model's source.{sentences}"
        )


def look(built: ModelInstance, spec: Spec, sizes: Mapping[str, int], rows: int = 2) -> Look:
    """Call the model on a small batch; raises :class:`SpecError` where what its user declared keeps it from that."""
    _, fed = fed_for_look(built, spec, sizes, rows)
    if fed is None:
        return Look()
    tables: list[EmbeddingCall] = []
    strings: list[tuple[Layer, str]] = []

    def note_embedding(_path: str, _output: Nest, layer: Layer, given: Args) -> None:
        rows = KERAS.table_rows(layer)
        if rows is not None and given and len(given[0].shape) == 2:
            ids = np.asarray(given[0]) if hasattr(given[0], "numpy") else None
            tables.append(EmbeddingCall(rows=rows, steps=int(given[0].shape[1] or 0), ids=ids))
        if given and getattr(given[0], "dtype", None) == tf.string:
            strings.append((layer, str(given[0])))

    built.tracker.reset()
    try:
        with built.tracker.watching(note_embedding):
            output = built.subject.forward(fed, False)
    except NoSuchOutput as error:
        raise refusals.no_such_output(built.target.name, spec.contract.output, error.raw) from None
    except Exception as error:  # A model that fails on its first batch is what the run is for.
        return Look(fed=fed, error=error, layers=built.tracker.raised, tables=tuple(tables), strings=tuple(strings))
    return Look(fed=fed, scores=dense(output.scores), raw=output.raw, tables=tuple(tables), strings=tuple(strings))


def refuse_what_cannot_run(built: ModelInstance, spec: Spec, sizes: Mapping[str, int], seen: Look) -> None:
    """Raise :class:`SpecError` where a first call shows that the model cannot be fed, or gives no numbers."""
    name = built.target.name
    if seen.error is not None:
        if spec.contract.calling == "single":
            # A tensor of two rows is taken apart as if it were a pair.
            more = look(built, spec, sizes, rows=ROWS_NOT_UNPACKED)
            refusals.refuse_taken_apart(name, more.fed, more.error, built.tracker)
        # Past the encoder of an encoder and a decoder apart, what is fed is the model's own.
        if built.subject.mark.current != "decode":
            refusals.refuse_unfed(name, seen.fed, seen.error, seen.layers, built.tracker)
    elif seen.fed is not None:
        refusals.refuse_output(name, seen.scores, seen.raw)
    elif built.target.option("preprocess") is not None:
        _refuse_preprocess(built, spec)
