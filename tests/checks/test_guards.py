"""What a silent check believes, and the false alarms that it guards against: numpy alone, no model runs."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from fuzzseq import Batch, Case, Pair, dim
from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.transforms import longer, with_other_ends, with_other_source, with_padding
from fuzzseq.checks import (
    attention_normalized,
    batch_independent,
    causal,
    finite,
    labels_hidden,
    loss_ignores_padding,
    loss_logits,
    loss_per_token,
    padding_invariant,
    state_used,
    stepwise,
    uses_source,
)
from fuzzseq.checks.attention import fault
from fuzzseq.checks.base import Observed, Result, Softmax, everywhere
from fuzzseq.checks.differential import by_row, compared, confirmation, confirmed_difference, real, tolerance
from fuzzseq.checks.execution_modes import executed_otherwise
from fuzzseq.checks.output_shape import expected_shape
from fuzzseq.protocol.outcome import Raised, Verdict
from fuzzseq.protocol.runs import Confirming, ForwardRun, RunKey
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.tokens import Tokens
from tests.specs import with_fields

SPEC = Spec(contract=Contract(loss="compiled"))
SIZES = {"source_vocab_size": 9, "target_vocab_size": 11, "embedding_dim": 6, "units": 8}
RAGGED = Case(dimensions=SIZES, batches=(Batch(pairs=(Pair((3, 4, 5), (3, 4, 5)), Pair((5,), (6,)))),))
COMPARE = compared(real)


def seen(output: Any, case: Case = RAGGED, **more: Any) -> Result:
    """Return the result of a run with an output."""
    return Result(observed=(Observed(arrays=arrays(case, SPEC.contract), output=np.asarray(output), **more),))


def accused(verdict: Verdict | None) -> bool:
    """Say whether a verdict accuses the model; one that says that nothing was looked at does not."""
    return verdict is not None and verdict.status == "failed"


def noise(scale: float, dtype: str = "float32", seed: int = 1) -> Any:
    """Return an output of the ragged case, with noise of a scale on values of about one."""
    base = np.random.default_rng(0).standard_normal((2, 4, 11))
    return (base + scale * np.random.default_rng(seed).standard_normal(base.shape)).astype(dtype)


def results(**outputs: Any) -> dict[RunKey, Result]:
    """Return results by the key of their run: ``base_perturbed_1`` confirms ``base``."""
    found: dict[RunKey, Result] = {}
    for name, output in outputs.items():
        run, *varied = name.split("_")
        key = Confirming(run, varied[0], *map(int, varied[1:])) if varied else run
        found[key] = seen(output)
    return found


def test_rounding_is_no_difference():
    """Noise of a few units in the last place is let pass in every type."""
    for dtype in ("float16", "float32", "float64"):
        small = float(np.finfo(dtype).eps)
        assert (
            confirmed_difference(results(base=noise(0, dtype), other=noise(small, dtype)), "base", "other", COMPARE)
            is None
        )


def test_padding_is_not_compared():
    """What an output says of padding does not count."""
    moved = noise(0)
    moved[1, 2:] += 5
    assert confirmed_difference(results(base=noise(0), other=moved), "base", "other", COMPARE) is None
    moved[1, 1] += 5
    assert confirmed_difference(results(base=noise(0), other=moved), "base", "other", COMPARE) is not None


def test_a_small_difference_is_confirmed_in_double():
    """A small difference counts when float64 shows it too, and not when it is gone there."""
    suspected = {
        "base": noise(0),
        "other": noise(1e-3),
        "base_repeated": noise(0),
        "base_perturbed_1": noise(1e-7, seed=2),
    }
    wide = {"base_double": noise(0, "float64"), "other_double": noise(1e-3, "float64")}
    assert confirmed_difference(results(**suspected, **wide), "base", "other", COMPARE) is not None
    gone = {**wide, "other_double": noise(1e-15, "float64")}
    assert confirmed_difference(results(**suspected, **gone), "base", "other", COMPARE) is None


def test_a_model_that_is_float32_inside_is_measured_against_its_noise():
    """Where float64 shows nothing, a difference has to be far above what one unit in the last place makes."""
    suspected = {"base": noise(0), "other": noise(1e-4), "base_repeated": noise(0)}
    wide = {"base_double": noise(0), "other_double": noise(1e-4, seed=3)}
    calm, wild = {"base_perturbed_1": noise(1e-7, seed=2)}, {"base_perturbed_1": noise(1e-4, seed=2)}
    assert confirmed_difference(results(**suspected, **wide, **calm), "base", "other", COMPARE) is not None
    assert confirmed_difference(results(**suspected, **wide, **wild), "base", "other", COMPARE) is None
    assert confirmed_difference(results(**suspected, **wild), "base", "other", COMPARE) is None


def test_a_model_that_is_not_deterministic_is_not_accused():
    """A model that differs from itself fails no check but deterministic."""
    outputs = {"base": noise(0), "other": noise(0.5), "base_repeated": noise(0.5, seed=4)}
    assert confirmed_difference(results(**outputs), "base", "other", COMPARE) is None


def test_a_large_difference_asks_for_no_double():
    """What no rounding makes is believed without building the model anew."""
    runs = {name: ForwardRun(batches=RAGGED.batches) for name in ("base", "other")}
    large = confirmation(results(base=noise(0), other=noise(0.5)), runs, "base", "other", COMPARE)
    small = confirmation(results(base=noise(0), other=noise(1e-3)), runs, "base", "other", COMPARE)
    assert not [key for key in large if isinstance(key, Confirming) and key.variation == "double"]
    confirming = {Confirming("base", "double"), Confirming("other", "double"), Confirming("base", "perturbed", 1)}
    assert confirming <= set(small)
    assert tolerance(np.float32) == pytest.approx(2.4e-5, rel=0.01)


def test_a_choice_among_equal_scores_is_left_to_rounding():
    """A large difference is not believed where one unit in the last place of the weights makes as much."""
    outputs = {"base": noise(0), "other": noise(0.5), "base_repeated": noise(0)}
    calm, wild = {"base_perturbed_2": noise(1e-7, seed=2)}, {"other_perturbed_3": noise(0, seed=2)}
    assert confirmed_difference(results(**outputs, **calm), "base", "other", COMPARE) is not None
    assert confirmed_difference(results(**outputs, **calm, **wild), "base", "other", COMPARE) is None
    runs = {name: ForwardRun(batches=(Batch(pairs=(Pair((3, 3), ()),)),)) for name in ("base", "other")}
    asked = confirmation(results(**outputs), runs, "base", "other", COMPARE)
    assert {Confirming("base", "perturbed", 6), Confirming("other", "perturbed", 6)} <= set(asked)


def softmax(*shape: int, axis: int = -1, mask: Any = None) -> Softmax:
    """Return a softmax of a shape that is right: nothing on padding, where a mask says which that is."""
    value = np.ones(shape, np.float32)
    if mask is not None:
        value = value * mask
    return Softmax(path="Attention", value=value / value.sum(axis=axis, keepdims=True), axis=axis)


@pytest.mark.parametrize(
    ("shape", "axis", "masked", "error"),
    [
        ((2, 4, 3), -1, True, None),
        ((2, 4, 3), -1, False, "weight_on_padding"),
        ((2, 4, 3), 1, False, "over_queries"),
        ((2, 3, 1), -1, False, "over_one"),
        ((2, 3, 1), 1, False, "weight_on_padding"),
        ((2, 4, 11), -1, False, None),  # words
        ((2, 3, 5), -1, False, None),  # experts
        ((2, 3, 3), -1, False, None),  # self-attention: which axis is that of the keys stays open
    ],
)
def test_which_softmax_is_attention(shape, axis, masked, error):
    """Attention over the source is known by its axes; words, experts and self-attention are let be."""
    given = seen(noise(0)).last
    mask = given.arrays.source_mask[:, None] if masked else None
    found = fault(attrs.evolve(given, softmaxes=(softmax(*shape, axis=axis, mask=mask),)), RAGGED, SPEC)
    assert (found and found.evidence.error) == error


def test_a_constant_number_of_experts_is_no_axis_of_steps():
    """A softmax over as many values as there are decoder steps is one over steps only where it grows with them."""
    check = attention_normalized.CHECK
    base = attrs.evolve(seen(noise(0)).last, softmaxes=(softmax(2, 3, 4),))
    results_ = {"base": Result(observed=(base,)), "layers": Result(observed=(base,))}
    assert accused(check.judge(results_, RAGGED, SPEC))
    (wider,) = check.confirm(results_, RAGGED, SPEC).values()
    assert (wider.batches[0].extra_source, wider.batches[0].extra_target) == (2, 2)
    grown = attrs.evolve(RAGGED, batches=wider.batches)
    for steps, broken in ((4, False), (6, True)):
        again = seen(noise(0), grown, softmaxes=(softmax(2, 5, steps),))
        assert accused(check.judge({**results_, "wider": again}, RAGGED, SPEC)) == broken


def test_an_output_of_another_shape_is_not_compared():
    """What is left of an output that has not the expected steps shows nothing of padding or of steps."""
    lost = attrs.evolve(seen(noise(0)).last, expected=(2, 3, 11))
    assert real(lost) is None
    assert by_row(lost) == []
    assert real(attrs.evolve(lost, expected=(2, None, 11))) is not None


def test_sizes_that_are_equal_tell_nothing():
    """Where a width is the source length, no axis can be known from another, and nothing is judged."""
    case = attrs.evolve(RAGGED, dimensions={**SIZES, "units": 3})
    assert attention_normalized.CHECK.plan(case, SPEC) == {}
    assert attention_normalized.CHECK.plan(RAGGED, SPEC) != {}


@pytest.mark.parametrize("check", [uses_source.CHECK, state_used.CHECK])
def test_one_draw_of_the_weights_proves_nothing(check):
    """An input that does not matter has to leave the output as it is under several draws of the weights."""
    spec = with_fields(SPEC, initial_state="lstm")
    one, two = check.plan(RAGGED, spec)
    same = {one: seen(noise(0)), two: seen(noise(0))}
    assert accused(check.judge(same, RAGGED, spec))
    asked = check.confirm(same, RAGGED, spec)
    assert {run.weights for run in asked.values()} >= {1, 2, 3}
    alive = {name: seen(noise(0.1, seed=number)) for number, name in enumerate(asked)}
    assert not accused(check.judge({**same, **alive}, RAGGED, spec))


def scored(gradient: Any, loss: float = 1.0, output: Any = None, changed: Any = ()) -> Result:
    """Return the result of a run up to its loss, and to those of ``changed`` scores."""
    losses = {name: np.float32(other) for name, other in dict(changed).items()}
    output = noise(0) if output is None else output
    return seen(output, score_gradient=gradient, loss=np.float32(loss), changed_losses=losses)


def test_a_masked_loss_has_no_gradient_at_padding():
    """The least gradient at padding fails the check; none passes, however the loss is divided."""
    check = loss_ignores_padding.CHECK
    gradient = np.ones((2, 4, 11), np.float32)
    assert accused(check.judge({"base": scored(gradient)}, RAGGED, SPEC))
    gradient[1, 2:] = 0
    assert not accused(check.judge({"base": scored(gradient)}, RAGGED, SPEC))


def test_a_sum_is_not_scaled_by_padding():
    """A loss that stays as it is under more padding passes; one that shrinks fails."""
    check, gradient = loss_per_token.CHECK, noise(0)
    gradient[1, 2:] = 0
    for loss, broken in ((1.0, False), (0.8, True)):
        judged = check.judge({"base": scored(gradient), "padded": scored(gradient, loss)}, RAGGED, SPEC)
        assert (judged is not None) == broken
    leaking = {"base": scored(gradient), "padded": scored(gradient, 0.8, noise(0.5))}
    assert not accused(check.judge(leaking, RAGGED, SPEC))


@pytest.mark.parametrize(
    ("lifted", "stretched", "probabilities", "broken"),
    [
        (1.0, 1.5, False, False),  # logits, given to a loss of logits
        (1.0, 1.5, True, True),
        (1.5, 1.0, True, False),
        (1.5, 1.0, False, True),
        (1.5, 1.5, True, False),  # a regression is blind to neither
        (1.0, 1.0, True, False),  # a loss that does not depend on the scores is blind to both
    ],
)
def test_a_loss_is_asked_what_it_is_blind_to(lifted, stretched, probabilities, broken):
    """Only a loss that is blind to one change and sees the other is taken to be of logits or of probabilities."""
    output = noise(0)
    if probabilities:
        output = np.exp(output) / np.exp(output).sum(axis=-1, keepdims=True)
    changed = {"lifted": lifted, "stretched": stretched, "sunk": 1.5}
    found = {"scored": scored(None, 1.0, output, changed)}
    assert accused(loss_logits.CHECK.judge(found, RAGGED, SPEC)) == broken


def test_when_a_check_has_no_meaning():
    """A check that cannot apply says why."""
    unpadded = with_fields(SPEC, padding=None)
    assert "padding=None" in str(padding_invariant.CHECK.applies(unpadded))
    assert "padding=None" in str(loss_ignores_padding.CHECK.applies(unpadded))
    assert "no loss" in str(loss_per_token.CHECK.applies(Spec()))
    assert "batch size" in str(batch_independent.CHECK.applies(with_fields(SPEC, static=("batch_size",))))
    assert "no decoder" in str(causal.CHECK.applies(with_fields(SPEC, kind="encoder")))
    assert "no custom train_step" in str(labels_hidden.CHECK.applies(SPEC))
    assert "no initial state" in str(state_used.CHECK.applies(SPEC))
    assert padding_invariant.CHECK.applies(SPEC) is None
    own = with_fields(SPEC, own_training_step=True)
    assert "raises for (inputs, labels)" in str(
        labels_hidden.CHECK.applies(with_fields(own, train_step_accepts_batch=False))
    )
    assert "weights" in str(loss_per_token.CHECK.applies(with_fields(own, uses_sample_weight=True)))
    assert "inside the custom train_step" in str(loss_logits.CHECK.applies(with_fields(own, loss=None)))
    assert "causal is skipped" in str(stepwise.CHECK.applies(with_fields(SPEC, skip={"causal": "it fills in words"})))


def test_another_source_is_no_other_order_of_its_ids():
    """A source whose ids move among themselves is not asked of: a bag of words does not hear of their order."""
    small = attrs.evolve(RAGGED, dimensions={**SIZES, "source_vocab_size": 5})

    def moved(*rows):
        pairs = tuple(Pair(row, (3,)) for row in rows)
        batches = with_other_source(attrs.evolve(small, batches=(Batch(pairs=pairs),)), SPEC.contract)
        return batches and [pair.source for pair in batches[0].pairs]

    assert moved((3, 4)) is None
    assert moved((3, 4, 4), (4, 3)) is None
    assert moved((3, 3)) == [(4, 4)]
    assert moved((3, 4), (4,)) == [(4, 3), (3,)]
    both = attrs.evolve(small, batches=(Batch(pairs=(Pair((3, 4), ()),)),))
    assert with_other_source(both, SPEC.contract, same_words=True)[0].pairs == (Pair((4, 3), ()),)
    short = attrs.evolve(small, batches=(Batch(pairs=(Pair((3,), ()),)),))
    given = {"base": seen(noise(0)), "other_source": seen(noise(0))}
    assert "longer_other" in uses_source.CHECK.confirm(given, short, SPEC)


def test_longer_rows_have_several_words():
    """A row that is short, or of one word, is made longer and of several, as far as lengths and words are legal."""
    short = attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3,), ()), Pair((3, 3, 3, 3), (4,))), extra_source=2),))
    spec = with_fields(SPEC, dimensions={"target_length": dim(1, 3)})
    (batch,) = longer(short, spec.contract).batches
    assert [pair.source for pair in batch.pairs] == [(3, 4, 5, 6), (4, 5, 6, 7)]
    assert [pair.target for pair in batch.pairs] == [(3, 4), (4, 5)]
    assert batch.extra_source == 0
    assert longer(attrs.evolve(short, batches=(batch,)), spec.contract) is None


def test_a_softmax_is_looked_at_with_other_lengths():
    """What seems to be over the wrong axis is let be where another run shows that its size stays, or grows."""
    check, case = attention_normalized.CHECK, attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3, 4, 5), ()),)),))

    def judged(shape, other, axis):
        both = {"layers": seen(noise(0), case, softmaxes=(softmax(*shape, axis=axis),))}
        assert accused(check.judge(both, case, SPEC))
        assert set(check.confirm(both, case, SPEC)) == {"wider"}
        grown = attrs.evolve(case, batches=check.confirm(both, case, SPEC)["wider"].batches)
        wide = seen(noise(0), grown, softmaxes=(softmax(*other, axis=axis),))
        return accused(check.judge({**both, "wider": wide}, case, SPEC))

    assert judged((1, 3, 1), (1, 5, 1), -1)
    assert not judged((1, 3, 2, 1), (1, 5, 2, 1), -1)  # the taps of a kernel, for each head
    assert not judged((1, 3, 1), (1, 5, 3), -1)  # decoder steps, of which there is one
    assert check.confirm({"layers": seen(noise(0), case, softmaxes=(softmax(1, 3, 1),))}, case, SPEC)[
        "wider"
    ].batches == (Batch(pairs=case.batches[0].pairs * 2, extra_source=2, extra_target=2),)
    fixed = with_fields(SPEC, dimensions={"source_length": dim(3), "target_length": dim(1)})
    only = {"layers": seen(noise(0), case, softmaxes=(softmax(1, 3, 1),))}
    assert not accused(check.judge(only, case, fixed))


def test_softmaxes_of_another_run_are_paired_by_where_they_are():
    """A softmax without its like at other lengths is let be: a loop may run more often, a run may raise."""
    check, case = attention_normalized.CHECK, attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3, 4, 5), ()),)),))
    wrong, same = softmax(1, 3, 1), softmax(1, 5, 1)
    both = {"layers": seen(noise(0), case, softmaxes=(wrong,))}
    raised = Raised(stage="forward", exception="ValueError", message="no")
    slot = attrs.evolve(softmax(1, 5, 7), path="Slots")
    outside = attrs.evolve(same, path="")

    grown = attrs.evolve(case, batches=check.confirm(both, case, SPEC)["wider"].batches)

    def judged(*softmaxes, before=both):
        return accused(check.judge({**before, "wider": seen(noise(0), grown, softmaxes=softmaxes)}, case, SPEC))

    assert judged(slot, slot, same)
    assert not judged(slot, slot)
    assert not accused(check.judge({**both, "wider": Result(raised=raised)}, case, SPEC))
    bare = {"layers": seen(noise(0), case, softmaxes=(attrs.evolve(wrong, path=""),))}
    assert judged(outside, before=bare)
    assert not judged(outside, outside, before=bare)


@pytest.mark.parametrize(
    ("shape", "broken"), [((3, 5, 7), True), ((5, 3, 7), False), ((2, 5, 7), False)], ids=["rows", "time", "experts"]
)
def test_an_axis_in_front_is_that_of_the_rows_where_it_grows_with_them(shape, broken):
    """Scores of experts, or of steps, may be in front, and as many as there are rows."""
    check = attention_normalized.CHECK
    both = {"layers": seen(noise(0), softmaxes=(softmax(2, 3, 7, axis=0),))}
    assert accused(check.judge(both, RAGGED, SPEC))
    grown = attrs.evolve(RAGGED, batches=check.confirm(both, RAGGED, SPEC)["wider"].batches)
    wide = seen(noise(0), grown, softmaxes=(softmax(*shape, axis=0),))
    assert accused(check.judge({**both, "wider": wide}, RAGGED, SPEC)) == broken


def test_heads_are_no_source_steps():
    """Scores of self-attention with as many heads as there are source steps are not over the wrong axis."""
    check, case = attention_normalized.CHECK, attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3, 4, 5), (3,)),)),))
    both = {"layers": seen(noise(0), case, softmaxes=(softmax(1, 3, 2, 2),))}
    assert accused(check.judge(both, case, SPEC))
    for heads, broken in ((3, False), (5, True)):
        (wider,) = check.confirm(both, case, SPEC).values()
        wide = seen(noise(0), attrs.evolve(case, batches=wider.batches), softmaxes=(softmax(1, heads, 4, 4),))
        assert accused(check.judge({**both, "wider": wide}, case, SPEC)) == broken


def test_an_output_of_another_rank_is_not_compared():
    """Scores with one more axis than is expected have no steps that anybody here knows of."""
    shape = {"expected": (2, 4, 11)}
    assert real(seen(noise(0), **shape).last) is not None
    assert real(seen(noise(0)[..., None], **shape).last) is None
    assert by_row(seen(noise(0)[..., None], **shape).last) == []
    assert real(seen(noise(0)[:, 0], expected=(2,)).last) is not None


def test_more_words_than_are_expected_are_compared_where_that_is_skipped():
    """A model whose target skips the check of its shape is judged by the others, with as many words as it has."""
    copying = with_fields(SPEC, skip={"output_shape": "it scores the words of the source as well"})
    wide = np.zeros((2, 4, 15))
    for spec, compares in ((SPEC, False), (copying, True)):
        expected = expected_shape(spec, RAGGED.sizes(spec.contract), arrays(RAGGED, spec.contract))
        assert (real(seen(wide, expected=expected).last) is not None) == compares


def test_a_class_for_padding_alone_is_no_label():
    """A tagger's class that is declared to be padding is no label of a word; undeclared, it may be all there is."""
    spec = with_fields(SPEC, kind="many_to_many")
    case = attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3, 4), ()),), extra_source=1),))
    assert arrays(case, spec.contract).labels.tolist() == [[0, 0, 0]]
    nan = Observed(arrays=arrays(case, spec.contract), loss=np.float32(np.nan))
    given = {"training": Result(observed=(nan,))}
    assert finite.CHECK.judge(given, case, spec) is None
    other = attrs.evolve(case, batches=(Batch(pairs=(Pair((3, 4), (0, 1)),)),))
    assert finite.CHECK.judge(
        {"training": Result(observed=(attrs.evolve(nan, arrays=arrays(other, spec.contract)),))}, other, spec
    )
    declared = with_fields(spec, tokens=Tokens(label_pad=0))
    assert arrays(case, declared.contract).labels.tolist() == [[1, 1, 0]]
    assert finite.CHECK.judge(given, case, declared) is not None


def test_a_label_that_is_no_class_is_a_row_of_zeros():
    """One-hot labels of padding that is no class hold nothing, smoothed ones as well."""
    for encoding in ("one_hot", "smoothed_one_hot"):
        batch = attrs.evolve(RAGGED.batches[0], target_encoding=encoding)
        labels = arrays(
            attrs.evolve(RAGGED, batches=(batch,)), with_fields(SPEC, tokens=Tokens(label_pad=-1)).contract
        ).labels
        assert not labels[1, 2:].any()
        assert np.allclose(labels[0].sum(axis=-1), 1)


@pytest.mark.parametrize("check", [loss_ignores_padding.CHECK, loss_per_token.CHECK])
def test_a_loss_is_asked_of_labels_that_nobody_smoothed(check):
    """A loss may tell padding by rows that are exactly one-hot."""
    smoothed = attrs.evolve(RAGGED.batches[0], target_encoding="smoothed_one_hot")
    runs = check.plan(attrs.evolve(RAGGED, batches=(smoothed,)), with_fields(SPEC, target_encoding="one_hot"))
    assert runs
    assert {batch.target_encoding for run in runs.values() for batch in run.batches} == {"one_hot"}


def test_weight_on_padding_is_confirmed_by_what_it_does():
    """Weight on padding counts where padding moves the output by more than a choice among equal scores does."""
    check = attention_normalized.CHECK
    given = {
        "base": seen(noise(0)),
        "padded": seen(noise(0.5)),
        "layers": seen(noise(0), softmaxes=(softmax(2, 4, 3),)),
    }
    assert accused(check.judge(given, RAGGED, SPEC))
    asked = check.confirm(given, RAGGED, SPEC)
    again, noise_of = Confirming("base", "repeated"), Confirming("base", "perturbed", 1)
    assert again in asked
    confirmed = {**given, again: seen(noise(0)), noise_of: seen(noise(0))}
    assert accused(check.judge(confirmed, RAGGED, SPEC))
    assert not accused(check.judge({**confirmed, Confirming("padded", "perturbed", 2): seen(noise(0))}, RAGGED, SPEC))
    assert not accused(check.judge({**confirmed, again: seen(noise(0.5, seed=3))}, RAGGED, SPEC))


def test_one_way_alone_is_confirmed():
    """What differs beside the way that was confirmed, and let off, is not believed with nothing to confirm it."""
    check = batch_independent.CHECK
    row = attrs.evolve(RAGGED, batches=(Batch(pairs=RAGGED.batches[0].pairs[-1:], extra_source=2, extra_target=2),))
    first = attrs.evolve(RAGGED, batches=(Batch(pairs=RAGGED.batches[0].pairs[:1]),))
    given = {"base": seen(noise(0)), "alone": seen(noise(0.5)[1:], row), "first": seen(noise(0.5)[:1], first)}
    (difference,) = check.judge(given, RAGGED, SPEC).evidence
    assert difference.other == "alone"
    asked = check.confirm(given, attrs.evolve(RAGGED, mode="graph"), SPEC)
    assert [Confirming(name, "layers") in asked for name in ("alone", "first")] == [True, False]
    let_off = {
        **given,
        Confirming("base", "repeated"): seen(noise(0)),
        Confirming("alone", "perturbed", 1): seen(noise(0)[1:], row),
    }
    assert not accused(check.judge(let_off, RAGGED, SPEC))


def test_a_narrower_row_is_not_padded_by_the_users_own_preprocessing():
    """Where padding counts, and is made of the rows at hand, a row that is narrower alone is not compared."""
    made = with_fields(SPEC, preprocess="file.py:pad")
    assert {"alone", "first"} <= set(batch_independent.CHECK.plan(RAGGED, made))
    counting = batch_independent.CHECK.plan(RAGGED, with_fields(made, padding=None))
    assert ("first" in counting, "alone" in counting) == (True, False)


def test_the_last_id_that_is_read_is_changed():
    """Without an end token the very last id is a label alone: the one before it is what the decoder reads last."""
    bare = with_fields(SPEC, tokens=Tokens(end=None))
    (changed,) = with_other_ends(RAGGED, bare.contract, read=True) or ()
    assert [pair.target for pair in changed.pairs] == [(3, 5, 5), (6,)]
    plan = causal.CHECK.plan(RAGGED, bare)
    assert plan["changed"].batches == (changed,)
    before, after = (
        arrays(attrs.evolve(RAGGED, batches=run.batches), bare.contract).decoder_input for run in plan.values()
    )
    assert (before != after).sum() == 1


def test_sides_that_are_tied_are_padded_together():
    """Where both widths are declared to be equal, padding and longer rows are given to both."""
    tied = with_fields(
        SPEC, dimensions={"target_length": dim(1, 9, equal_to="source_length"), "source_length": dim(1, 8)}
    )
    even = attrs.evolve(RAGGED, batches=(Batch(pairs=(Pair((3, 4, 5), (3, 4)),)),))
    (padded,) = with_padding(even, "source", tied.contract) or ()
    assert (padded.extra_source, padded.extra_target) == (2, 2)
    assert set(padding_invariant.CHECK.plan(even, tied)) == {"base", "source", "target"}
    wide = longer(attrs.evolve(even, batches=(Batch(pairs=(Pair((3,), ()),)),)), tied.contract)
    assert wide.sizes(tied.contract)["source_length"] == wide.sizes(tied.contract)["target_length"] == 4


def test_labels_may_have_padding_of_their_own():
    """Labels are padded with ``label_pad`` where there is one; the decoder is not."""
    found = arrays(RAGGED, with_fields(SPEC, tokens=Tokens(label_pad=-100)).contract)
    assert found.labels[1].tolist() == [6, 2, -100, -100]
    assert found.decoder_input[1].tolist() == [1, 6, 0, 0]


def test_cases_are_changed_in_one_way():
    """More padding adds columns and nothing else; other ends change the last id of a row and nothing else."""
    (padded,) = with_padding(RAGGED, "source", SPEC.contract) or ()
    assert attrs.evolve(padded, extra_source=0) == RAGGED.batches[0]
    assert padded.extra_source == 2
    (changed,) = with_other_ends(RAGGED, SPEC.contract) or ()
    assert [p.target[:-1] for p in changed.pairs] == [(3, 4), ()]
    assert all(a.target[-1] != b.target[-1] for a, b in zip(changed.pairs, RAGGED.batches[0].pairs, strict=True))


def test_an_execution_that_raises_is_no_pass():
    """A model that raises in another way of executing it warns, unless that check lets a model refuse."""
    raised = Raised(stage="forward", exception="ValueError", message="no")
    runs: dict[RunKey, Result] = {"called": seen(noise(0)), "other": Result(raised=raised)}
    strict = executed_otherwise("other_agrees", "another way", "other", everywhere, differs="another way")
    lenient = executed_otherwise("other_agrees", "another way", "other", everywhere, differs="another way", raises="")
    verdict = strict.judge(runs, RAGGED, SPEC)
    assert accused(verdict)
    assert verdict.severity == "warning"
    assert lenient.judge(runs, RAGGED, SPEC) is None
