"""What is inferred of a model is read by a list of probes, each of which gives a value and changes none."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fuzzseq.errors import SpecError
from fuzzseq.targets.declaration import Declaration, declare
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.spec import Spec


def tagger(vocab_size: int) -> Any:
    """Return a functional tagger."""
    import keras

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return keras.Model(tokens, keras.layers.Dense(vocab_size)(keras.layers.Embedding(vocab_size, 4)(tokens)))


def named_otherwise(words: int, tags: int, doubled: bool = False) -> Any:
    """Return a tagger whose parameters have names that nobody knows, with a row of padding in its table."""
    import keras

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    rows = 2 * words if doubled else words + 1
    return keras.Model(tokens, keras.layers.Dense(tags)(keras.layers.Embedding(rows, 4)(tokens)))


def loaded(factory: Any, declaration: Declaration) -> Any:
    """Return a factory as a worker has it."""
    from fuzzseq.worker.build import LoadedFactory
    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS

    tracker = Tracker()
    KERAS.listen(tracker)
    return LoadedFactory("tagger", factory, declaration, tracker)


@pytest.fixture(scope="module")
def target() -> Any:
    """Return the tagger as a worker has it."""
    return loaded(tagger, Declaration())


def test_a_trait_is_an_entry_of_the_list(target, monkeypatch):
    """Whoever adds a trait adds its field and one probe, and no other code: what the list holds is what is read."""
    from fuzzseq.worker import inference
    from fuzzseq.worker.model_probes import TraitProbe
    from fuzzseq.worker.stages import StageBeacon

    before = inference.infer(target, StageBeacon())
    probe = TraitProbe(trait="uses_sample_weight", holds=lambda model: len(model.layers) == 3)
    monkeypatch.setattr(inference, "PROBES", (*inference.PROBES, probe))
    after = inference.infer(target, StageBeacon())
    assert not before.traits.uses_sample_weight
    assert after == attrs.evolve(before, traits=attrs.evolve(before.traits, uses_sample_weight=True))


def test_a_probe_changes_nothing_it_is_given(target):
    """Each probe reads the same off the same inspection again, and leaves the Spec that it is given as it is."""
    from fuzzseq.worker.first_builds import first_inspection
    from fuzzseq.worker.inference import PROBES
    from fuzzseq.worker.signatures import from_signature
    from fuzzseq.worker.stages import StageBeacon

    seen = first_inspection(target, from_signature(target), StageBeacon(), may_call=True, skip=0)
    for probe in PROBES:
        given: Spec = seen.spec
        text = repr(given)
        read = probe(seen)
        assert probe(seen).spec == read.spec
        assert (seen.spec, repr(given)) == (given, text)
        seen = read
    assert (seen.spec.contract.kind, seen.spec.traits.logits) == ("many_to_many", True)


OWN = declare(kind="many_to_many", words=dim(3, 16), tags=dim(3, 20))


def test_a_vocabulary_by_a_name_that_nobody_knows():
    """A parameter of the user's own is the vocabulary that moves with it: ids fit the table in all sizes."""
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    dimensions = infer(loaded(named_otherwise, OWN), StageBeacon()).contract.dimensions
    assert dimensions["source_vocab_size"] == dim(3, 16, equal_to="words")
    assert dimensions["target_vocab_size"] == dim(3, 20, equal_to="tags")


def test_a_vocabulary_that_no_parameter_is():
    """A table that moves by another amount than each parameter is refused: ids would be drawn that it does not hold."""
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    doubled = loaded(lambda words, tags: named_otherwise(words, tags, doubled=True), OWN)
    with pytest.raises(SpecError, match=r"8 in one build, 14 in another.*@fuzz_target\(source_vocab_size=8\)"):
        infer(doubled, StageBeacon())


def test_a_defect_of_the_release_is_told():
    """What is said of an attention of the installed Keras is so: a row comes out otherwise beside another one."""
    import keras
    import numpy as np

    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.stages import StageBeacon

    def attending(vocab_size: int) -> Any:
        tokens = keras.Input((None,), dtype="int32", name="tokens")
        x = keras.layers.Embedding(vocab_size, 4, mask_zero=True)(tokens)
        return keras.Model(tokens, keras.layers.Dense(vocab_size)(keras.layers.AdditiveAttention()([x, x])))

    model, ids = attending(7), np.array([[3, 4], [5, 0]])
    mixed = not np.allclose(model(ids)[:1], model(ids[:1]), atol=1e-6)
    notes = infer(loaded(attending, Declaration()), StageBeacon()).traits.notes
    said = f"AdditiveAttention of Keras {keras.__version__} masks the scores of a row by other rows"
    assert any(note.startswith(said) for note in notes) == mixed
