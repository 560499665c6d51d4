"""Probes of sizes: lengths and batches that a model fixes, and vocabularies that no parameter carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from fuzzseq.errors import SpecError
from fuzzseq.targets.contract import SIDES, Contract, Side
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN, Dim, dim
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import stated
from fuzzseq.worker.build import flat_inputs
from fuzzseq.worker.first_look import EmbeddingCall, Look, look, refuse_what_cannot_run
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Model
from fuzzseq.worker.parts import is_array
from fuzzseq.worker.refusals import raised_text
from fuzzseq.worker.roles import names_encoder, names_features
from fuzzseq.worker.variables import every_layer


def static_sizes(seen: Inspection) -> Inspection:
    """Read the sizes of a batch that a model fixes off the shapes of its inputs, where it states them."""
    contract, sizes = seen.spec.contract, seen.sizes
    dimensions, static = dict(contract.dimensions), list(contract.static)
    inferred: set[str] = set()
    rows: int | None = None
    named = {p.dimension for p in contract.parameters}
    for place, (shape, item) in enumerate(zip(stated_shapes(seen.model, contract), contract.inputs, strict=False)):
        side = {"source": "source_length"}.get(item.role, "target_length")
        if item.role not in ("source", "decoder_input", "labels"):
            continue
        for name, size in zip(("batch_size", side), shape, strict=False):
            if size is None:
                continue
            if name == "batch_size" and not (name in named or seen.spec.traits.origins.get(name) == "declared"):
                rows = int(size)  # Nobody says that no other sizes come.
                continue
            static.append(name)
            if name not in named and seen.spec.traits.origins.get(name) != "declared":
                # A length may be fixed to the longest sequence that the factory has a parameter for.
                longest = ("max_source_length" if name == "source_length" else "max_target_length", "max_length")
                tie = next((n for n in longest if n in named and sizes.get(n) == int(size)), None)
                dimensions[name] = Dim(min=1, max=64, equal_to=tie) if tie else dim(int(size))
                inferred.add(name)
        floats = item.role == "source" and len(shape) == 3 and "source" not in contract.forms.one_hot
        if floats and "feature_dim" not in named:
            width, tie = int(shape[2] or 4), None
            # The first other build with another width shows which dimension it follows.
            for built, other in seen.other_builds() if shape[2] else ():
                wide = stated_shapes(built.model, contract)[place][2]
                if wide != width:
                    names = (name for name in sizes if name not in DATA_DIMENSIONS)
                    tie = next((n for n in names if (sizes[n], other.get(n)) == (width, wide)), None)
                    break
            dimensions.setdefault("feature_dim", Dim(min=1, max=1024, equal_to=tie) if tie else dim(width))
    known = {"dimensions": dimensions, "static": tuple(dict.fromkeys(static)), "rows": rows}
    return seen.read_off(contract=known, inferred=inferred)


def stated_shapes(model: Model, contract: Contract) -> list[Sequence[int | None]]:
    """Return the shapes of the inputs of a model that states them, in their order, steps before widths."""
    if KERAS.is_functional(model):
        return [tensor.shape for tensor in flat_inputs(model)]
    shapes = {name: spec.shape.as_list() for name, spec in stated.input_specs(model).items()}
    ordered = [(item, shapes.get(item.key or "", [])) for item in contract.inputs]
    return [[shape[0], shape[2], shape[1]] if item.steps_last else shape for item, shape in ordered]


def first_call(seen: Inspection) -> Inspection:
    """Call the model for the probes that read its output; raises :class:`SpecError` where it cannot be fed."""
    first = look(seen.built, seen.spec, seen.guess) if seen.may_call else Look()
    refuse_what_cannot_run(seen.built, seen.spec, seen.guess, first)
    return attrs.evolve(seen, first=first)


def features(seen: Inspection) -> Inspection:
    """Read off the name of the output whether it is features of the decoder's steps, which no labels are for.

    Of several such outputs it is the one that no name says is the encoder's.
    """
    contract, raw, origins = seen.spec.contract, seen.first.raw, seen.spec.traits.origins
    if not isinstance(raw, Mapping) or contract.loss is not None or not contract.has_target or "features" in origins:
        return seen
    name = next((key for key, value in raw.items() if value is seen.first.scores), None)
    if name is None or not names_features(name):
        return seen
    if "output" not in origins:
        name = next((key for key in raw if names_features(key) and not names_encoder(key)), name)
    return attrs.evolve(
        seen.read_off(contract={"features": True, "output": name}, inferred=["features", "output"]),
        first=attrs.evolve(seen.first, scores=raw[name]),
    )


def single_output(seen: Inspection) -> Inspection:
    """Read whether the model returns its scores and nothing else."""
    return seen.read_off(traits={"single_output": is_array(seen.first.raw)})


def constant_labels(seen: Inspection) -> Inspection:
    """Read how many labels a tagger has whose words are another number, where that is a constant of its code."""
    contract, output = seen.spec.contract, seen.first.array
    words = seen.sizes.get("vocab_size")
    tagger = contract.kind == "many_to_many" and contract.has_classes and contract.vocabulary("target") == "vocab_size"
    if not tagger or output is None or output.ndim != 3 or output.shape[-1] == words:
        return seen
    tags = int(output.shape[-1])
    for built, other in seen.other_builds():
        if tags not in other.values() and other.get("vocab_size") != words:
            again = look(built, seen.spec, attrs.evolve(seen, sizes=other).guess).array
            if not tags or again is None or again.shape[-1] != tags:
                return seen
            note = f"its {tags} labels were read off the model, in whatever sizes it is built: output_dim={tags}"
            dimensions = {**contract.dimensions, "output_dim": dim(tags)}
            return seen.read_off(contract={"dimensions": dimensions}, inferred=["output_dim"], notes=[note])
    return seen


def vocabularies(seen: Inspection) -> Inspection:
    """Read vocabularies that no parameter carries off the embeddings, and off the output."""
    contract = seen.spec.contract
    unknown: dict[str, Dim] = {}
    notes: list[str] = []
    for side in SIDES:
        name = contract.vocabulary(side)
        if name is None or name in {*contract.dimensions, *unknown, *(p.dimension for p in contract.parameters)}:
            continue
        words = _words(seen.first, seen.model, side, contract)
        if words is None:
            why, declaring = "no Embedding layer shows its size", f"declare it, @fuzz_target({name}=1000)"
            if seen.first.error is not None:
                message = raised_text(seen.first.error, seen.built.tracker)
                why = f"it could not be read off the model, which raises for a first batch of ids, {message}"
                # The rows of the largest table declare it.
                rows = [rows for layer in every_layer(seen.model) if (rows := KERAS.table_rows(layer)) is not None]
                floats = "where it takes rows of floats, declare @fuzz_target(float_source=True), else"
                usual = f"{floats} @fuzz_target({name}=1000)"
                declaring = f"declare it, @fuzz_target({name}={max(rows)})" if rows else usual
            target = seen.built.target.name
            raise SpecError(f"The {side} vocabulary of {target} is not one of its parameters, and {why}: {declaring}.")
        tie = _followed(seen, side, words)
        own = contract.range_of(tie) if tie else Dim(min=words, max=words)
        unknown[name] = attrs.evolve(own, multiple_of=None, at_most=None, at_least=None, equal_to=tie)
        read = f"{name} was read off the model, so that ids beyond its own table are not tried on that side"
        notes.append(f"{name} is {tie}: the two were seen to move together" if tie else read)
    found = seen.read_off(contract={"dimensions": {**contract.dimensions, **unknown}}, inferred=unknown, notes=notes)
    _refuse_tokens(seen.built.target.name, found.spec)
    return found


def _words(first: Look, model: Model, side: Side, contract: Contract) -> int | None:
    """Return the size of the vocabulary of a side, off the embedding that took its ids, or the output."""
    words = _table_rows(first.tables, side, contract)
    if words is None and (side == "source" or contract.has_target):  # What a tagger gives is no vocabulary of it.
        words = stated.vocabulary(model, side)
    if (
        words is None
        and side == "target"
        and contract.has_labels
        and not contract.float_labels
        and first.array is not None
    ):
        words = first.array.shape[-1]
    return None if words is None else int(words)


def _followed(seen: Inspection, side: Side, words: int) -> str | None:
    """Return the dimension of the user's own that a vocabulary is: it moves by as much in another build.

    Raises :class:`SpecError` where it moves and no single one does so with it.
    """
    contract = seen.spec.contract
    own = [p.dimension for p in contract.parameters if p.dimension not in KNOWN]
    for built, sizes in seen.other_builds() if own else ():
        other = attrs.evolve(seen, sizes=sizes)
        moved = _words(look(built, seen.spec, other.guess), built.model, side, contract)
        if moved is None or moved == words:
            continue
        beside = [n for n in own if sizes[n] - seen.sizes[n] == moved - words and words >= seen.sizes[n]]
        same = [n for n in beside if words == seen.sizes[n]] or beside
        if len(same) == 1:
            return same[0]
        name = contract.vocabulary(side)
        raise SpecError(
            f"The {side} vocabulary of {seen.built.target.name} follows its sizes: {words} in one build, {moved} in "
            f"another, and none of its parameters is it. Name the parameter {name} that is, or declare how many ids "
            f"it takes in all sizes: @fuzz_target({name}={min(words, moved)})."
        )
    return None


def _table_rows(tables: tuple[EmbeddingCall, ...], side: Side, contract: Contract) -> int | None:
    """Return the rows of the first table that was given the ids of a side; a table of positions is given others."""
    if side == "target" and not contract.has_target:
        return None
    of_side = [table for table in tables if table.steps in ((3,) if side == "source" else (4, 1))]
    of_words = [
        table
        for table in of_side
        if table.ids is not None
        and contract.plain_id(side) in table.ids
        # Positions count the steps.
        and not (table.steps > 1 and bool((np.diff(table.ids, axis=1) == 1).all()))
    ]
    return next((table.rows for table in (*of_words, *of_side)), None)


def _refuse_tokens(name: str, spec: Spec) -> None:
    """Raise :class:`SpecError` where the special tokens have ids that no vocabulary holds which fuzzseq would draw."""
    contract, of_config = spec.contract, spec.traits.origins.get("tokens") == "inferred"
    given = {"pad": contract.tokens.pad, "start": contract.tokens.start, "end": contract.tokens.end}
    token, highest = max(((key, id_) for key, id_ in given.items() if id_ is not None), key=lambda pair: pair[1])
    vocabulary = contract.vocabulary("target" if contract.has_target else "source")
    if vocabulary is None or (vocabulary in contract.dimensions and not of_config):
        return
    most = contract.range_of(vocabulary).max
    if most > highest:
        return
    parameter = contract.written[vocabulary]
    if of_config:
        raise SpecError(
            f"The config of {name} says that the id of its {token} token is {highest}, and {parameter} is at most "
            f"{most}: give the config lower ids, such as 0, 1 and 2, or declare a larger vocabulary."
        )
    raise SpecError(
        f"tokens[{token!r}] of {name} is {highest}, and {parameter} is at most {most} unless its range is declared: "
        f"@fuzz_target({parameter}=dim({highest + 3}, {highest + 20}))."
    )


def logits(seen: Inspection) -> Inspection:
    """Read whether the scores are logits: probabilities are not negative, and the sum of each step is one."""
    scores = seen.first.array
    if scores is None or seen.spec.traits.logits is not None or not seen.spec.contract.has_labels:
        return seen
    if seen.spec.contract.float_labels:
        return seen
    probabilities = bool((scores >= 0).all() and np.allclose(scores.sum(axis=-1), 1.0, atol=1e-3))
    return seen.read_off(traits={"logits": not probabilities}, inferred=["logits"])
