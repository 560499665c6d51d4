"""One batch of a run, through the stages of a model, eagerly, traced or in another way."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import tensorflow as tf

from fuzzseq.cases.arrays import Array, Arrays, arrays, source_rows
from fuzzseq.cases.case import Batch, Case
from fuzzseq.checks.base import Gradient, Observed
from fuzzseq.checks.decoded import Decoded
from fuzzseq.checks.output_shape import expected_shape
from fuzzseq.protocol import runs
from fuzzseq.reproduce.runtime import as_source, flat_shapes, packed
from fuzzseq.worker import feeding
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.decoding import decode
from fuzzseq.worker.encoder_states import encoders, replacing
from fuzzseq.worker.executions import EXECUTIONS
from fuzzseq.worker.gradients import gradients_of, with_sites
from fuzzseq.worker.instrumentation.recording import finite
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.keras_api.objects import Args, Function, Layer, Nest, Tensor
from fuzzseq.worker.losses import as_targets
from fuzzseq.worker.metrics import metrics_of_fillings
from fuzzseq.worker.naming import stable_name
from fuzzseq.worker.state_lineage import seen_wiring
from fuzzseq.worker.subject import ForwardOutput, SteppedSubject, as_numpy, dense, select_output
from fuzzseq.worker.tracing import Traced, signature
from fuzzseq.worker.training_batches import BatchArrays


class BatchRun:
    """One batch on its way through a model."""

    def __init__(
        self, built: ModelInstance, case: Case, run: runs.Run, batch: int, known: bool, source: Nest = None
    ) -> None:
        self.built, self.case, self.run, self.batch, self.known, self.source = built, case, run, batch, known, source
        self.sizes = case.sizes(built.spec.contract, batch)
        self.arrays: Arrays = arrays(case, built.spec.contract, batch)

    def observe(self) -> Observed:
        """Go as far as the run asks for."""
        match self.run:
            case runs.WiringRun():
                return seen_wiring(self.built, self.arrays, self.forward)
            case runs.ChunkedRun(chunk_boundaries=boundaries):
                return self._in_chunks(boundaries)
            case runs.DecodeRun():
                return Observed(arrays=self.arrays, decoded=self._decode(self.run))
            case runs.TrainingRun():
                return self._train()
            case runs.LossRun(score_variants=variants):
                return self._score(variants)
            case runs.MetricsRun():
                return self._measure()
            case runs.OwnStepRun(own_labels=labels):
                return self._own_predictions(labels)
            case runs.AlternativeRun(execution=name):
                forward, fed = EXECUTIONS[name].forward, self._fed()
                plain = runs.ForwardRun(batches=self.run.batches)
                return self._seen(forward(self.built, fed) if forward else self._forward(plain, fed))
            case runs.ForwardRun():
                return self._look_forward(self.run)

    def _look_forward(self, run: runs.ForwardRun) -> Observed:
        if run.other_encoder_states:
            found = encoders(self.built, run, self._forward_of, self.arrays, self.sizes)
            with self.built.tracker.answering(replacing(found)):
                return attrs.evolve(self._seen(self.forward()), handed_over=tuple(found.values()))
        return self._record_layers(run) if run.record_layers else self._seen(self._forward(run, self._fed()))

    def forward(self) -> ForwardOutput:
        """Run forward eagerly, and look at nothing."""
        self.built.subject.in_graph(False)
        return self.built.subject.forward(self._fed(), False)

    def _forward_of(self, given: Arrays) -> ForwardOutput:
        whole, self.arrays = self.arrays, given
        try:
            return self.forward()
        finally:
            self.arrays = whole

    def _fed(self, states: Nest = None) -> Nest:
        """Preprocess the batch and return what the model is called with."""
        spec, source = self.built.spec, None
        preprocess = self.built.target.option("preprocess")
        if preprocess is not None and spec.contract.has_source:
            self.built.subject.mark.enter("preprocess")
            source = as_source(preprocess(source_rows(self.case.batches[self.batch], spec.contract)))
        source = source if self.source is None else self.source
        if states is None:
            states = self.initial_state(self.state_shapes())
        return feeding.feed(spec, self.arrays, self.sizes, states, source)

    def state_shapes(self) -> Nest:
        """Return the nested shapes of the initial state."""
        return self.built.state_shapes(self.sizes)

    def initial_state(self, shapes: Nest) -> Nest:
        """Return the initial state of the batch, in the structure of its shapes."""
        return feeding.initial_state(self.built.spec, self.case, self.batch, shapes)

    def _labels(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the labels, where they are real, and what each weighs."""
        labels, real = feeding.label_tensor(self.built.spec, self.arrays), feeding.mask_tensor(self.arrays)
        return labels, real, self._batch_arrays().weights(self.built)

    def _batch_arrays(self, own_labels: tuple[Batch, ...] = ()) -> BatchArrays:
        """Return the arrays of the batch as a training step takes them, with other labels where there are any."""
        case = attrs.evolve(self.case, batches=own_labels or self.case.batches)
        labels = arrays(case, self.built.spec.contract, self.batch).labels if own_labels else self.arrays.labels
        return BatchArrays.of(self.built, case, attrs.evolve(self.arrays, labels=labels), self.batch)

    def _score(self, variants: Sequence[runs.ScoreVariant]) -> Observed:
        """Run forward and loss in one function: what a tensor carries beside its values, a mask, is lost in between."""

        def scored(given: Nest, wanted: Tensor, steps: Tensor, weights: Tensor) -> Nest:
            def scored_by(output: ForwardOutput) -> tuple[Tensor, Tensor | None]:
                with tf.GradientTape() as tape:
                    tape.watch(output.scores)
                    loss = self._loss(given, wanted, steps, weights, output)
                return loss, tape.gradient(loss, output.scores)

            output = self.built.subject.forward(given, False)
            loss, gradient = scored_by(output)
            if gradient is None and not variants:
                # Keras scores what it finds behind a softmax instead of the probabilities: of a copy it cannot.
                gradient = scored_by(output.of(tf.identity(output.scores)))[1]
            changed = [self._loss(given, wanted, steps, weights, output.varied(change, wanted)) for change in variants]
            return output.scores, loss, tf.zeros_like(output.scores) if gradient is None else gradient, changed

        arguments = self._fed(), *self._labels()
        scores, loss, gradient, changed = self._in_mode(f"score {variants}", scored, arguments)(*arguments)
        seen = self._seen(ForwardOutput(scores, [], scores), loss=as_numpy(loss))
        losses = dict(zip(variants, map(np.asarray, changed), strict=True))
        return attrs.evolve(seen, score_gradient=as_numpy(gradient), changed_losses=losses)

    def _record_layers(self, run: runs.ForwardRun) -> Observed:
        """Run forward, and keep what each softmax gave; what each layer gave as well in an eager run.

        A traced run whose softmaxes are out of reach is an eager one instead.
        """
        if run.mode == "graph":
            fed = self._fed()
            function = self._forward_in_mode(run, fed)
            found = function.watched(fed) if isinstance(function, Traced) else None
            if found is not None:
                output, softmaxes = found
                return attrs.evolve(self._seen(ForwardOutput(*output)), softmaxes=softmaxes)
            self.run = run = attrs.evolve(run, mode="eager")
        with self.built.tracker.recording() as record:
            seen = self._seen(self._forward(run, self._fed()))
        return record.added_to(seen)

    def _own_predictions(self, own_labels: tuple[Batch, ...]) -> Observed:
        model, fed = self.built.model, self._fed()
        given = self._batch_arrays(own_labels)
        batch = given.training_batch(self.built, fed, given.weights(self.built))
        self.built.subject.in_graph(False)
        self.built.subject.mark.enter("gradient")
        predicted: list[Nest] = []

        def listener(_path: str, output: Nest, layer: Layer, _given: Args) -> None:
            if layer is model and all(hasattr(leaf, "numpy") for leaf in tf.nest.flatten(output)):
                predicted.append(output)

        with self.built.tracker.watching(listener), self.built.tracker.recording() as record:
            model.train_step(batch)
        scores = select_output(predicted[0], self.built.spec.contract.output) if predicted else None
        own = stable_name(model, None)  # What the step calls beside its model may be another's, as a teacher is.
        inside = tuple(call for call in record.dropouts if call.path.partition("/")[0] == own)
        # Beside calls that train, one that is told not to is for something else; what is traced is seen once.
        unseen = () if self.built.spec.traits.own_functions else inside
        training = tuple(call for call in inside if not call.switched_off) or unseen
        return attrs.evolve(self._seen(ForwardOutput(scores, [], scores)), dropouts=training)

    def _measure(self) -> Observed:
        fed, (labels, real, weights) = self._fed(), self._labels()
        output = self.built.subject.forward(fed, False)
        self.built.subject.mark.enter("loss")
        measured = tuple(metrics_of_fillings(self.built, fed, labels, real, weights, output))
        return attrs.evolve(self._seen(ForwardOutput(output.scores, [], output.scores)), metrics=measured)

    def _loss(self, fed: Nest, labels: Tensor, real: Tensor, weights: Tensor, output: ForwardOutput) -> Tensor:
        self.built.subject.mark.enter("loss")
        given = (labels, output.scores, *([weights] if self.built.spec.contract.sample_weight else []))
        loss = self.built.tracker.trace.call(
            lambda: "loss", "", given, lambda: self.built.loss(fed, labels, output, real, weights)
        )
        mean: Tensor = tf.reduce_mean(tf.cast(loss, tf.float32))
        return mean

    def _in_mode(self, name: str, function: Function, arguments: Args) -> Function:
        """Return a function as the mode of the run wants it for such arguments; stepped models run eagerly."""
        self.built.subject.mark.enter("forward")
        mode = runs.mode_of(self.run)
        self.built.subject.in_graph(mode == "graph")
        if mode == "eager" or isinstance(self.built.subject, SteppedSubject):
            return function
        # A trace is made once for each structure of arguments, with the sizes that it leaves closed.
        spec, watch = self.built.spec, (self.built.subject.mark, self.built.tracker)
        key = f"{name} {tf.nest.flatten(signature(arguments, spec))}"
        traced = {} if self.known else self.built.traced
        if key not in traced:
            traced[key] = Traced(function, arguments, spec, *watch, known=self.known)
        made = traced[key]
        # Tracing goes through the stages once: what a trace raises later on has to be of the stage that it is of now.
        self.built.subject.mark.enter(made.stage)
        return made

    def _forward(self, run: runs.ForwardRun, fed: Nest) -> ForwardOutput:
        return ForwardOutput(*self._forward_in_mode(run, fed)(fed))

    def _forward_in_mode(self, run: runs.ForwardRun, fed: Nest) -> Function:
        def pure(given: Nest) -> Nest:
            forward = self.built.subject.forward_whole if run.all_steps_at_once else self.built.subject.forward
            output = forward(given, run.training)
            return output.scores, output.states, output.raw

        return self._in_mode(f"forward {run.training}", pure, (fed,))

    def _train(self) -> Observed:
        """Run forward, loss and gradients; then the model's own training step, where it has one."""
        arguments = self._fed(), *self._labels()

        def step(given: Nest, wanted: Tensor, steps: Tensor, weights: Tensor) -> Nest:
            subject = self.built.subject
            with tf.GradientTape() as tape:
                output = subject.forward(given, True)
                loss = self._loss(given, wanted, steps, weights, output)
            subject.mark.enter("gradient")
            gradients = tape.gradient(loss, self.built.trainable)
            # What a lookup gives is made dense here: traced, that costs a tenth of what it does outside.
            return output.scores, loss, [None if g is None else tf.convert_to_tensor(g) for g in gradients]

        scores, loss, values = self._in_mode("train", step, arguments)(*arguments)
        gradients = gradients_of(self.built, values)
        if runs.mode_of(self.run) == "eager" and any(each.is_zero for each in gradients):
            self.built.put_back(self.run)
            gradients = with_sites(gradients, self.built, self.forward)
        model, own_step = self.built.model, self.built.spec.traits.own_training_step
        if (own_step or runs.mode_of(self.run) == "eager") and self.built.spec.runs_step:
            # Once, where it does nothing that was not just done.
            labeled = as_targets(model, arguments[1]) is not None
            if labeled and not (self.built.stepped and KERAS.has_stock_step(model)):
                self.built.subject.mark.enter("gradient")
                batch = self._batch_arrays().training_batch(self.built, arguments[0], arguments[-1])
                model.train_step(batch)
                self.built.stepped = True
        return self._seen(ForwardOutput(scores, [], scores), loss=as_numpy(loss), gradients=gradients)

    def _in_chunks(self, boundaries: tuple[int, ...]) -> Observed:
        """Run a sequence in chunks, the states of each given to the next; outputs are joined again."""
        spec, whole = self.built.spec, self.arrays
        shapes = self.state_shapes()
        states, scores = None, []
        for first, last in zip((0, *boundaries), (*boundaries, whole.source.shape[1]), strict=True):
            self.arrays = attrs.evolve(
                whole,
                source=whole.source[:, first:last],
                source_mask=whole.source_mask[:, first:last],
                source_length=whole.source_mask[:, first:last].sum(axis=1).astype(np.int32),
            )
            output = self.built.subject.forward(self._fed(states), False)
            if len(output.states) != len(flat_shapes(shapes)):
                return Observed(arrays=whole)  # Which of what it returns are the states it took, nobody knows.
            states = packed(shapes, iter(output.states))
            scores.append(output.scores)
        self.arrays = whole
        joined = tf.concat(scores, axis=1) if len(scores[0].shape) == 3 and spec.contract.has_labels else scores[-1]
        return self._seen(ForwardOutput(joined, tf.nest.flatten(states), joined))

    def _decode(self, run: runs.DecodeRun) -> Decoded:
        whole, spec = self.arrays, self.built.spec

        def score(changed: Arrays) -> Nest:
            return dense(self._forward_of(changed).scores)

        words = self.case.dimensions.get(spec.contract.vocabulary("target") or "")
        return decode(self.built, self._fed(), whole, words, run, score)

    def _seen(self, output: ForwardOutput, loss: Array | None = None, gradients: tuple[Gradient, ...] = ()) -> Observed:
        scores, flat = as_numpy(dense(output.scores)), self.built.spec.contract.series.flat_output
        expected = expected_shape(self.built.spec, self.sizes, self.arrays)
        only_forward = isinstance(self.run, runs.ForwardRun | runs.ChunkedRun | runs.AlternativeRun)
        culprits: list[str] = []

        def listener(path: str, value: Nest, _layer: Layer, _given: Args) -> None:
            if not culprits and not all(finite(tensor) for tensor in tf.nest.flatten(value)):
                culprits.append(path)

        if only_forward and scores is not None and not finite(tf.constant(scores)):
            # Once more, to find the first layer whose output is not finite though its inputs are.
            self.built.reset(self.run)
            with self.built.tracker.watching(listener):
                self.forward()
        return Observed(
            arrays=self.arrays,
            # One value a step is compared as if it had an axis.
            output=scores[..., None] if flat and scores is not None else scores,
            expected=(*expected, None) if flat else expected,
            states=tuple(np.asarray(dense(state)) for state in output.states),
            loss=loss,
            gradients=gradients,
            first_nonfinite=culprits[0] if culprits else "",
            traces={name: len(values) for name, values in self.built.tracker.traced_for.items()},
        )
