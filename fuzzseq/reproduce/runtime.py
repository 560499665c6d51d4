"""What a worker does with a model, as functions that need TensorFlow and numpy alone.

The worker calls them. A script that reproduces a finding has those pasted in that its lines call (``pasting``), so that
it does the same without a line of fuzzseq. Only a worker imports this module.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from fuzzseq.cases.states import random_state

#: Tensors in whatever lists, tuples and dicts a model takes or gives them; one alone.
Nest = Any
Tensor = Any
#: A shape, or a list of shapes and of such lists.
Shapes = Any
#: A model, or what it is made of: layers, variables, functions, containers.
Part = Any

#: The scale of weights over that of a layer which keeps the variance of its input. One hides what
#: enters late: at small gains a recurrent net forgets its first token below rounding.
GAIN: Final = 1.5


def three_models(returned: Nest) -> list[Part] | None:
    """Return the model, the encoder and the decoder of a tuple or a dict of the three; None for anything else.

    The keys of a dict say which is the encoder and which the decoder.
    """
    if not isinstance(returned, (list, tuple, Mapping)) or len(returned) != 3:
        return None
    if not isinstance(returned, Mapping):
        return list(returned)
    parts = ("encoder", "decoder")
    named = {next((part for part in parts if part in str(key).lower()), "model"): returned[key] for key in returned}
    return [named["model"], named["encoder"], named["decoder"]] if len(named) == 3 else None


def find_scores(output: Nest) -> Tensor:
    """Return the scores among what a model returned: the logits, else the first of rank 3."""
    if isinstance(output, Mapping):
        logits, tensors = output.get("logits"), list(output.values())
    else:
        logits = getattr(output, "logits", None)
        tensors = tf.nest.flatten(output) if isinstance(output, (list, tuple)) else [output]
    if logits is not None:
        return logits
    ranked = (x for x in tensors if is_float(x) and len(x.shape) == 3)
    return next(ranked, tensors[0] if tensors else None)


def is_float(value: Nest) -> bool:
    """Say whether a value is a float tensor."""
    return bool(tf.is_tensor(value) and value.dtype.is_floating)


def is_shape(value: object) -> bool:
    """Say whether a value is one shape, a tuple of whole numbers, and no list of several."""
    return isinstance(value, tuple) and all(isinstance(size, int) for size in value)


def flat_shapes(shapes: Shapes) -> list[tuple[int, ...]]:
    """Return the shapes of a nested list of shapes."""
    if is_shape(shapes):
        return [tuple(int(size) for size in shapes)]
    return [shape for part in shapes or () for shape in flat_shapes(part)]


def packed(shapes: Shapes, tensors: Iterator[Tensor]) -> Nest:
    """Return tensors in the structure of a nested list of shapes."""
    if is_shape(shapes):
        return next(tensors)
    return [packed(part, tensors) for part in shapes]


def zero_states(shapes: Shapes) -> Nest:
    """Return initial states of zeros, in the structure of their shapes."""
    return packed(shapes, (tf.zeros(shape) for shape in flat_shapes(shapes)))


def random_states(shapes: Shapes, seed: int) -> Nest:
    """Return initial states drawn from (seed, place), in the structure of their shapes."""
    drawn = (random_state(s, seed, place) for place, s in enumerate(flat_shapes(shapes)))
    return packed(shapes, map(tf.constant, drawn))


def one_or_all(states: Nest) -> Nest:
    """Return a state that is alone as it is, several as a list, and none as None."""
    states = tf.nest.flatten(states)
    return (states[0] if len(states) == 1 else states) if states else None


def input_shapes(rows: int, *inputs: Tensor) -> list[tuple[int, ...]]:
    """Return the shapes that inputs of a functional model have in a batch."""
    return [tuple(rows if size is None else int(size) for size in x.shape) for x in inputs]


def opened(states: Nest) -> Nest:
    """Return the tensor specs of initial states, the number of rows left open."""
    return tf.nest.map_structure(lambda x: tf.TensorSpec([None, *x.shape[1:]], x.dtype), states)


def as_source(made: Nest) -> Nest:
    """Return what custom preprocessing made as a tensor, where it is an array or a list."""
    return tf.convert_to_tensor(made) if isinstance(made, (np.ndarray, list)) else made


def cross_entropy(labels: Tensor, scores: Tensor, mask: Tensor, steps: Callable[..., Tensor], logits: bool) -> Tensor:
    """Return the mean cross-entropy over real steps; labels are integers (batch, steps) or one-hot.

    ``steps`` is the function of Keras that gives the one of each step.
    """
    if len(scores.shape) == 2:
        scores, mask, labels = scores[:, None, :], mask[:, :1], labels[:, :1]
    if len(labels.shape) == 2:
        labels = tf.where(mask, labels, tf.zeros_like(labels))  # Padding may be no class at all.
    each = steps(labels, scores, from_logits=logits)
    weights = tf.cast(mask, each.dtype)
    return tf.reduce_sum(each * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def squared_error_of_steps(labels: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Return the mean squared error over real steps of a series."""
    steps = tf.shape(values)[:2]
    wanted = tf.reshape(labels, tf.concat([steps, [-1]], axis=0))
    given = tf.reshape(values, tf.concat([steps, [-1]], axis=0))[..., : tf.shape(wanted)[-1]]
    each = tf.reduce_mean(tf.square(given - tf.cast(wanted, given.dtype)), axis=-1)
    weights = tf.cast(mask, each.dtype)
    return tf.reduce_sum(each * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)


def ctc_error_of_rows(labels: Tensor, scores: Tensor, mask: Tensor, pad: int, blank: int, logits: bool) -> Tensor:
    """Return the mean loss of CTC of rows (batch, steps, classes) that have as many steps as the mask says."""
    scores = scores if logits else tf.math.log(scores + 1e-7)
    lengths = [tf.reduce_sum(tf.cast(real, tf.int32), axis=1) for real in (labels != pad, mask)]
    each = tf.nn.ctc_loss(labels, scores, *lengths, logits_time_major=False, blank_index=blank % scores.shape[-1])
    return tf.reduce_mean(each)


def parts_of(value: Part) -> list[Part]:
    """Return what a container, a closure, a method or an object holds."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple, set)):
        return list(value)
    cells = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    names = ("__self__", "__wrapped__", "func", "args", "keywords")
    held = [getattr(value, name, None) for name in names]
    return [*cells, *held, *getattr(value, "__dict__", {}).values()]


def owners_of(model: Part, types: tuple[type, ...]) -> list[Part]:
    """Return the layers, modules and variables that a model, a callable or a closure is made of.

    ``types`` are Keras' classes of such; each is found at most three steps away.
    """
    found: list[Part] = []
    seen: set[int] = set()

    def collect(value: Part, depth: int) -> None:
        plain = isinstance(value, (str, bytes, int, float, type(None), type))
        if plain or id(value) in seen or depth < 0:
            return
        seen.add(id(value))
        if isinstance(value, (tf.Module, tf.Variable, *types)):
            found.append(value)
            return
        for part in parts_of(value):
            collect(part, depth - 1)

    collect(model, 3)
    return found


def unique(objects: Iterable[Part]) -> list[Part]:
    """Return objects without repetitions, in order."""
    return list({id(each): each for each in objects}.values())


def variables_of(model: Part, kind: str, types: tuple[type, ...]) -> list[Part]:
    """Return the ``variables`` of a model, or its ``trainable_variables``, each once."""
    found: list[Part] = []
    for owner in owners_of(model, types):
        held = getattr(owner, kind, None)  # A variable holds none: it is one.
        found += held if held is not None else [owner] * (kind == "variables" or owner.trainable)
    return unique(found)


def path_of(variable: Part) -> str:
    """Return a variable's path without automatic numbers."""
    path = str(getattr(variable, "path", None) or getattr(variable, "name", ""))
    return re.sub(r"_\d+(?=/|$|:)", "", path).split(":")[0]


def set_general_position(variables: Sequence[Part], seed: int) -> None:
    """Give every trainable float weight a value: zeros, as biases start, hide what goes wrong.

    A table's rows are of unit scale, a kernel is scaled by its fan-in, a vector lies beside its
    first value. All depend on (seed, path, shape, which of that path and shape).
    """
    counts: Counter[tuple[str, tuple[int, ...]]] = Counter()
    for variable in variables:
        dtype = str(getattr(variable.dtype, "name", variable.dtype))
        if not variable.trainable or "float" not in dtype:
            continue
        path, shape = path_of(variable), tuple(int(size) for size in variable.shape)
        counts[path, shape] += 1
        key = [seed, zlib.crc32(path.encode()), counts[path, shape], *shape]
        value = np.random.default_rng(key).standard_normal(shape)
        if len(shape) < 2:
            value = np.asarray(np.asarray(variable), np.float64) + 0.3 * value
        elif not path.endswith("embeddings"):
            value = GAIN * value / np.sqrt(max(1, int(np.prod(shape[:-1]))))
        held = getattr(variable, "constraint", None)
        variable.assign(held(tf.constant(value, dtype)) if held else value.astype(dtype))
