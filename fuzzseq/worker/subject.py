"""A model as the checks see it: stages to go through, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array
from fuzzseq.protocol.runs import ScoreVariant
from fuzzseq.reproduce.runtime import find_scores, is_float
from fuzzseq.targets.encoder_decoder import EncoderDecoder
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Function, Model, Nest, Tensor
from fuzzseq.worker.parts import Part, context_place, is_array, takes_training
from fuzzseq.worker.stages import StageBeacon


class ForwardOutput:
    """Scores (batch, steps, words), the states that came with them, and everything as the model returned it."""

    def __init__(self, scores: Nest, states: list[Tensor], raw: Nest) -> None:
        self.scores, self.states, self.raw = scores, states, raw

    def varied(self, how: ScoreVariant, labels: Tensor) -> ForwardOutput:
        """Return the output with other scores, as :class:`fuzzseq.LossRun` says; masks stay on them."""
        scores = self.scores
        if how in ("lifted", "stretched", "sunk"):
            return self.of(scores + (3 if how == "lifted" else scores if how == "stretched" else tf.minimum(scores, 0)))
        if int(tf.size(labels)) != int(tf.size(scores)):
            return self  # As where quantiles are predicted of a label.
        values = tf.cast(tf.reshape(labels, tf.shape(scores)), scores.dtype)
        if how == "labels_mean":
            values = tf.broadcast_to(tf.reduce_mean(values, axis=(0, 1), keepdims=True), tf.shape(values))
        elif how == "labels_moved":
            values = values[::-1] if values.shape[0] > 1 else values[:, ::-1]
        elif how != "labels":
            values = tf.roll(values, 1 if how == "labels_before" else -1, axis=1)
        return self.of(values)

    def of(self, scores: Tensor) -> ForwardOutput:
        """Return the output with other scores in the place of its own; the mask of these stays on them."""
        KERAS.copy_mask(self.scores, scores)
        raw = tf.nest.map_structure(lambda part: scores if part is self.scores else part, self.raw)
        return ForwardOutput(scores, self.states, raw)


class Subject:
    """A model that is called once for a whole batch: functional, subclassed, or any callable."""

    def __init__(self, model: Model, spec: Spec, mark: StageBeacon) -> None:
        self.model, self.spec, self.mark = model, spec, mark
        self.takes_training = takes_training(model)
        # A plain function is traced with its Python control flow converted, as its user's own tf.function would do.
        converted = KERAS.is_layer(model) or isinstance(model, EncoderDecoder)
        self._in_graph: Function = model if converted else tf.function(model)

    def in_graph(self, traced: bool) -> None:
        """Nothing to prepare: a model that is called once is traced from outside."""

    def forward(self, inputs: Nest, training: bool | None) -> ForwardOutput:
        """Run a batch forward; without a ``training`` the model is not told whether it trains."""
        self.mark.enter("forward")
        extra = {"training": training} if self.takes_training and training is not None else {}
        called: Function = self.model if tf.executing_eagerly() else self._in_graph
        with KERAS.tracing(self.model):
            raw = called(**inputs, **extra) if self.spec.contract.calling == "arguments" else called(inputs, **extra)
        scores = select_output(raw, self.spec.contract.output)
        others = [t for t in tf.nest.flatten(raw) if t is not scores and is_float(t) and len(t.shape) == 2]
        return ForwardOutput(scores, others, raw)

    forward_whole = forward


class SteppedSubject(Subject):
    """An encoder and a decoder apart: the decoder is stepped by hand through the target, as in teacher forcing."""

    def __init__(self, model: EncoderDecoder, spec: Spec, mark: StageBeacon) -> None:
        super().__init__(model, spec, mark)
        self.encoder = Part(model.encoder, context_place(model.encoder, model.decoder))
        self.decoder = Part(model.decoder)

    def in_graph(self, traced: bool) -> None:
        """Run both parts traced from now on, or eagerly: the loop over the steps is the user's own, in Python."""
        self.encoder.traced = self.decoder.traced = traced

    def forward_whole(self, inputs: Nest, training: bool | None) -> ForwardOutput:
        """Encode, then give the decoder all steps at once."""
        memory, states = self.encode(inputs, training)
        self.mark.enter("decode")
        scores, states = self.step(inputs["decoder_input"], states, memory, inputs, training)
        return ForwardOutput(scores, states, scores)

    def forward(self, inputs: Nest, training: bool | None) -> ForwardOutput:
        """Encode, then decode step by step."""
        memory, states = self.encode(inputs, training)
        self.mark.enter("decode")
        tokens = inputs["decoder_input"]
        steps = []
        for step in range(tokens.shape[1]):
            scores, states = self.step(tokens[:, step : step + 1], states, memory, inputs, training)
            steps.append(scores)
        joined = tf.stack(steps, axis=1) if len(steps[0].shape) == 2 else tf.concat(steps, axis=1)
        return ForwardOutput(joined, states, joined)

    def encode(self, inputs: Nest, training: bool | None) -> tuple[Tensor | None, list[Tensor]]:
        """Return the encoder's outputs (None where it gives states alone) and its states."""
        self.mark.enter("encode")
        raw = self.encoder.call({**inputs, "tokens": inputs.get("source")}, training)
        parts = list(raw) if isinstance(raw, list | tuple) and not hasattr(raw, "_fields") else [raw]
        tensors = [t for t in tf.nest.flatten(raw) if is_array(t)]
        place = self.encoder.signature.context
        if place is not None:
            # With as many vectors as the decoder takes states, one of these is its context as well.
            vectors = [(at, t) for at, t in enumerate(tensors) if len(t.shape) == 2]
            spare = len(vectors) > self.decoder.signature.roles.count("states")
            return tensors[place], [t for at, t in vectors if not (spare and at == place)]
        apart = next((part for part in parts if is_array(part) and len(part.shape) == 3), None)
        nested = "memory" in self.decoder.signature.roles or len(parts) == 1
        memory = next((t for t in tensors if len(t.shape) == 3), None) if apart is None and nested else apart
        rest = [part for part in parts if part is not memory]
        self.decoder.structure = rest[0] if len(rest) == 1 else rest
        return memory, [t for t in tensors if t is not memory]

    def step(
        self, tokens: Tensor, states: list[Tensor], memory: Tensor | None, inputs: Nest, training: bool | None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the scores of one step and the next states."""
        raw = self.decoder.call({**inputs, "tokens": tokens, "states": states, "memory": memory}, training)
        parts = list(raw) if isinstance(raw, list | tuple) else [raw]
        given_back = [t for part in parts[1:] for t in tf.nest.flatten(part) if tf.is_tensor(t)]
        # The states among what it gave back: as many as before, each a number of its kind, in their order.
        next_states = []
        for state in states:
            kind = state.dtype.is_floating
            place = next((at for at, t in enumerate(given_back) if t.dtype.is_floating == kind), None)
            if place is not None:
                next_states.append(given_back[place])
                given_back = given_back[place + 1 :]
        return parts[0], next_states


class NoSuchOutput(LookupError):
    """A model has no output of the name or number that holds its scores; ``raw`` is what it returned."""

    def __init__(self, which: str | int, raw: Nest) -> None:
        super().__init__(f"the model returned no output {which!r}")
        self.raw = raw


def select_output(raw: Nest, which: str | int | None) -> Tensor:
    """Return the scores of what a model returned: the named or numbered ones, else ``logits``, else those of rank 3.

    Raises :class:`NoSuchOutput` where those that are named are not there.
    """
    scores: Tensor = raw
    has_parts = isinstance(raw, Mapping | Sequence)
    if which is None or isinstance(which, str) != isinstance(raw, Mapping):
        scores = find_scores(raw)
    elif has_parts:
        try:
            scores = raw[which]
        except LookupError:
            raise NoSuchOutput(which, raw) from None
    return scores


def dense(scores: Tensor) -> Tensor:
    """Return scores as a plain tensor."""
    return scores.to_tensor() if isinstance(scores, tf.RaggedTensor) else scores


def as_numpy(value: Nest) -> Array | None:
    """Return a tensor as a numpy array; None stays None."""
    if isinstance(value, tf.IndexedSlices):
        value = tf.convert_to_tensor(value)
    return None if value is None else np.asarray(value)
