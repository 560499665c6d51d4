"""Small functions that are pasted into a script whose lines call them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fuzzseq.reproduce.source_analysis import PART_NAMES

if TYPE_CHECKING:
    from fuzzseq.reproduce.plan import Plan


def needed(body: str, plan: Plan) -> Iterator[str]:
    """Yield the functions that a body calls, each as text."""
    for name, text in _FUNCTIONS.items():
        if f"{name}(" in body:
            size = plan.case.dimensions.get("feature_dim", 0)
            yield text.strip().replace("SEED", str(plan.case.seed)).replace("SIZE", str(size))


_ROLE = f'''
MEMORY = "{" ".join(PART_NAMES["memory"])}".split()
STATES = "{" ".join(PART_NAMES["states"])}".split()


def role(name):
    """Return what a parameter of an encoder or a decoder is, by its name."""
    if name.endswith("mask"):
        return "source_mask"
    if "length" in name or name.endswith("_len"):
        return "source_length"
    for kind, words in (("memory", MEMORY), ("states", STATES)):
        if name in words or any(len(word) > 2 and word in name for word in words):
            return kind
    return None
'''.strip()

_FUNCTIONS = {
    "scores_of": '''
def scores_of(output):
    """Return the scores among what a model returns: the logits, else the first tensor of rank 3."""
    named = output.get("logits") if isinstance(output, dict) else getattr(output, "logits", None)
    if named is not None or tf.is_tensor(output):
        return output if named is None else named
    tensors = list(output.values()) if isinstance(output, dict) else tf.nest.flatten(output)
    return next((x for x in tensors if len(x.shape) == 3 and x.dtype.is_floating), tensors[0])
''',
    "training_argument": '''
def training_argument(model, training):
    """Return training=... for a model whose call takes it."""
    call = model.call if isinstance(model, keras.Layer) else model
    return {"training": training} if "training" in inspect.signature(call).parameters else {}
''',
    "zero_states": '''
def zero_states(shapes):
    """Return zeros for each shape, in the structure of the shapes."""
    if isinstance(shapes, tuple) and all(isinstance(size, int) for size in shapes):
        return tf.zeros(shapes)
    return [zero_states(part) for part in shapes]
''',
    "recurrent_units": '''
def recurrent_units(value):
    """Return the units of the first LSTM or GRU in a model; None where there is none."""
    if isinstance(value, (keras.layers.LSTM, keras.layers.GRU)):
        return value.units
    if isinstance(value, keras.Layer):
        value = getattr(value, "layers", None) or list(vars(value).values())
    parts = value if isinstance(value, (list, tuple)) else []
    return next((units for part in parts if (units := recurrent_units(part))), None)
''',
    "random_states": '''
def random_states(shapes, seed, places=None):
    """Return standard normal values for each shape, in the structure of the shapes."""
    places = places or itertools.count()
    if isinstance(shapes, tuple) and all(isinstance(size, int) for size in shapes):
        draw = np.random.default_rng([seed, next(places)]).standard_normal(shapes)
        return tf.constant(draw.astype(np.float32))
    return [random_states(part, seed, places) for part in shapes]
''',
    "as_graph": '''
def as_graph(model):
    """Return a plain function with its Python control flow converted; Keras converts none."""
    plain = not isinstance(model, keras.Layer) and not tf.executing_eagerly()
    return tf.function(model) if plain else model
''',
    "input_shapes": '''
def input_shapes(rows, *inputs):
    """Return the shapes that inputs of a functional model have in a batch."""
    return [tuple(rows if size is None else size for size in x.shape) for x in inputs]
''',
    "opened": '''
def opened(states):
    """Return the tensor specs of initial states, the number of rows left open."""
    return tf.nest.map_structure(lambda x: tf.TensorSpec([None, *x.shape[1:]], x.dtype), states)
''',
    "features": '''
def features(ids, real):
    """Return one standard normal vector for each id, and zeros at padding."""
    rows = [np.random.default_rng([SEED, i, SIZE]).standard_normal(SIZE) for i in range(ids.max() + 1)]
    return np.where(real[..., None], np.stack(rows)[ids], 0.0).astype(np.float32)
''',
    "one_or_all": '''
def one_or_all(states):
    """Return a state that is alone as it is, several as a list, and none as None."""
    states = tf.nest.flatten(states)
    return (states[0] if len(states) == 1 else states) if states else None
''',
    "variables_of": '''
def variables_of(value, kind, depth=3):
    """Return the variables of a model, or of what a function closes over."""
    if isinstance(value, (tf.Variable, keras.Variable)):
        return [value] if kind == "variables" or value.trainable else []
    if isinstance(value, (keras.Layer, tf.Module)):
        return list(getattr(value, kind))
    parts = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    parts += [getattr(value, "__self__", None), getattr(value, "func", None)]
    parts += value if isinstance(value, (list, tuple)) else getattr(value, "__dict__", {}).values()
    parts += value.values() if isinstance(value, dict) else []
    found = [x for part in parts if depth for x in variables_of(part, kind, depth - 1)]
    return list({id(x): x for x in found}.values())
''',
    "set_weights": '''
def set_weights(variables):
    """Give every weight the value it had: zeros, as biases start, would hide what goes wrong."""
    counts = collections.Counter()
    for weight in variables:
        first, shape = np.asarray(weight), tuple(weight.shape)
        if not weight.trainable or "float" not in first.dtype.name:
            continue
        path = re.sub(r"_\\d+(?=/|$|:)", "", getattr(weight, "path", weight.name)).split(":")[0]
        counts[path, shape] += 1
        key = [SEED, zlib.crc32(path.encode()), counts[path, shape], *shape]
        value = np.random.default_rng(key).standard_normal(shape)
        if len(shape) < 2:
            value = np.float64(first) + 0.3 * value
        elif not path.endswith("embeddings"):
            value = 1.5 * value / np.sqrt(max(1, np.prod(shape[:-1])))
        held = getattr(weight, "constraint", None) or (lambda x: x)
        weight.assign(held(tf.constant(value.astype(first.dtype))))
''',
    "call_model": f'''
{_ROLE}


def call_model(part, training, tokens, states=None, **given):
    """Call a functional encoder or decoder with what its inputs are named after."""
    left = iter(tf.nest.flatten(states) if states is not None else [])
    values = [tokens]
    for x in part.inputs[1:]:
        found = role(x.name.lower()) or ("memory" if len(x.shape) == 3 else "states")
        values.append(next(left) if found == "states" else given.get(found))
    return part(values if len(values) > 1 else tokens, training=training)
''',
    "call_part": f'''
{_ROLE}


def call_part(part, training, tokens, states=None, **given):
    """Call an encoder or a decoder with what its inputs or parameters are named after."""
    states = tf.nest.flatten(states) if states is not None else []
    if getattr(part, "inputs", None):  # a functional model
        roles = [role(x.name.lower()) for x in part.inputs[1:]]
        ranked = ["memory" if len(x.shape) == 3 else "states" for x in part.inputs[1:]]
        left = iter(states)
        kinds = [known or by_rank for known, by_rank in zip(roles, ranked)]
        values = [tokens, *(next(left) if k == "states" else given.get(k) for k in kinds)]
        return part(values if kinds else tokens, training=training)
    named, extra = [], {{}}
    call = part.call if isinstance(part, keras.Layer) else part
    for p in inspect.signature(call).parameters.values():
        if p.name == "training":
            extra = {{"training": training}}
        elif p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            found = role(p.name.lower()) if p.default in (None, p.empty) else None
            if found is None and p.default is not p.empty:
                break
            named.append(found)
    if None not in named:
        named[0] = None
    missing = ["tokens", *(r for r in ("states", "memory") if r not in named), "memory", "states"]
    roles = [found or missing.pop(0) for found in named]
    whole = states if len(states) > 1 else (states or [None])[0]
    left = iter(states if roles.count("states") > 1 else [whole])
    given["tokens"] = tokens
    values = [next(left, None) if r == "states" else given.get(r) for r in roles]
    return part(*values, **extra)
''',
}
