"""Invalid input, and how a model may handle it: four results for each kind."""

from __future__ import annotations

from typing import Final, Literal

import attrs

from fuzzseq.targets.contract import SIDES, Contract

Acceptance = Literal["rejected", "rejected (unclear error)", "silently accepted", "crashed"]
Part = Literal["source", "target", "state", "labels", "mask"]

_OUT_OF_TABLE: Final = ("is not in [0", "vocab", "out of range")


@attrs.frozen
class Kind:
    """One way in which input can be wrong; ``words`` are such that a message which names what is wrong has one."""

    name: str
    part: Part
    said: str
    words: tuple[str, ...]


KINDS: Final = (
    Kind("source_id_too_large", "source", "a source id equal to the vocabulary size", _OUT_OF_TABLE),
    Kind("source_id_negative", "source", "a source id of -1", (*_OUT_OF_TABLE, "negative")),
    Kind("source_ids_float", "source", "source ids as floats", ("dtype", "integer", "int32", "float")),
    Kind("source_rank", "source", "source ids with an extra axis", ("rank", "ndim", "expected shape", "dimensions")),
    Kind("source_unpadded", "source", "source rows without padding", ("ragged", "non-rectangular", "padding")),
    Kind("target_id_too_large", "target", "a target id equal to the vocabulary size", _OUT_OF_TABLE),
    Kind("target_id_negative", "target", "a target id of -1", (*_OUT_OF_TABLE, "negative")),
    Kind("target_rows", "target", "a target with one row more than the source", ("batch", "cardinality", "rows")),
    Kind("state_units", "state", "a state with one extra unit", ("state",)),
    Kind("state_batch", "state", "a state with one extra row", ("state",)),
    Kind("state_batch_of_one", "state", "a state with a single row", ("state",)),
    Kind("state_count", "state", "one extra state", ("state",)),
    Kind("state_integers", "state", "a state of integers", ("state", "dtype")),
    Kind("label_too_large", "labels", "a label equal to the number of classes", ("label", "class", *_OUT_OF_TABLE)),
    Kind(
        "label_encoding", "labels", "labels in the other encoding", ("rank", "one-hot", "one_hot", "integer", "label")
    ),
    Kind("label_steps", "labels", "labels with one extra step", ("label", "target", "y_true", "steps")),
    Kind("mask_steps", "mask", "a mask with one extra step", ("mask",)),
)


def kinds_for(contract: Contract) -> tuple[Kind, ...]:
    """Return the kinds of wrong input that a model can be given."""
    ids = {side for side in SIDES if side not in (*contract.forms.text, *contract.forms.one_hot)}
    given: dict[Part, bool] = {
        "source": contract.has_source and not contract.float_source and contract.preprocess is None and "source" in ids,
        "target": contract.has_target and not contract.float_decoder and "target" in ids,
        "state": contract.initial_state is not None,
        "labels": contract.has_labels and contract.loss is not None,
        "mask": any(item.role.endswith("_mask") for item in contract.inputs),
    }
    return tuple(
        kind
        for kind in KINDS
        if given[kind.part]
        and (kind.name != "target_rows" or contract.has_source)
        and (kind.part != "labels" or contract.has_classes or kind.name == "label_steps")
    )
