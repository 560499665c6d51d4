"""The same batch run in another way, written out: by XLA, by ``predict``, from a file, in mixed precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from fuzzseq.reproduce.calling import stage
from fuzzseq.reproduce.plan import Plan

#: The checks that run a model in another way, and the lines that give its output then.
_OUTPUT: Final = {
    "xla_agrees": (
        "# Compiled by XLA for these very shapes.",
        "compiled = tf.function(lambda: {forward}, jit_compile=True, autograph=False)",
        "output = compiled()",
    ),
    "predict_agrees": (
        "given = tf.nest.map_structure(lambda value: value.numpy(), inputs)",
        "output = model.predict(given, batch_size={rows}, verbose=0)",
    ),
    "saves": (
        "# Written to a file and read again, with every class and function of the factory's file known.",
        "known = {{name: value for name, value in vars(sys.modules[{factory}.__module__]).items() if callable(value)}}",
        "with tempfile.TemporaryDirectory() as folder, keras.saving.custom_object_scope(known):",
        '    model.save(Path(folder) / "model.keras")',
        '    model = keras.saving.load_model(Path(folder) / "model.keras", compile=False, safe_mode=False)',
        "output = {forward}",
    ),
}
WAYS: Final = (*_OUTPUT, "mixed_precision")


def prepared(plan: Plan) -> Iterator[str]:
    """Yield what a script says before the model is built."""
    if plan.check == "mixed_precision":
        yield 'keras.config.set_dtype_policy("mixed_float16")'


def compared(plan: Plan, scores_of: Callable[[str], str], forward: str) -> Iterator[str]:
    """Yield a run of the model as it is called, one in the other way, and the assertion that both agree."""
    yield f"first = np.array({scores_of(forward)})"
    if plan.check == "saves":
        yield stage("save")
    rows = len(plan.case.batches[-1].pairs)
    for line in _OUTPUT[plan.check]:
        yield line.format(forward=forward, rows=rows, factory=plan.origin.variable)
    yield f"second = np.array({scores_of('output')})"
    yield from agreeing()


def agreeing() -> Iterator[str]:
    """Yield the assertion that two runs agree."""
    yield "gap, scale = gaps(first, second)"
    yield 'assert gap.max() <= 1e-4 * scale, f"the two runs differ by {gap.max():.2g}"'


def finite(plan: Plan) -> Iterator[str]:
    """Yield the assertions that a step in mixed precision gave finite numbers."""
    for name in ("scores", "loss") if plan.spec.has_labels else ("scores",):
        yield f"{name} = np.array(tf.cast({name}, tf.float64))"
        yield f'assert not (np.isnan({name}) | ({name} == np.inf)).any(), "the {name} are not finite"'
