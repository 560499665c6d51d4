"""Models run in another way: compiled by XLA, by predict, on ragged tensors, in half precision, from a file."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from fuzzseq.events import InternalError
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from tests.engine.running import events, findings, imported_once, of, report

MODELS = '''
import keras
import tensorflow as tf
from keras import layers

from fuzzseq import Check, fuzz_target
from fuzzseq.checks.base import forward, never

# Without a trace the very first case is asked everything.
eagerly = fuzz_target(graph=False)


def translator(source_vocab_size, target_vocab_size, units, extra=None):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    state = layers.GRU(units)(layers.Embedding(source_vocab_size, units, mask_zero=True)(source))
    x = layers.GRU(units, return_sequences=True)(
        layers.Embedding(target_vocab_size, units)(target), initial_state=state
    )
    x = extra(x) if extra else x
    return keras.Model([source, target], layers.Dense(target_vocab_size)(x))


class Scaled(layers.Layer):
    """Forgets what it was made with."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config()


class Needs(Scaled):
    def __init__(self, factor, **kwargs):
        super().__init__(factor, **kwargs)


class Named(layers.Layer):
    def call(self, x):
        return x + tf.cast(x > 100, tf.float32)


class Huge(layers.Layer):
    def call(self, x):
        return x + tf.cast(x > 100, x.dtype) * -1e9


class Foreign(layers.Layer):
    """Calls Python, which XLA cannot compile."""

    def call(self, x):
        if isinstance(x, keras.KerasTensor):
            return x
        return tf.ensure_shape(tf.py_function(lambda values: values, [x], x.dtype), x.shape)

    def compute_output_shape(self, shape):
        return shape


class Traced(layers.Layer):
    """Is different where Python does not run."""

    def call(self, x):
        return x if tf.executing_eagerly() else 2 * x


@eagerly
def forgets(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Scaled(0.5))


@eagerly
def unreadable(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Needs(0.5))


@eagerly
def casts(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Named())


@eagerly
def overflows(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Huge())


@eagerly
def right(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Scaled(1.0))


def without_xla(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Foreign())


def otherwise_traced(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units, Traced())


def sound(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units)


class Mean(keras.Model):
    """Divides by the padded length where it knows the real one, and the other way round."""

    def __init__(self, source_words, target_words, units):
        super().__init__()
        self.source, self.target = layers.Embedding(source_words, units), layers.Embedding(target_words, units)
        self.head = layers.Dense(target_words)

    def call(self, inputs):
        source, target = inputs
        x = self.source(source)
        if isinstance(source, tf.RaggedTensor):
            mean = 2 * tf.reduce_mean(x, axis=1)
        else:
            real = tf.cast(source != 0, x.dtype)[..., None]
            mean = tf.reduce_sum(x * real, axis=1) / tf.maximum(tf.reduce_sum(real, axis=1), 1.0)
        return self.head(self.target(target) + mean[:, None])


@eagerly
def ragged(source_vocab_size, target_vocab_size, units):
    return Mean(source_vocab_size, target_vocab_size, units)


class Repeated(Mean):
    @tf.function
    def spread(self, x, steps):
        return tf.repeat(x[:, None], steps, axis=1)

    def call(self, inputs):
        source, target = inputs
        steps = target.shape[1] if self.by_number and tf.executing_eagerly() else tf.shape(target)[1]
        return self.head(self.target(target) + self.spread(tf.reduce_max(self.source(source), axis=1), steps))


@fuzz_target(padding="post", checks=["builds", "accepts", "graph_agrees"])
def storm(source_vocab_size, target_vocab_size, units, by_number=True):
    model = Repeated(source_vocab_size, target_vocab_size, units)
    model.by_number = by_number
    return model


@fuzz_target(padding="post", checks=["builds", "accepts", "graph_agrees"])
def calm(source_vocab_size, target_vocab_size, units):
    return storm(source_vocab_size, target_vocab_size, units, False)


def scores_are_small(seen):
    """No score is far from the others."""
    assert abs(seen.output).max() < 0.01, "a score is large"


def one_row(seen):
    return f"{len(seen.output)} rows" if len(seen.output) > 1 else None


@fuzz_target(graph=False, custom_checks=[one_row])
def with_checks(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units)


def checked(name, plan=lambda case, spec: {"base": forward(case)}, **more):
    return Check(name=name, description="a check that is wrong itself", plan=plan, **{"judge": never, **more})


wrong_checks = [
    checked("no_plan", lambda case, spec: {"base": case.runs}),
    checked("no_runs", lambda case, spec: 3),
    checked("no_judge", judge=lambda results, case, spec: results["other"]),
    checked("no_verdict", judge=lambda results, case, spec: "it is bad"),
    checked("asserts", judge=lambda results, case, spec: refuse("the scores are bad")),
    checked("sound"),
]


def refuse(said):
    assert False, said


@fuzz_target(graph=False, units=2, checks=["accepts", *(c.name for c in wrong_checks)], custom_checks=wrong_checks)
def with_wrong_checks(source_vocab_size, target_vocab_size, units):
    return translator(source_vocab_size, target_vocab_size, units)
'''


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return the file of the models."""
    file = tmp_path_factory.mktemp("ways") / "models.py"
    file.write_text(MODELS, encoding="utf-8")
    return file


def findings_of(models, name, check, cases=1):
    """Return what one check finds of a model."""
    run = events([f"{models}:{name}"], checks=("builds", "accepts", check), profile="nightly", max_cases=cases)
    return findings(run)


EAGER = ("forgets", "unreadable", "casts", "overflows", "ragged", "right")


@pytest.fixture(scope="module")
def asked(models):
    """Return the events of a run that asks the models which need no trace."""
    checks = ("builds", "accepts", "saves", "mixed_precision", "ragged_agrees")
    targets = [f"{models}:{name}" for name in EAGER]
    return events(targets, checks=checks, profile="nightly", max_cases=1, workers=2)


@pytest.mark.parametrize(
    ("name", "check", "cause", "severity", "said"),
    [
        ("forgets", "saves", "execution-save", "error", "differs"),
        ("unreadable", "saves", "execution-save", "warning", "missing 1 required positional argument: 'factor'"),
        ("casts", "mixed_precision", "execution-mixed-precision", "warning", "type float32"),
        ("overflows", "mixed_precision", "numeric-nonfinite", "warning", "the output is not finite"),
        ("ragged", "ragged_agrees", "input-padding-leak", "error", "a RaggedTensor of the same rows differs"),
    ],
)
def test_another_way_to_run_a_model(asked, name, check, cause, severity, said):
    """What is lost, raised, rounded away or padded in another way is reported, with its severity."""
    (found,) = [one for one in findings(asked, f":{name}") if one.check == check]
    assert (found.cause, found.severity, found.one_minimal) == (cause, severity, True)
    assert said in found.message


def test_an_execution_that_is_wrong_itself(models, monkeypatch):
    """Where our own code for a way of executing raises, no model has refused it: that is an internal error."""
    from fuzzseq.worker.executions import EXECUTIONS, Execution

    def broken(arrays):
        raise TypeError("ours")

    monkeypatch.setitem(EXECUTIONS, "ragged", Execution(source=broken))
    run = events([f"{models}:ragged"], checks=("ragged_agrees",), profile="nightly", max_cases=1, in_process=True)
    (error,) = of(InternalError, run)
    assert "ours" in error.traceback + error.message


def test_a_layer_that_keeps_what_it_was_made_with(asked):
    """A factor that is the default one is not missed, and nobody has to register a layer."""
    assert findings(asked, ":right") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "check", "cause", "severity"),
    [
        ("without_xla", "xla_agrees", "execution-xla", "warning"),
        ("otherwise_traced", "xla_agrees", "execution-xla", "error"),
        ("otherwise_traced", "predict_agrees", "execution-graph", "error"),
        ("storm", "graph_agrees", "execution-retrace", "warning"),
    ],
)
def test_a_traced_way(models, name, check, cause, severity):
    """An operation that XLA lacks is a warning, another answer is an error, and so many traces are a warning."""
    (found,) = findings_of(models, name, check, cases=30)
    assert (found.check, found.cause, found.severity) == (check, cause, severity)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "check"), [("sound", "xla_agrees"), ("sound", "predict_agrees"), ("calm", "graph_agrees")]
)
def test_a_traced_way_that_agrees(models, name, check):
    """Rounding is let be, and so is a function that is traced for shapes."""
    assert findings_of(models, name, check, cases=30) == []


def test_a_check_says_when_it_has_no_meaning(models):
    """What nobody asked for, and what a model cannot be asked, is said with the reason."""
    counts = report(events([f"{models}:sound"], max_cases=1), ":sound").checks
    assert "nightly" in counts["xla_agrees"].skipped
    assert "RaggedTensor" in counts["ragged_agrees"].not_applicable
    assert (
        "graph=False" in report(events([f"{models}:right"], max_cases=1), ":right").checks["xla_agrees"].not_applicable
    )


def test_a_check_of_the_users_own(models):
    """One that is declared, and one that is passed in, are found broken, each with a minimal case and its own words."""
    run = events([f"{models}:with_checks"], max_cases=3, custom_checks=(f"{models}:scores_are_small",))
    named = {found.check: found for found in findings(run)}
    assert set(named) == {"one_row", "scores_are_small"}
    assert {found.cause for found in named.values()} == {"execution-custom-check"}
    assert named["scores_are_small"].message == "a score is large"
    assert (named["one_row"].message, named["one_row"].sizes["batch_size"]) == ("2 rows", 2)
    assert (
        report(run, ":with_checks").spec.selection.custom_checks["scores_are_small"]
        == "No score is far from the others"
    )


def test_a_check_that_is_wrong_itself(models):
    """A plan or a judge that raises, or gives what is none, is reported in a sentence; the other checks go on."""
    run = events([f"{models}:with_wrong_checks"], max_cases=1, in_process=True)
    assert {found.check: found.message for found in findings(run)} == {"asserts": "the scores are bad"}
    counts = report(run, ":with_wrong_checks").checks
    wrong = {
        name: re.sub(r" \(\w+\.py:\d+\)$", " (LINE)", count.blocked_by)
        for name, count in counts.items()
        if count.errored
    }
    assert wrong == {
        "no_plan": "the plan of no_plan raised AttributeError: 'Case' object has no attribute 'runs' (LINE)",
        "no_runs": "the plan of no_runs returned 3, and may return a dict of runs by their names",
        "no_judge": "the judge of no_judge raised KeyError: 'other' (LINE)",
        "no_verdict": "the judge of no_verdict returned 'it is bad', and may return None or what failed() returns",
    }
    assert (counts["sound"].ran, counts["sound"].failed) == (1, 0)


@pytest.mark.parametrize(
    ("own", "said"),
    [("one_cow", "Did you mean 'one_row'?"), ("layers", "which is not a check"), ("", "names no")],
)
def test_a_check_that_is_none(models, own, said):
    """A name that is not there, or that is no check, ends in one sentence."""
    reference = f"{models}:{own}" if own else str(models)
    finished = report(events([f"{models}:with_checks"], custom_checks=(reference,)), "with_checks")
    assert said in finished.error


def test_scripts_of_other_ways(models, tmp_path):
    """The script of a finding fails as the finding does, with no line of fuzzseq."""
    settings = Settings(profile="nightly", max_cases=1, checks=("builds", "accepts", "saves", "mixed_precision"))
    run_and_write(
        [f"{models}:{name}" for name in ("forgets", "unreadable", "overflows")],
        settings,
        output=tmp_path,
        zygote=imported_once(),
    )
    scripts = sorted(tmp_path.glob("*.py"))
    ends = {}
    for script in scripts:
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=models.parent)
        assert done.returncode == 1
        assert "import fuzzseq" not in script.read_text(encoding="utf-8")
        ends[script.stem.rpartition("-")[0]] = ends.get(script.stem.rpartition("-")[0], "") + done.stderr
    assert "the two runs differ" in ends["execution-save"]
    assert "missing 1 required positional argument: 'factor'" in ends["execution-save"]
    assert "the scores are not finite" in ends["numeric-nonfinite"]
