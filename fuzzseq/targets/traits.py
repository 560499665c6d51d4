"""What was read off a model: its `Traits`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from fuzzseq.grammar import Identifier, Line, Reference

Origin = Literal["declared", "inferred"]
#: What a target is: what makes a model when it is called, or a model.
Form = Literal["factory", "class", "model", "saved"]
#: The module of Keras that a model is made of.
Framework = Literal["keras", "tf_keras"]

#: What a training step of the user's own gives the compiled metrics beside the labels: the weights of the batch, or
#: none; empty where it gives them something else, or nothing.
StepMeasures = Literal["", "weighted", "unweighted"]


@attrs.frozen(kw_only=True)
class Traits:
    """What a model is, beyond what it accepts: nothing here changes what it is given.

    ``origins`` says of each field of a Spec, and of each dimension, whether it was ``declared`` by the user or
    ``inferred`` from the model; what it does not name has its default. ``notes`` say that to the user.
    ``custom_objects`` is the file that a saved model was read with. ``source_constants`` are whole numbers of the
    factory's code. ``input_names`` are the names of the inputs that are given by position, where the model has any.
    """

    framework: Framework = "keras"
    form: Form = "factory"
    input_names: tuple[Line, ...] = ()
    custom_objects: Reference | None = None
    functional: bool = False
    keras_model: bool = False
    logits: bool | None = None
    single_output: bool = False
    inference_models: bool = False
    own_training_step: bool = False
    train_step_accepts_batch: bool = True
    uses_sample_weight: bool = False
    has_metrics: bool = False
    step_measures: StepMeasures = ""
    has_stateful_layers: bool = False
    has_backward_layers: bool = False
    trains_by_default: bool = False
    reset_method: Line = ""
    names_random: bool = False
    own_functions: bool = False
    whole_decoder: bool = False
    low_precision: bool = False
    source_constants: tuple[int, ...] = ()
    origins: Mapping[Identifier, Origin] = attrs.field(factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def already_built(self) -> bool:
        """Whether the target is a model of the user's file, and nothing that makes one."""
        return self.form == "model"
