"""From a factory and what its user declared to a resolved Spec: what nobody said is read off the model."""

from __future__ import annotations

from typing import Final

from fuzzseq.errors import FuzzseqError, SpecError
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import causality, input_forms, model_probes, output_steps, series_probes, sizes
from fuzzseq.worker.build import LoadedFactory
from fuzzseq.worker.decode_calls import decode_loop
from fuzzseq.worker.first_builds import first_inspection
from fuzzseq.worker.frames import user_frames
from fuzzseq.worker.inspection import Probe
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.model_probes import TraitProbe
from fuzzseq.worker.refusals import raised_text
from fuzzseq.worker.signatures import from_signature
from fuzzseq.worker.stages import StageBeacon
from fuzzseq.worker.steps import training_step

#: What is read off a model, in order: each probe is given what those before it have read.
PROBES: Final[tuple[Probe, ...]] = (
    model_probes.inputs,
    model_probes.kind,
    model_probes.special_tokens,
    input_forms.text,
    input_forms.one_hot,
    model_probes.float_source,
    model_probes.initial_state,
    model_probes.ignored_labels,
    model_probes.compiled_loss,
    model_probes.runs_eagerly,
    series_probes.pad_value,
    output_steps.ctc,
    series_probes.values_by_loss,
    output_steps.declared_steps,
    model_probes.signatures,
    TraitProbe(trait="functional", holds=KERAS.is_functional),
    TraitProbe(trait="keras_model", holds=KERAS.is_model),
    TraitProbe(trait="has_metrics", holds=KERAS.has_metrics),
    model_probes.framework,
    model_probes.form,
    model_probes.inference_models,
    TraitProbe(trait="own_functions", holds=model_probes.has_functions),
    TraitProbe(trait="own_training_step", holds=model_probes.overrides_training_step),
    TraitProbe(trait="has_stateful_layers", holds=model_probes.keeps_states),
    TraitProbe(trait="has_backward_layers", holds=model_probes.reads_backwards),
    TraitProbe(trait="trains_by_default", holds=model_probes.trains_by_default),
    model_probes.reset_method,
    TraitProbe(trait="names_random", holds=model_probes.mentions_random),
    TraitProbe(trait="whole_decoder", holds=model_probes.decodes_all_steps),
    TraitProbe(trait="low_precision", holds=model_probes.has_low_precision),
    model_probes.scored_steps,
    series_probes.float_inputs,
    sizes.static_sizes,
    sizes.first_call,
    sizes.features,
    sizes.single_output,
    series_probes.values_by_output,
    output_steps.inferred_steps,
    sizes.constant_labels,
    sizes.vocabularies,
    sizes.logits,
    causality.causal_hint,
    series_probes.positive,
    series_probes.label_rank,
    series_probes.unpadded,
    decode_loop,
    training_step,  # The model is of no use after this.
)


def infer(target: LoadedFactory, mark: StageBeacon, *, call: bool = True, skip: int = 0) -> Spec:
    """Return the Spec of a fuzz target.

    Without ``call`` the model is built and not called, as for one whose call ends the process; ``skip`` leaves out that
    many of the sizes that would be tried first, as for a factory that ends the process. One that raises for all that
    are left keeps what its signature says, and so does one whose layers raise for every size: running it says why.

    Raises :class:`SpecError` for what cannot be fuzzed: a factory that builds no model, one that nobody can feed, what
    cannot be read off and was not declared, and code of the user's own that raises while it is looked at.
    """
    try:
        spec = from_signature(target)
        inspection = first_inspection(target, spec, mark, call, skip)
        if inspection is None:
            note = "the factory raised for every size that was tried, so that its inputs could not be read off"
            return spec.read_off(notes=[note])
        for probe in PROBES:
            inspection = probe(inspection)
    except Exception as error:
        if isinstance(error, FuzzseqError) or not user_frames(error.__traceback__):
            raise
        raise SpecError(f"{target.name} cannot be looked at: {raised_text(error, target.tracker)}.") from None
    return inspection.spec
