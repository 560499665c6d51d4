"""The catalogue of causes: what a model does wrong, under a name that never changes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from fuzzseq.errors import UsageError, nearest


@attrs.frozen
class Cause:
    """One kind of mistake: a stable slug, a title, its group, what the model does wrong, and how to mend it."""

    slug: str
    title: str
    group: str
    mistake: str
    advice: str


#: Every group with the part of a model that it is about, in the order of reports.
GROUPS: Final[dict[str, str]] = {
    "input": "preprocessing, padding, vocabulary and embedding",
    "state": "initial states and how they are passed on",
    "decoder": "encoder output, attention and time steps",
    "loss": "targets, labels and masks",
    "numeric": "values and gradients",
    "execution": "how the model is built, traced, compiled and saved",
    "process": "the process that the model runs in",
    "invalid": "input that a model ought to refuse",
    "unclassified": "no cause of the catalogue fits",
}

_INPUT: Final = (
    Cause(
        "input-unpadded",
        "Rows of different lengths are not padded",
        "input",
        "Rows of different lengths reach an operation that needs a rectangle.",
        "Pad every row to the longest of its batch (keras.utils.pad_sequences) and mask the padding.",
    ),
    Cause(
        "input-fixed-length",
        "The length is hard-coded",
        "input",
        "Sequences are padded, cut or positioned to a constant, and longer ones do not fit or lose their end.",
        "Take the length from the batch, make the table as long as the longest sequence, or declare the limit with "
        "dim() so that it is a contract.",
    ),
    Cause(
        "input-length-multiple",
        "Lengths must be a multiple of a constant",
        "input",
        "Pooling, striding or bucketing works only for lengths that a constant divides.",
        "Pad lengths up to the next multiple inside the model, or declare multiple_of=... with dim().",
    ),
    Cause(
        "input-vocabulary",
        "An embedding is smaller than its vocabulary",
        "input",
        "A token id lies beyond the last row of its embedding table.",
        "Give Embedding(input_dim=...) the size of the vocabulary with its special tokens, "
        "and check that source and target are not swapped.",
    ),
    Cause(
        "input-negative-id",
        "A negative id is accepted",
        "input",
        "An id below zero wraps round to the end of the embedding table, and nothing says so.",
        "Refuse ids below zero before they reach the embedding; use a padding id of 0 or more.",
    ),
    Cause(
        "input-embedding-dim",
        "The embedding's width does not fit the next layer",
        "input",
        "The width of the token embeddings and the width that the next layer expects are two different numbers.",
        "Derive both from one variable, or put a Dense layer between the embedding and what follows.",
    ),
    Cause(
        "input-dtype",
        "The type of the tokens matters",
        "input",
        "Tokens of another integer type break the model, or floats are cut to integers in silence.",
        "Cast ids once where they enter (keras.ops.cast to int32), and refuse floats.",
    ),
    Cause(
        "input-rank",
        "Input of the wrong rank",
        "input",
        "The model takes an array with one axis too many or too few, or fails far from where it came in.",
        "Declare the rank with keras.Input(shape=(None,)), or check it at the top of call.",
    ),
    Cause(
        "input-padding-leak",
        "Padding changes the result",
        "input",
        "What stands at padded positions of the source moves the output at real ones.",
        "Mask the padding (Embedding(mask_zero=True)) and see that the mask reaches every layer that mixes steps; "
        "declare padding=None if the model promises nothing about padding.",
    ),
    Cause(
        "input-empty",
        "Something empty breaks it",
        "input",
        "A row without tokens, a batch without rows or a row of padding alone is not handled.",
        "Guard reductions and divisions against a count of zero, or drop empty rows before the model.",
    ),
)

_STATE: Final = (
    Cause(
        "state-units",
        "An initial state has the wrong width",
        "state",
        "A state of one width is given to a cell of another.",
        "Build encoder and decoder from the same units, or project the state with a Dense layer.",
    ),
    Cause(
        "state-batch",
        "A state is tied to one batch size",
        "state",
        "A state was made for a batch size that this batch does not have.",
        "Make states from the batch at hand: keras.ops.zeros((keras.ops.shape(x)[0], units)).",
    ),
    Cause(
        "state-count",
        "The wrong number of state tensors",
        "state",
        "A cell gets more or fewer state tensors than it keeps: an LSTM has two, a GRU has one.",
        "Hand over [h, c] to an LSTM and a single tensor to a GRU, with return_state=True on the side that gives them.",
    ),
    Cause(
        "state-layers",
        "Wrong as soon as layers are stacked",
        "state",
        "States are handed over correctly for one layer, and not for two or more.",
        "Collect the states of every layer and give each decoder layer those of its own encoder layer.",
    ),
    Cause(
        "state-bidirectional",
        "Forward and backward states are not joined",
        "state",
        "A bidirectional encoder's states are used as if there were one direction, or are joined in the wrong order.",
        "Concatenate forward_h with backward_h (and the c's likewise), and give the decoder 2 * units.",
    ),
    Cause(
        "state-dtype",
        "A state has another float type",
        "state",
        "The state and the cell compute in different float types, as under mixed precision.",
        "Cast the state to the layer's compute_dtype before it is handed over.",
    ),
    Cause(
        "state-unused",
        "An initial state has no effect",
        "state",
        "The model accepts an initial state and computes the same without it.",
        "Pass it on as initial_state=..., or take the input away.",
    ),
    Cause(
        "state-not-carried",
        "The state is lost on the way",
        "state",
        "A state is dropped, or its parts change places, between two steps, two pieces, or encoder and decoder.",
        "Return the states from each step, and feed exactly these, in their order, to the next.",
    ),
    Cause(
        "state-miswired",
        "States of one width are crossed",
        "state",
        "h and c, or the states of two layers, are exchanged; every shape fits, so nothing complains.",
        "Follow each state by name from encoder to decoder, and hand them over in the order [h, c], layer by layer.",
    ),
    Cause(
        "state-leak",
        "One batch changes the next",
        "state",
        "A stateful layer or a variable carries what it saw in one batch into the next.",
        "Leave stateful=False, or reset the states between batches that do not belong together.",
    ),
)

_DECODER: Final = (
    Cause(
        "decoder-length-assumption",
        "Source and target are taken to be of one length",
        "decoder",
        "The length of one side is used where that of the other is meant.",
        "Read each length from its own tensor, and let attention be (target steps, source steps).",
    ),
    Cause(
        "decoder-attention-shape",
        "The shapes inside attention do not fit",
        "decoder",
        "Scores, transposes or reshapes of an attention layer do not conform for these sizes.",
        "Write down the axes of query, key and scores, (batch, target, source), and hold each transpose against them.",
    ),
    Cause(
        "decoder-attention-mask",
        "Attention looks at padding",
        "decoder",
        "The attention mask is missing, inverted, or made from the wrong side.",
        "Mask the scores by the source's own padding, true at real steps, before the softmax.",
    ),
    Cause(
        "decoder-attention-axis",
        "Attention is normalized over the wrong axis",
        "decoder",
        "The weights of one target step do not add up to one over the source.",
        "Take softmax over the source axis (the last one of (batch, target, source)) and sum over the same one.",
    ),
    Cause(
        "decoder-heads",
        "The width is not divisible by the number of heads",
        "decoder",
        "The model splits its width into heads, and the division leaves a remainder.",
        'Raise a ValueError that names both at build, or declare units=dim(..., multiple_of="num_heads").',
    ),
    Cause(
        "decoder-squeeze",
        "A dimension of size one disappears",
        "decoder",
        "squeeze without an axis drops the batch or the time axis when that happens to be one.",
        "Name the axis: squeeze(x, axis=1), or index x[:, 0].",
    ),
    Cause(
        "decoder-reshape",
        "A reshape mixes batch and time",
        "decoder",
        "Rows and steps change places in a reshape: it fails, or rows read each other, as soon as there are two rows.",
        "Transpose before reshaping, and keep the batch as the first axis.",
    ),
    Cause(
        "decoder-sees-future",
        "The decoder sees the future",
        "decoder",
        "The output of a step depends on target tokens that come after it.",
        "Use a causal mask (use_causal_mask=True), and no bidirectional layer or centered convolution over the target.",
    ),
    Cause(
        "decoder-step-mismatch",
        "Step-by-step decoding gives another result",
        "decoder",
        "Decoding one token at a time disagrees with running the whole target at once.",
        "Feed the same states, positions and start token in both, and compare the two on one batch.",
    ),
    Cause(
        "decoder-ignores-source",
        "The source does not reach the output",
        "decoder",
        "Whatever the source says, the output is the same.",
        "Connect the encoder's states or outputs to the decoder, and check that nothing multiplies them by zero.",
    ),
    Cause(
        "decoder-width",
        "The width of encoder and decoder differ",
        "decoder",
        "Encoder output, context or residual is added to or multiplied with something of another width.",
        "Project one side to the width of the other with a Dense layer, or build both from one size.",
    ),
)

_LOSS: Final = (
    Cause(
        "loss-encoding",
        "The loss expects another encoding of the targets",
        "loss",
        "Integer targets meet a loss for one-hot targets, or the other way round.",
        "Use SparseCategoricalCrossentropy for integers and CategoricalCrossentropy for one-hot targets.",
    ),
    Cause(
        "loss-vocabulary",
        "The labels do not fit the number of classes",
        "loss",
        "A label, or the depth of one-hot labels, lies beyond the last axis of the output.",
        "Give the output layer as many units as the target vocabulary has words, special tokens included.",
    ),
    Cause(
        "loss-timesteps",
        "Prediction and target differ in length",
        "loss",
        "The output has more or fewer steps than the labels: by the shift, by an end token, or by padding.",
        "Cut both the same way: decoder input target[:, :-1], labels target[:, 1:].",
    ),
    Cause(
        "loss-target-leak",
        "A label is its own input",
        "loss",
        "The decoder reads at a step the very token that it has to predict there.",
        "Shift the target by one: the input begins with the start token, the labels without it.",
    ),
    Cause(
        "loss-mask-shape",
        "A mask of the loss has the wrong shape",
        "loss",
        "The mask or the sample weights do not have one value for each label, or are spread over the whole batch.",
        "Compute the loss with reduction none, (batch, steps), and multiply by a mask of the same shape.",
    ),
    Cause(
        "loss-padding",
        "Padding counts in the loss",
        "loss",
        "What the model predicts at padded positions changes its loss.",
        "Weigh each position by labels != pad, or pass such a mask as sample_weight.",
    ),
    Cause(
        "loss-normalization",
        "The loss depends on how much padding there is",
        "loss",
        "The sum over real tokens is divided by the padded size.",
        "Divide by the number of real tokens, sum(mask), and not by batch * steps.",
    ),
    Cause(
        "loss-logits",
        "Probabilities are treated as logits",
        "loss",
        "The output layer and the loss disagree on whether a softmax has been taken.",
        "Either leave the softmax out and set from_logits=True, or keep it and set from_logits=False.",
    ),
    Cause(
        "loss-dtype",
        "Labels of another type break the loss",
        "loss",
        "Labels of another number type are refused, or cut to integers in silence.",
        "Cast the labels once, where the batch is made.",
    ),
)

_REST: Final = (
    Cause(
        "numeric-nonfinite",
        "NaN or infinity comes out",
        "numeric",
        "An output, a loss or a gradient is not a finite number.",
        "Look at the first layer that made it: guard divisions by zero, logarithms of zero, "
        "and a softmax over positions that are all masked.",
    ),
    Cause(
        "numeric-no-gradient",
        "A weight has no gradient",
        "numeric",
        "The loss does not depend on a trainable weight at all.",
        "Connect the weight to the output, or set trainable=False; argmax, integer casts and stop_gradient cut it off.",
    ),
    Cause(
        "numeric-batch-coupling",
        "Rows of a batch change each other",
        "numeric",
        "A row has another result alone than among other rows.",
        "Normalize over features and not over the batch, and see that training=False reaches the layer.",
    ),
    Cause(
        "execution-graph",
        "Eager and traced do not agree",
        "execution",
        "The model works when run eagerly, and fails or differs when traced with unknown batch and time.",
        "Use keras.ops.shape and not .shape for sizes that vary, and no Python branches on tensors.",
    ),
    Cause(
        "execution-retrace",
        "Every shape is traced anew",
        "execution",
        "Each new length or batch size costs a new trace.",
        "Leave batch and time open in the signature, and pass tensors, not Python numbers.",
    ),
    Cause(
        "execution-xla",
        "Compiled by XLA it fails or differs",
        "execution",
        "With jit_compile=True the model raises or computes something else.",
        "Avoid shapes that depend on values, or compile with jit_compile=False.",
    ),
    Cause(
        "execution-hard-coded-batch",
        "The batch size is hard-coded",
        "execution",
        "A constant number of rows is built in, and a batch of another size does not fit.",
        "Read the number of rows from the input, keras.ops.shape(x)[0], and leave -1 to reshape.",
    ),
    Cause(
        "execution-nondeterministic",
        "Two runs of one case differ",
        "execution",
        "The same weights and the same input give two results.",
        "Pass training=False through to dropout and noise, or declare sampling with skip={...}.",
    ),
    Cause(
        "execution-save",
        "It does not survive being saved",
        "execution",
        "After saving and loading, the model fails to load or gives another result.",
        "Write get_config for your own layers, register them, and create weights in build.",
    ),
    Cause(
        "execution-mixed-precision",
        "It does not run in mixed precision",
        "execution",
        "Built under the policy mixed_float16, the model raises: a tensor of one float type meets one of another.",
        "Cast to the type of the tensor at hand (x.dtype) or to self.compute_dtype, and to no type by name.",
    ),
    Cause(
        "execution-promise",
        "A promise of your own is broken",
        "execution",
        "A check that the user wrote does not hold for the model.",
        "The check says what was promised; the minimal case is the smallest input that breaks it.",
    ),
    Cause(
        "execution-build",
        "The factory cannot build the model",
        "execution",
        "The factory raises for sizes that its Spec allows.",
        "Mend the factory, or declare the sizes that it does take with dim(), so that they are a contract.",
    ),
    Cause(
        "execution-output",
        "The output has the wrong shape or type",
        "execution",
        "The output is not one row for each row, one step for each step and one score for each word.",
        "Return (batch, steps, words) in a float type, or say with output=... which of several outputs that is.",
    ),
    Cause(
        "process-crash",
        "The process died",
        "process",
        "Running the case killed its process: a signal, or an exit from within.",
        "Look for native code, custom operations and sys.exit; the last output of the process is in the report.",
    ),
    Cause(
        "process-hang",
        "It does not come to an end",
        "process",
        "Running the case took longer than the limit, twice.",
        "Bound every loop by a number of steps; if the model is only slow, raise --case-timeout.",
    ),
    Cause(
        "process-memory",
        "It runs out of memory",
        "process",
        "Running the case took more memory than the limit.",
        "Look for tensors that grow with the product of sizes; if the model is only large, raise --memory.",
    ),
    Cause(
        "accepts-invalid",
        "Impossible input is silently accepted",
        "invalid",
        "Input that cannot be right gives a result and no error.",
        "Check shapes and values where the input comes in, and raise an error that names what is wrong.",
    ),
    Cause(
        "obscure-error",
        "Impossible input is refused, but not explained",
        "invalid",
        "Input that cannot be right is refused with a message that does not say what is wrong with it.",
        "Check the input before it is used, and name the argument, its shape and the expected one.",
    ),
    Cause(
        "unclassified",
        "A failure that fits no known cause",
        "unclassified",
        "The evidence points to none of the causes in the catalogue.",
        "Read the stage, the line and the exception; a report of this case helps to give it a name.",
    ),
)

#: Every cause, in the order of the catalogue.
CAUSES: Final[tuple[Cause, ...]] = (*_INPUT, *_STATE, *_DECODER, *_LOSS, *_REST)


def cause_named(slug: str) -> Cause:
    """Return a cause by its slug; raises :class:`fuzzseq.errors.UsageError` with the nearest slug."""
    for cause in CAUSES:
        if cause.slug == slug:
            return cause
    raise UsageError(
        f"There is no cause {slug!r}.{nearest(slug, (c.slug for c in CAUSES))} 'fuzzseq list causes' names them all."
    )


def page_of(cause: Cause) -> str:
    """Return the page of a cause as Markdown: what it is, how it shows, the smallest model with it, how to mend it."""
    return (Path(__file__).parent / "pages" / f"{cause.slug}.md").read_text(encoding="utf-8")
