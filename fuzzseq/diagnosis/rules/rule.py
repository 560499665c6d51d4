"""What a rule is, and what several rules ask of the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from fuzzseq.diagnosis.evidence import FailureEvidence
from fuzzseq.grammar import CauseSlug
from fuzzseq.protocol.framework_messages import Topic
from fuzzseq.protocol.outcome import Operand

LENGTHS: Final = ("source_length", "target_length")
PRODUCTS: Final = ("BatchMatMul", "Einsum", "MatMul")
RECURRENT: Final = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "LSTMCell", "GRUCell", "SimpleRNNCell")


@attrs.frozen
class CauseScore:
    """A cause, how strongly a rule speaks for it (0 to 100), and the sentence that says why."""

    cause: str
    weight: int
    why: str


Predicate = Callable[[FailureEvidence], bool]


@attrs.frozen
class Rule:
    """What speaks for a cause, how strongly (0 to 100), and why.

    ``holds`` says whether it does, or returns what the reasons name, one for each. ``why`` is a reason, with ``{0}``
    for what it names, and ``{e}`` for the evidence. A weaker rule of the same cause and reason adds nothing.
    """

    cause: CauseSlug
    weight: int
    holds: Callable[[FailureEvidence], bool | Sequence[str]]
    why: str = "{0}"
    guards: tuple[Predicate, ...] = ()

    def scores(self, e: FailureEvidence) -> Iterator[CauseScore]:
        """Yield a score for each reason."""
        found = all(guard(e) for guard in self.guards) and self.holds(e)
        for named in [""] * found if isinstance(found, bool) else found:
            yield CauseScore(self.cause, self.weight, self.why.format(named, e=e))


def only_where(guard: Predicate, *rules: Rule) -> tuple[Rule, ...]:
    """Return rules that are asked only where something holds."""
    return tuple(attrs.evolve(rule, guards=(guard, *rule.guards)) for rule in rules)


def always(_: FailureEvidence) -> bool:
    """Hold of every failure."""
    return True


def passes(factor: str) -> Predicate:
    """Return the predicate that another value of a factor makes the case pass."""
    return lambda e: e.passes(factor)


def speaks_of(*topics: Topic) -> Predicate:
    """Return the predicate that the message is about one of some topics."""
    return lambda e: e.message.speaks_of(*topics)


def depends_on_lengths(e: FailureEvidence) -> bool:
    """Say whether some other length makes the case pass."""
    return any(map(e.matters, LENGTHS))


def unequal_lengths(e: FailureEvidence) -> bool:
    """Say whether a failure goes away when source and target are of equal length, whatever that is."""
    if e.passes("ragged"):
        return False  # Rows of one length are enough, and those are what equal sides have.
    equal = [i.result for i in e.interventions if i.factor == "equal_lengths"]
    sizes = e.case.sizes(e.spec.contract)
    differ = sizes.get("source_length") != sizes.get("target_length")
    return differ and len(equal) > 1 and set(equal) == {"passes"} and depends_on_lengths(e)


def in_attention(e: FailureEvidence) -> bool:
    """Say whether an attention layer was running, or what raised was given scores, or makes some of two activations."""
    if any("attention" in layer.kind.lower() for layer in e.layers):
        return True
    if e.innermost is not None and e.innermost.kind in RECURRENT:
        return False
    activations = [each for each in e.operands if set(each.roles) - {"weight"}]
    return e.given("scores", "attention") or (e.op in PRODUCTS and len(activations) > 1)


def is_state(e: FailureEvidence) -> bool:
    """Say whether a state is where a failure occurs: a layer was given one, or what raised was."""
    of_layer = any(layer.states or layer.kind.endswith("Cell") for layer in e.layers)
    return of_layer or bool(e.given_alone("state") or made_states(e)) or e.message.speaks_of(Topic.STATE)


def made_states(e: FailureEvidence) -> list[int]:
    """Return the rows of each constant of (rows, units) that what raised was given: what a recurrence begins with."""
    sizes = e.clearest_sizes
    widths = {size for name, size in sizes.items() if name.endswith("units") or name == "embedding_dim"}
    found = e.any_failure("batch_size")
    lengths = {sizes.get(name) for name in LENGTHS} - {found.constant if found.kind == "except" else None}
    shapes = [each.shape for each in e.operands if not each.roles and len(each.shape) == 2]
    return [rows for rows, width in shapes if width in widths and rows not in lengths]


def is_mask(e: FailureEvidence) -> bool:
    """Say whether what raised was given a mask, or works on one."""
    inner = e.innermost
    of_layer = inner is not None and bool(inner.masks or inner.kind in ("Softmax", "MaskedSoftmax"))
    return of_layer or bool(given_masks(e))


def given_masks(e: FailureEvidence) -> tuple[Operand, ...]:
    """Return what raised was given that is a mask. Keras joins the masks of what it joins, and applies none there."""
    return () if e.op.startswith("Concat") else e.given_alone("mask")
