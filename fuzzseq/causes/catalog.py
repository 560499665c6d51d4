"""The catalog of causes: what a model does wrong, under a name that never changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name


@attrs.frozen
class Cause:
    """One kind of mistake: a slug that is stable, a title, what the model does wrong, and how to fix it.

    A dimension that the advice names stands there in braces: users call theirs otherwise.
    """

    slug: str
    title: str
    mistake: str
    _advice: str
    _advice_of_ctc: str = ""

    @property
    def advice(self) -> str:
        """How to fix it, whatever the model."""
        return self.advice_for({})

    def advice_for(self, written: Mapping[str, str], *, ctc: bool = False) -> str:
        """Return how to fix it in a model whose dimensions are called as they are ``written``, or that learns by CTC.

        The latter says so of advice that is another one there.
        """
        return ((ctc and self._advice_of_ctc) or self._advice).format_map(_Names(written))

    @property
    def group(self) -> str:
        """The part of a model that it concerns: what its slug begins with."""
        return self.slug.partition("-")[0]


#: Every group with the part of a model that it concerns, in the order of reports.
GROUPS: Final[dict[str, str]] = {
    "input": "preprocessing, padding, vocabulary and embedding",
    "state": "initial states and how they are passed",
    "decoder": "encoder output, attention and time steps",
    "loss": "targets, labels and masks",
    "numeric": "values and gradients",
    "execution": "how the model is built, traced, compiled and saved",
    "process": "the process that the model runs in",
    "unclassified": "no known cause fits",
}

#: Every cause, in the order of the catalog.
CAUSES: Final[tuple[Cause, ...]] = (
    Cause(
        "input-unpadded",
        "Rows of different lengths are not padded",
        "Rows of different lengths reach an operation that needs a rectangle.",
        "Pad every row to the longest of its batch (keras.utils.pad_sequences) and mask the padding.",
    ),
    Cause(
        "input-fixed-length",
        "The length is hard-coded",
        "Sequences are padded, truncated or positioned to a constant length; longer ones fail or are cut off.",
        "Take the length from the batch, make the table as long as the longest sequence, or declare a limit (dim()).",
    ),
    Cause(
        "input-length-multiple",
        "Lengths must be a multiple of a constant",
        "Pooling, striding or bucketing only works for lengths that are divisible by a constant.",
        "Pad lengths up to the next multiple inside the model, or declare multiple_of=... with dim().",
    ),
    Cause(
        "input-vocabulary",
        "An embedding is smaller than its vocabulary",
        "A token id is beyond the last row of its embedding table.",
        "Set Embedding(input_dim=...) to the vocabulary size including special tokens, "
        "and check that source and target are not swapped.",
    ),
    Cause(
        "input-embedding-dim",
        "The embedding width does not match the next layer",
        "The width of the token embeddings differs from the width that the next layer expects.",
        "Derive both from one variable, or add a Dense layer after the embedding.",
    ),
    Cause(
        "input-dtype",
        "Token dtype is not handled",
        "Tokens of another integer dtype break the model, or floats are silently truncated to integers.",
        "Cast ids once at the input (keras.ops.cast to int32), and reject floats.",
    ),
    Cause(
        "input-padding-leak",
        "Padding changes the result",
        "Values at padded source positions affect the output at real positions.",
        "Mask the padding (Embedding(mask_zero=True), Masking() for floats) and make sure the mask reaches every "
        "layer that mixes steps; "
        "declare padding=None if the model may depend on padding.",
    ),
    Cause(
        "input-empty",
        "Empty input is not handled",
        "A row without tokens, a batch without rows or an all-padding row is not handled.",
        "Guard reductions and divisions against a count of zero, or drop empty rows before the model.",
    ),
    Cause(
        "state-units",
        "An initial state has the wrong width",
        "A state is passed to a cell of another width.",
        "Build encoder and decoder from the same units, or project the state with a Dense layer.",
    ),
    Cause(
        "state-batch",
        "A state is tied to one batch size",
        "A state was created for another batch size.",
        "Create states from the current batch: keras.ops.zeros((keras.ops.shape(x)[0], units)).",
    ),
    Cause(
        "state-count",
        "The wrong number of state tensors",
        "A cell gets more or fewer state tensors than it has: an LSTM has two, a GRU has one.",
        "Pass [h, c] to an LSTM and a single tensor to a GRU, with return_state=True on the encoder.",
    ),
    Cause(
        "state-layers",
        "States are wrong for stacked layers",
        "States are passed correctly for one layer, but not for two or more.",
        "Collect the states of every layer and pass each decoder layer those of its encoder layer.",
    ),
    Cause(
        "state-bidirectional",
        "Forward and backward states are not joined",
        "The states of a bidirectional encoder are used as if it had one direction, or are joined in the wrong order.",
        "Concatenate forward_h with backward_h (likewise for c), and give the decoder 2 * units.",
    ),
    Cause(
        "state-dtype",
        "State and cell have different float types",
        "The state and the cell compute in different float types, as under mixed precision.",
        "Cast the state to the layer's compute_dtype before passing it.",
    ),
    Cause(
        "state-unused",
        "An initial state has no effect",
        "The model accepts an initial state, or its encoder returns one, and it computes the same without it.",
        "Pass it on as initial_state=..., or remove the input (for an encoder, return_state=True).",
    ),
    Cause(
        "state-not-carried",
        "The state is not carried over",
        "A state is dropped, or its parts are swapped, between two steps, two chunks, or encoder and decoder.",
        "Return the states from each step, and feed exactly these, in order, to the next.",
    ),
    Cause(
        "state-miswired",
        "States of the same width are swapped",
        "h and c, or the states of two layers, are swapped; the shapes match, so there is no error.",
        "Trace each state by name from encoder to decoder, and pass them in the order [h, c], layer by layer.",
    ),
    Cause(
        "state-leak",
        "One batch affects the next",
        "A stateful layer or a variable carries values from one batch into the next.",
        "Leave stateful=False, or reset the states between unrelated batches.",
    ),
    Cause(
        "decoder-length-assumption",
        "Source and target are assumed equal in length",
        "The length of one side is used in place of the other.",
        "Read each length from its own tensor, and make attention (target steps, source steps).",
    ),
    Cause(
        "decoder-attention-shape",
        "The shapes inside attention do not match",
        "Scores, transposes or reshapes of an attention layer do not match for these sizes.",
        "Write down the axes of query, key and scores, (batch, target, source), and check each transpose against them.",
    ),
    Cause(
        "decoder-attention-mask",
        "Attention attends to padding",
        "The attention mask is missing, inverted, or made from the wrong side.",
        "Mask the scores with the source's padding mask (true at real steps) before the softmax. Where heads are "
        "folded into rows, repeat it in their order.",
    ),
    Cause(
        "decoder-attention-axis",
        "Attention is normalized over the wrong axis",
        "The weights of a target step do not sum to one over the source.",
        "Take softmax over the source axis (the last one of (batch, target, source)) and sum over the same one.",
    ),
    Cause(
        "decoder-heads",
        "The width is not divisible by the number of heads",
        "The model splits its width into heads, and the width is not divisible.",
        'Raise a ValueError that names both when building, or declare {units}=dim(..., multiple_of="{num_heads}").',
    ),
    Cause(
        "decoder-squeeze",
        "A dimension of size one disappears",
        "squeeze without an axis drops the batch or time axis when its size is one.",
        "Name the axis: squeeze(x, axis=1), or use x[:, 0].",
    ),
    Cause(
        "decoder-reshape",
        "A reshape mixes batch and time",
        "A reshape swaps rows and steps: it fails, or mixes rows, as soon as there are two rows.",
        "Transpose before reshaping, and keep the batch as the first axis.",
    ),
    Cause(
        "decoder-sees-future",
        "The decoder sees the future",
        "The output of a step depends on tokens that come after it.",
        "Use a causal mask (use_causal_mask=True), and no bidirectional layer or centered convolution over the target: "
        'Conv1D(..., padding="causal").',
    ),
    Cause(
        "decoder-step-mismatch",
        "Step-by-step decoding differs from teacher forcing",
        "Decoding one token at a time gives another result than running the whole target at once.",
        "Feed the same states, positions and start token in both, and compare the two on one batch.",
    ),
    Cause(
        "decoder-beams",
        "Beams are not kept apart, or not on every side",
        "Decoding works with one beam, and mixes rows up or fails with several.",
        "Repeat source, states and masks for every beam, and gather all of them by the rows that the beams go on from.",
    ),
    Cause(
        "decoder-ignores-source",
        "The source does not reach the output",
        "The output is the same for every source.",
        "Connect the encoder's states or outputs to the decoder, and check that nothing multiplies them by zero.",
    ),
    Cause(
        "decoder-width",
        "Encoder and decoder widths differ",
        "Encoder output, context or residual is added to or multiplied by a tensor of another width.",
        "Project one side to the width of the other with a Dense layer, or build both from one size.",
    ),
    Cause(
        "loss-encoding",
        "The loss expects another target encoding",
        "Integer targets are passed to a loss for one-hot targets, or vice versa.",
        "Use SparseCategoricalCrossentropy for integers and CategoricalCrossentropy for one-hot targets.",
    ),
    Cause(
        "loss-vocabulary",
        "Labels exceed the number of classes",
        "A label, or the depth of one-hot labels, exceeds the last axis of the output.",
        "Give the output layer as many units as the target vocabulary has tokens, including special tokens.",
    ),
    Cause(
        "loss-timesteps",
        "Prediction and target differ in length",
        "The output has more or fewer steps than the labels, because of the shift, an end token or padding.",
        "Slice both the same way: decoder input target[:, :-1], labels target[:, 1:].",
    ),
    Cause(
        "loss-target-leak",
        "A label is its own input",
        "At each step the decoder reads the token that it has to predict.",
        "Shift the target by one: the input starts with the start token, the labels do not contain it.",
    ),
    Cause(
        "loss-mask-shape",
        "A loss mask has the wrong shape",
        "The mask or the sample weights do not have one value per label, or are broadcast over the whole batch.",
        "Compute the loss without reduction, (batch, steps), and multiply it by a mask of the same shape.",
    ),
    Cause(
        "loss-broadcast",
        "Labels are broadcast against the predictions",
        "Labels of shape (batch, steps) and predictions of (batch, steps, 1) meet without a common shape: it fails, or "
        "each label is compared with the predictions of other rows and steps.",
        "Give both one shape before they are subtracted: labels[..., None], or predictions[..., 0].",
    ),
    Cause(
        "loss-padding",
        "Padding contributes to the loss",
        "Predictions at padded positions change the loss.",
        "Weight each position by labels != pad, or pass such a mask as sample_weight, or declare padding=None where "
        "no rows are padded.",
        "Tell CTC how many steps each row has, by logit_length of tf.nn.ctc_loss or input_length of ctc_batch_cost: "
        "keras.losses.CTC takes all columns for real ones. Declare padding=None where no rows are padded.",
    ),
    Cause(
        "loss-normalization",
        "The loss depends on the amount of padding",
        "The sum over real tokens is divided by the padded size.",
        "Divide by the number of real tokens, sum(mask), and not by batch * steps.",
    ),
    Cause(
        "loss-metric-padding",
        "Padding contributes to a metric",
        "A compiled metric counts predictions at padded positions, which the loss leaves out.",
        "Compile it as one of weighted_metrics and pass labels != pad as sample_weight, or have it ignore that class.",
    ),
    Cause(
        "loss-logits",
        "Probabilities are treated as logits",
        "The output layer and the loss disagree on whether softmax was applied.",
        "Either drop the softmax and set from_logits=True, or keep it and set from_logits=False.",
    ),
    Cause(
        "loss-dtype",
        "Label dtype is not handled",
        "Labels of another dtype are rejected, or silently truncated to integers.",
        "Cast the labels once, where the batch is created.",
    ),
    Cause(
        "numeric-nonfinite",
        "The result is NaN or infinite",
        "An output, a loss or a gradient is not finite.",
        "Look at the first layer that produced it: guard against division by zero, the logarithm of zero, "
        "and a softmax over fully masked positions.",
    ),
    Cause(
        "numeric-no-gradient",
        "A weight has no gradient",
        "The loss does not depend on a trainable weight at all.",
        "Connect the weight to the output, or set trainable=False; argmax, integer casts and stop_gradient block it, "
        "and a recurrent kernel learns nothing where each step begins without the state of the one before.",
    ),
    Cause(
        "numeric-batch-coupling",
        "Rows of a batch affect each other",
        "The result for a row depends on the other rows of its batch.",
        "Normalize over features instead of the batch, make sure that training=False reaches the layer, and have a "
        "decode loop end each row by itself.",
    ),
    Cause(
        "execution-graph",
        "Eager and graph mode disagree",
        "The model works eagerly, but fails or differs when traced with unknown batch size and length.",
        "Use keras.ops.shape instead of .shape for sizes that vary, and no Python branches on tensors.",
    ),
    Cause(
        "execution-retrace",
        "Every shape causes a retrace",
        "Each new length or batch size triggers a new trace.",
        "Leave batch and time unspecified in the signature, and pass tensors, not Python numbers.",
    ),
    Cause(
        "execution-xla",
        "It fails or differs under XLA",
        "With jit_compile=True the model raises or computes something else.",
        "Avoid shapes that depend on values, or compile with jit_compile=False.",
    ),
    Cause(
        "execution-hard-coded-batch",
        "The batch size is hard-coded",
        "The model assumes a constant number of rows; batches of another size fail.",
        "Read the number of rows from the input, keras.ops.shape(x)[0], or pass -1 to reshape.",
    ),
    Cause(
        "execution-nondeterministic",
        "Two runs of the same case differ",
        "The same weights and input give different results.",
        "Pass training=False through to dropout and noise. Where sampling is meant, as Monte Carlo dropout, declare "
        'skip={{"deterministic": "Monte Carlo dropout"}}.',
    ),
    Cause(
        "execution-dropout-off",
        "Dropout is off in training",
        "A dropout layer drops nothing in a training step, for training=True does not reach it.",
        "Call the model with training=True in train_step, take training in call, and pass it on to each layer.",
    ),
    Cause(
        "execution-save",
        "It cannot be saved and reloaded",
        "The model cannot be saved or loaded, or gives another result after loading.",
        "Implement get_config for custom layers, register them, and create weights in build.",
    ),
    Cause(
        "execution-mixed-precision",
        "It does not run in mixed precision",
        "Under the mixed_float16 policy, the model raises because it mixes tensors of different float types.",
        "Cast to x.dtype or self.compute_dtype instead of a fixed dtype.",
    ),
    Cause(
        "execution-custom-check",
        "A custom check failed",
        "A check written by the user fails for the model.",
        "The check says what was expected; the minimal example is the smallest input that fails it.",
    ),
    Cause(
        "execution-build",
        "The factory cannot build the model",
        "The factory raises for sizes that its Spec allows.",
        "Fix the factory, or declare the sizes that it supports with dim().",
    ),
    Cause(
        "execution-output",
        "The output has the wrong shape or type",
        "The output does not have one row per input row, one step per target step and one score per token.",
        "Return (batch, steps, vocab) in a float dtype, or select one of several outputs with output=....",
    ),
    Cause(
        "process-crash",
        "The process died",
        "Running the case ended its process, by a signal or an exit.",
        "Look for native code, custom operations and sys.exit; the last output of the process is in the report.",
    ),
    Cause(
        "process-hang",
        "It does not terminate",
        "Running the case exceeded the time limit, twice.",
        "Bound every loop by a number of steps; if the model is just slow, increase --case-timeout.",
    ),
    Cause(
        "process-memory",
        "It runs out of memory",
        "Running the case exceeded the memory limit.",
        "Look for tensors that grow with the product of sizes; if the model is just large, increase --memory.",
    ),
    Cause(
        "unclassified",
        "The cause is unknown",
        "The evidence matches no known cause.",
        "Look at the stage, the line and the error; reporting this case helps to add its cause.",
    ),
)


def cause_named(slug: str) -> Cause:
    """Return a cause by its slug; raises :class:`fuzzseq.errors.UsageError` with the nearest slug."""
    for cause in CAUSES:
        if cause.slug == slug:
            return cause
    raise UsageError(
        f"There is no cause {slug!r}.{nearest(slug, (c.slug for c in CAUSES))} 'fuzzseq list causes' names them all."
    )


def page_of(cause: Cause) -> str:
    """Return the page of a cause as Markdown: what it is, its symptoms, a minimal example, and how to fix it."""
    return (Path(__file__).parent / "pages" / f"{cause.slug}.md").read_text(encoding="utf-8")
