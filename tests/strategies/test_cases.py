"""`cases`: every case is in the ordinary domain of its Contract; what is covered, and what it shrinks to."""

from __future__ import annotations

from itertools import combinations

import attrs
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from fuzzseq import Batch, Case, Contract, Pair, Tokens, dim
from fuzzseq.cases.arrays import arrays
from fuzzseq.cases.boundary import boundary_cases
from fuzzseq.cases.case import steps
from fuzzseq.cases.domain import allowed, id_range
from fuzzseq.strategies import cases
from fuzzseq.targets.contract import CELLS, KINDS, PADDINGS
from fuzzseq.targets.inputs import Parameter

LEAST = {"source_vocab_size": 5, "target_vocab_size": 5, "embedding_dim": 2, "units": 2}
ONE_STEP = Pair((3,), ())
RICH = Contract(initial_state="lstm", target_encoding="one_hot")

#: Ranges and ties that Specs are made of, for one dimension each.
DECLARED = {
    "batch_size": [dim(3), dim(32), dim(2, 9), dim(1, 8, multiple_of=2), dim(2, 4, at_most="units")],
    "source_length": [dim(1), dim(7), dim(4, 12, multiple_of=4), dim(1, 30, at_most="max_length"), dim(3, 5)],
    "target_length": [dim(1), dim(5), dim(1, 12, equal_to="source_length"), dim(2, 12, at_least="source_length")],
    "units": [dim(4), dim(2, 16, multiple_of="num_heads"), dim(2, 16, at_least="embedding_dim")],
    "num_heads": [dim(1, 4), dim(2)],
    "max_length": [dim(2, 16, at_least="source_length"), dim(9), dim(1, 64, multiple_of="source_length")],
    "source_vocab_size": [dim(3), dim(1), dim(2, 300), dim(5, 16, at_most="target_vocab_size"), dim(40_000)],
    "target_vocab_size": [dim(4), dim(5, 16, equal_to="source_vocab_size"), dim(30, 600)],
}
ONE_VOCABULARY = (Parameter(name="v", dimension="vocab_size"),)
PARAMETERS = (*Contract().parameters, Parameter(name="bs", dimension="batch_size", default=32))


@st.composite
def specs(draw):
    """Return Specs of every kind, with a few declared ranges and ties."""
    names = draw(st.lists(st.sampled_from(sorted(DECLARED)), max_size=5, unique=True))
    return Contract(
        kind=draw(st.sampled_from(KINDS)),
        dimensions={name: draw(st.sampled_from(DECLARED[name])) for name in names},
        parameters=draw(
            st.sampled_from([Contract().parameters, PARAMETERS, (Parameter(name="v", dimension="vocab_size"),)])
        ),
        tokens=Tokens(pad=0, start=draw(st.sampled_from([1, None, 6])), end=draw(st.sampled_from([2, None, 1]))),
        padding=draw(st.sampled_from(PADDINGS)),
        initial_state=draw(st.sampled_from([None, *CELLS])),
        target_encoding=draw(st.sampled_from(["sparse", "one_hot"])),
        float_source=draw(st.booleans()),
        graph=draw(st.booleans()),
        static=tuple(draw(st.sets(st.sampled_from(["batch_size", "source_length", "target_length"])))),
    )


@settings(suppress_health_check=list(HealthCheck), max_examples=300)
@given(st.data(), specs())
def test_every_drawn_case_is_allowed(data, contract):
    """Whatever the contract, its cases keep ranges, ties, ids, steps, padding, state, encoding and mode."""
    try:
        strategy = cases(contract)
    except InvalidArgument:
        reject()
    case = data.draw(strategy)
    assert allowed(case, contract)
    made = arrays(case, contract)
    assert len(made.source) == len(case.batches[-1].pairs)
    if len(case.batches) > 1:
        assert len(case.batches[1].pairs) < len(case.batches[0].pairs)
    if contract.kind == "many_to_many":
        assert all(len(pair.target) <= len(pair.source) for batch in case.batches for pair in batch.pairs)


def test_most_specs_have_cases(sample):
    """The Specs that the test above is run on are mostly possible ones: that test is not empty."""

    def possible(contract):
        try:
            return cases(contract) is not None
        except InvalidArgument:
            return False

    drawn = sample(specs(), 200)
    assert sum(map(possible, drawn)) > 0.6 * len(drawn)


def _row(case):
    return case.batches[0].pairs[0]


FEATURES = {
    "eager": lambda c: c.mode == "eager",
    "graph": lambda c: c.mode == "graph",
    "no state": lambda c: c.batches[0].initial_state == "none",
    "zeros": lambda c: c.batches[0].initial_state == "zeros",
    "random": lambda c: c.batches[0].initial_state == "random",
    "one-hot": lambda c: c.batches[0].target_encoding == "one_hot",
    "smoothed": lambda c: c.batches[0].target_encoding == "smoothed_one_hot",
    "batch 1": lambda c: len(c.batches[0].pairs) == 1,
    "batch 6": lambda c: len(c.batches[0].pairs) == 6,
    "length 1": lambda c: c.sizes(RICH)["source_length"] == 1,
    "length 12": lambda c: c.sizes(RICH)["source_length"] == 12 == c.sizes(RICH)["target_length"],
    "one step": lambda c: c.sizes(RICH)["target_length"] == 1,
    "ragged": lambda c: c.batches[0].ragged,
    "equal": lambda c: len(c.batches[0].pairs) > 2 and not c.batches[0].ragged,
    "equal lengths on both sides": lambda c: c.sizes(RICH)["source_length"] == c.sizes(RICH)["target_length"] > 2,
    "longer source": lambda c: c.sizes(RICH)["source_length"] > c.sizes(RICH)["target_length"],
    "longer target": lambda c: c.sizes(RICH)["source_length"] < c.sizes(RICH)["target_length"],
    "extra source padding": lambda c: c.batches[0].extra_source > 0 == c.batches[0].extra_target,
    "extra target padding": lambda c: c.batches[0].extra_target > 1,
    "full width": lambda c: len(c.batches[0].pairs) > 4 and all(len(p.source) == 12 for p in c.batches[0].pairs),
    "last source id": lambda c: c.dimensions["source_vocab_size"] - 1 in _row(c).source,
    "last target id": lambda c: c.dimensions["target_vocab_size"] - 1 in _row(c).target,
    "smallest vocabulary": lambda c: c.dimensions["source_vocab_size"] == 5 < c.dimensions["target_vocab_size"],
    "a last partial batch": lambda c: len(c.batches) == 2,
    "a last batch of two rows": lambda c: len(c.batches) == 2 and len(c.batches[1].pairs) == 2,
    "all sizes differ": lambda c: len(set(c.sizes(RICH).values())) == 7,
}


@pytest.mark.parametrize("name", FEATURES)
def test_cases_cover(find_any, name):
    """Each feature that bugs hide behind is found within a few hundred cases."""
    find_any(cases(RICH), FEATURES[name])


def test_dimensions_mostly_differ(sample):
    """Each two dimensions, those of the batch too, differ in most cases; in most, all of the build do."""
    drawn = sample(cases(Contract()))
    everything = [case.sizes(Contract()) for case in drawn]
    for one, other in combinations(Contract().names(), 2):
        assert sum(sizes[one] != sizes[other] for sizes in everything) > 0.55 * len(drawn)
    assert sum(len(set(case.dimensions.values())) == 4 for case in drawn) > 0.5 * len(drawn)


def test_last_ids_are_frequent_and_second_batches_are_not(sample):
    """A third of all cases or more hold the last id of each vocabulary; at most one in five has two batches."""
    drawn = sample(cases(Contract()))
    for side in ("source", "target"):
        held = [
            any(c.dimensions[f"{side}_vocab_size"] - 1 in getattr(p, side) for p in c.batches[0].pairs) for c in drawn
        ]
        assert sum(held) > len(drawn) / 3
    assert len(drawn) / 50 < sum(len(case.batches) == 2 for case in drawn) < len(drawn) / 5


def test_a_wide_range_is_reached_to_its_end(find_any):
    """Rows as long as a declared range allows are found, though rows as drawn are short."""
    contract = Contract(dimensions={"source_length": dim(1, 300)})
    find_any(cases(contract), lambda c: all(len(pair.source) == 300 for pair in c.batches[0].pairs))


def test_large_batches_are_narrow_as_often_as_wide(sample):
    """Many rows do not make a wide batch: a quarter or more of those with four rows are half as wide as may be."""
    large = [case for case in sample(cases(Contract())) if len(case.batches[0].pairs) > 3]
    assert sum(max(len(p.source) for p in c.batches[0].pairs) <= 6 for c in large) > len(large) / 4


def test_a_case_shrinks_to_one_row_of_one_step(minimal):
    """The smallest case has the least sizes and one row of one step, eager, with no state and no extra padding."""
    assert minimal(cases(Contract())) == Case(dimensions=LEAST, batches=(Batch(pairs=(ONE_STEP,)),))
    assert minimal(cases(RICH)).batches == (Batch(pairs=(ONE_STEP,), target_encoding="one_hot"),)


@pytest.mark.parametrize(
    ("holds", "batches"),
    [
        (lambda c: len(c.batches[0].pairs) > 2, (Batch(pairs=(ONE_STEP,) * 3),)),
        (lambda c: c.sizes(Contract())["source_length"] > 8, (Batch(pairs=(Pair((3,) * 9, ()),)),)),
        (lambda c: c.sizes(Contract())["target_length"] > 3, (Batch(pairs=(Pair((3,), (3, 3, 3)),)),)),
        (lambda c: c.dimensions["source_vocab_size"] - 1 in _row(c).source, (Batch(pairs=(Pair((4,), ()),)),)),
        (lambda c: c.batches[0].extra_source > 0, (Batch(pairs=(ONE_STEP,), extra_source=1),)),
        (lambda c: len(c.batches) > 1, (Batch(pairs=(ONE_STEP,) * 2), Batch(pairs=(ONE_STEP,)))),
        (lambda c: c.dimensions["units"] > 7, (Batch(pairs=(ONE_STEP,)),)),
    ],
)
def test_a_property_keeps_only_what_it_needs(minimal, holds, batches):
    """Shrinking leaves the fewest and shortest rows that have a property, and the least sizes elsewhere."""
    case = minimal(cases(Contract()), holds)
    assert case.batches == batches
    assert case.mode == "eager"
    assert {**case.dimensions, "units": 2} == LEAST
    assert case.dimensions["units"] in (2, 8)


@pytest.mark.parametrize(
    ("contract", "batch"),
    [
        (Contract(kind="encoder"), Batch(pairs=(ONE_STEP,))),
        (Contract(kind="decoder"), Batch(pairs=(Pair(),))),
        (Contract(kind="many_to_many"), Batch(pairs=(ONE_STEP,))),
        (Contract(padding="pre"), Batch(pairs=(ONE_STEP,), padding="pre")),
        (Contract(tokens=Tokens(start=None, end=None)), Batch(pairs=(Pair((1,), (1, 1)),))),
        (Contract(dimensions={"source_length": dim(4)}), Batch(pairs=(ONE_STEP,), extra_source=3)),
        (Contract(dimensions={"batch_size": dim(8)}, static=("batch_size",)), Batch(pairs=(ONE_STEP,) * 8)),
        (Contract(dimensions={"source_vocab_size": dim(2)}), Batch(pairs=(Pair((1,), ()),))),
    ],
)
def test_each_kind_of_spec_has_its_own_smallest_case(minimal, contract, batch):
    """Encoders have no target and decoders no source; fixed widths and batches are filled by padding and repetition."""
    assert minimal(cases(contract)).batches == (batch,)


def test_without_a_promise_about_padding_none_is_added(sample):
    """A model whose padding is unspecified gets ragged rows, and no padding that no row needs."""
    drawn = sample(cases(Contract(padding=None)), 200)
    assert all(batch.extra_source == batch.extra_target == 0 for case in drawn for batch in case.batches)
    assert any(batch.ragged for case in drawn for batch in case.batches)


def test_a_built_width_is_the_same_in_each_batch(sample):
    """Batches of a model that is built for one source length have it, all of them."""
    contract = Contract(dimensions={"source_length": dim(3, 9)}, static=("source_length",))
    twice = [case for case in sample(cases(contract)) if len(case.batches) == 2]
    assert twice
    assert all(c.sizes(contract, 0)["source_length"] == c.sizes(contract, 1)["source_length"] for c in twice)


@given(cases(Contract(), dimensions={**LEAST, "units": 512}, seed=7))
def test_fixed_dimensions_leave_only_data_to_draw(case):
    """Dimensions that are given are kept, outside their range too: a parameter's default is tried that way."""
    assert case.dimensions == {**LEAST, "units": 512}
    assert case.seed == 7
    assert {word for pair in case.batches[0].pairs for word in pair.source} <= {3, 4}


def test_fixed_dimensions_bind_the_batch(sample):
    """A width that is tied to a fixed dimension of the build keeps to it."""
    contract = Contract(dimensions={"source_length": dim(1, 12, at_most="max_length"), "max_length": dim(2, 16)})
    drawn = sample(cases(contract, dimensions={**LEAST, "max_length": 4}), 200)
    assert {case.sizes(contract)["source_length"] for case in drawn} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("dimensions", "shown"),
    [
        ({"units": 2}, "dimensions={'units': 2}"),
        ({**LEAST, "depth": 1}, "'depth': 1"),
        ({**LEAST, "units": 0}, "units=0"),
        ({**LEAST, "units": 2.0}, "units=2.0"),
        ({**LEAST, "units": 3}, "'units': 3"),
    ],
)
def test_dimensions_that_cannot_be_are_refused(dimensions, shown):
    """Dimensions that are not those of the build, are no sizes, or leave no batch are refused, showing the value."""
    contract = Contract(dimensions={"batch_size": dim(2, 6, multiple_of=2, equal_to="units")})
    with pytest.raises(InvalidArgument) as caught:
        cases(contract, dimensions=dimensions)
    assert shown in str(caught.value)


BASE = Case(
    dimensions={**LEAST, "units": 4, "num_heads": 2},
    batches=(Batch(pairs=(Pair((3, 4), (3,)), Pair((3,), ()))),),
)
TIED = Contract(dimensions={"units": dim(2, 16, multiple_of="num_heads"), "num_heads": dim(1, 4)}, padding=None)
SHARED = attrs.evolve(TIED, static=("source_length",))


def _with(**changes):
    """Return the base case with changes to its batch or to itself."""
    batch = {key: value for key, value in changes.items() if hasattr(BASE.batches[0], key)}
    rest = {key: value for key, value in changes.items() if key not in batch}
    return attrs.evolve(BASE, **({"batches": (attrs.evolve(BASE.batches[0], **batch),)} if batch else {}), **rest)


@pytest.mark.parametrize(
    "changes",
    [
        {"domain": "invalid"},
        {"batches": ()},
        {"mode": "xla"},
        {"dimensions": LEAST},
        {"dimensions": {**BASE.dimensions, "key_dim": 2}},
        {"dimensions": {**BASE.dimensions, "units": 2}},
        {"dimensions": {**BASE.dimensions, "units": 3}},
        {"dimensions": {**BASE.dimensions, "units": 18}},
        {"dimensions": {**BASE.dimensions, "source_vocab_size": 4}},
        {"pairs": ()},
        {"pairs": (ONE_STEP,) * 7},
        {"pairs": (ONE_STEP, Pair((), (3,)))},
        {"pairs": (Pair((3,) * 13, ()),)},
        {"pairs": (Pair((3,), (3,) * 12),)},
        {"pairs": (Pair((2,), ()),)},
        {"pairs": (Pair((5,), ()),)},
        {"pairs": (Pair((3,), (5,)),)},
        {"pairs": (Pair((3,), (0,)),)},
        {"initial_state": "zeros"},
        {"target_encoding": "one_hot"},
        {"padding": "pre"},
        {"extra_source": 1},
        {"extra_target": 1},
        {"extra_source": -1},
        {"extra_target": -1},
    ],
)
def test_a_case_outside_the_domain_is_not_allowed(changes):
    """One thing out of the ordinary, in an ordinary case, is one too many."""
    assert allowed(BASE, TIED)
    assert not allowed(_with(**changes), TIED)


def test_batches_agree_on_what_the_built_model_fixes():
    """Two batches may differ in width, unless the model is built for one; padding may be added to reach it."""
    short = Batch(pairs=(ONE_STEP,))
    assert allowed(attrs.evolve(BASE, batches=(*BASE.batches, short)), TIED)
    assert not allowed(attrs.evolve(BASE, batches=(*BASE.batches, short)), SHARED)
    assert allowed(attrs.evolve(BASE, batches=(*BASE.batches, attrs.evolve(short, extra_source=1))), SHARED)


def test_sides_that_a_model_does_not_have_are_empty():
    """Encoders get no target ids, decoders no source ids, and neither has padding there."""
    encoder, decoder, tagger = (Contract(kind=kind) for kind in ("encoder", "decoder", "many_to_many"))
    sizes = {
        contract.kind: {name: LEAST[name] for name in contract.build_dimensions()}
        for contract in (encoder, decoder, tagger)
    }

    def one(contract, pair, **settings):
        return allowed(Case(dimensions=sizes[contract.kind], batches=(Batch(pairs=(pair,), **settings),)), contract)

    assert one(encoder, Pair((3,), ()))
    assert not one(encoder, Pair((3,), (3,)))
    assert not one(encoder, Pair((3,), ()), extra_target=1)
    assert one(decoder, Pair((), (3,)))
    assert not one(decoder, Pair((3,), (3,)))
    assert not one(decoder, Pair((), (3,)), extra_source=1)
    assert one(tagger, Pair((3,), (0,)))
    assert not one(tagger, Pair((3,), (0,)), extra_target=1)


def test_a_default_is_allowed_outside_the_range():
    """The default of a parameter is in the domain unless a range was declared that leaves it out."""
    parameters = (*Contract().parameters[:3], Parameter(name="units", dimension="units", default=512))
    case = Case(dimensions={**LEAST, "units": 512}, batches=(Batch(pairs=(ONE_STEP,)),))
    assert allowed(case, Contract(parameters=parameters))
    assert not allowed(case, Contract(parameters=parameters, dimensions={"units": dim(2, 16)}))
    assert not allowed(case, Contract())


def test_a_row_of_no_decoder_step_is_not_allowed():
    """Without start and end tokens a row of one id has no step to predict, and is not ordinary."""
    bare = Contract(tokens=Tokens(start=None, end=None))
    assert steps((1,), bare.tokens) == 0
    none, one = Pair((1,), (1,)), Pair((1,), (1, 1))
    assert not allowed(Case(dimensions=LEAST, batches=(Batch(pairs=(one, none)),)), bare)
    assert allowed(Case(dimensions=LEAST, batches=(Batch(pairs=(one, one)),)), bare)


def test_a_vocabulary_of_one_ordinary_word_is_not_allowed_where_more_are():
    """A declared range that starts low does not make a vocabulary of a single word ordinary."""
    contract = Contract(dimensions={"source_vocab_size": dim(1, 16)})
    case = Case(dimensions=LEAST, batches=(Batch(pairs=(ONE_STEP,)),))
    assert allowed(case, contract)
    assert not allowed(attrs.evolve(case, dimensions={**LEAST, "source_vocab_size": 4}), contract)


def test_ids_reach_from_the_first_word_to_the_last_row():
    """Ids lie above the special tokens; a vocabulary without a word there gives its last row, and features sixteen."""
    assert id_range("source", {"source_vocab_size": 9}, Contract()) == (3, 8)
    assert id_range("source", {"source_vocab_size": 2}, Contract()) == (1, 1)
    assert id_range("target", {"target_vocab_size": 4}, Contract(kind="many_to_many")) == (0, 3)
    assert id_range("source", {}, Contract(float_source=True)) == (3, 18)


@pytest.mark.parametrize(
    ("tokens", "source", "target"),
    [
        (Tokens(start=2, end=3), 1, 1),
        (Tokens(start=3, end=4, unk=1, sep=2, mask=5), 2, 1),
    ],
)
def test_ids_between_special_ones_are_words(tokens, source, target):
    """Ids below a special one are drawn like any other; separators and masks occur in sources alone."""
    contract = Contract(tokens=tokens)
    reached = {"source": set(), "target": set()}
    for case in boundary_cases(contract, 0):
        for batch in case.batches:
            for pair in batch.pairs:
                reached["source"].update(pair.source)
                reached["target"].update(pair.target)
    assert source in reached["source"]
    assert target in reached["target"]
    assert not reached["source"] & {0, tokens.start, tokens.end}
    assert not reached["target"] & {0, tokens.start, tokens.end, tokens.sep, tokens.mask}


def test_one_side_is_padded():
    """A side whose padding is unspecified gets no columns of its own, and the other one does."""
    contract = Contract(unpadded=("source",))
    batches = [batch for case in boundary_cases(contract, 0) for batch in case.batches]
    assert not any(batch.extra_source for batch in batches)
    assert any(batch.extra_target for batch in batches)
