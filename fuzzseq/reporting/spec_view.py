"""A Spec as its user would write it: each line of its declaration, where that came from, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import combinations
from typing import Final, Literal

import attrs

from fuzzseq.checks.base import Check
from fuzzseq.checks.custom import stand_in
from fuzzseq.checks.registry import CHECKS
from fuzzseq.events import CheckCount
from fuzzseq.reporting.input_view import InputLine, input_lines, name_of_input, role_of_input, user_name
from fuzzseq.reporting.python_text import argument, literal
from fuzzseq.targets.contract import CELLS, SIDES, Contract
from fuzzseq.targets.declaration import FIRST
from fuzzseq.targets.dimensions import DATA_DIMENSIONS, KNOWN, Dim
from fuzzseq.targets.series import Series
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.steps import StepRatio
from fuzzseq.targets.training_batch import MASK_WEIGHTS
from fuzzseq.targets.traits import Form

#: Where something that is known of a model came from.
Source = Literal["declared", "signature", "inferred", "default"]

FORMS: Final[Mapping[Form, str]] = {
    "factory": "a factory",
    "class": "a class",
    "model": "a built model, whose sizes are fixed",
    "saved": "a saved model, whose sizes are fixed",
}
_KINDS: Final = {
    "seq2seq": "from a source and shifted target tokens to scores",
    "encoder": "from a source to something that is no score",
    "decoder": "from shifted target tokens to scores",
    "many_to_many": "from a source to scores for each of its steps",
}
_CALLS: Final = {
    "single": "one tensor",
    "list": "a list",
    "tuple": "a tuple",
    "dict": "a dict",
    "arguments": "arguments by name",
}


@attrs.frozen(kw_only=True)
class DeclaredLine:
    """One argument of ``@fuzz_target``: its ``line`` as it would be written, its source, and what it means.

    ``name`` is the option, or the dimension by its canonical name.
    """

    name: str
    line: str
    source: Source
    meaning: str


@attrs.frozen(kw_only=True)
class CheckLine:
    """One check: whether it will run, why it will not, and what would make it run, where that can be declared."""

    check: str
    runs: bool
    reason: str = ""
    line: str = ""


@attrs.frozen(kw_only=True)
class SpecView:
    """What is known of a model, as a person is shown it: a sentence, the lines of a declaration, and its checks."""

    model: str
    dimensions: tuple[DeclaredLine, ...]
    options: tuple[DeclaredLine, ...]
    inputs: tuple[InputLine, ...]
    checks: tuple[CheckLine, ...]


def _model_sentence(spec: Spec) -> str:
    """Return what a target is, and what model it gives."""
    traits, contract = spec.traits, spec.contract
    if not contract.inputs:
        return f"{FORMS[traits.form]}, whose model could not be looked at"
    framework = {"keras": "Keras 3", "tf_keras": "tf-keras"}[traits.framework]
    whole = "a functional model" if traits.functional else "a subclassed model" if traits.keras_model else "a callable"
    model = "an encoder and a decoder apart" if contract.calling == "steps" else whole
    extra = ", with an encoder and a decoder for inference" if traits.inference_models else ""
    own = ", with a train_step of its own" if traits.own_training_step else ""
    runs = "" if traits.train_step_accepts_batch else " that takes no usual batch"
    called = f", called with {_CALLS[contract.calling]}" if contract.calling in _CALLS else ", stepped by hand"
    return f"{FORMS[traits.form]}: {model} of {framework}{extra}{own}{runs}{called}"


def _dimension_lines(spec: Spec) -> Iterator[DeclaredLine]:
    """Yield the dimensions of a model by the names that its user gave them, in the order of reports."""
    contract, origins = spec.contract, spec.traits.origins
    parameters = {parameter.dimension: parameter for parameter in contract.parameters}
    for dimension in contract.names():
        parameter = parameters.get(dimension)
        name = parameter.name if parameter else dimension
        known = KNOWN[dimension][1] if dimension in KNOWN else "a dimension of your own"
        origin = "declared" if "declared" in (origins.get(name), origins.get(dimension)) else origins.get(dimension)
        told = [known if name == dimension else f"{dimension}, {known}"]
        told += [f"default {parameter.default}"] if parameter and parameter.default is not None else []
        rows = contract.rows if dimension == "batch_size" else None
        told += ["fixed by the model"] if dimension in contract.static else [f"{rows} in the model"] if rows else []
        usual: Source = "signature" if parameter else "default" if dimension in DATA_DIMENSIONS else "inferred"
        allowed = contract.range_of(dimension)
        fixed = allowed == Dim(min=allowed.min, max=allowed.min)
        # What a range depends on has the names of the user.
        first = dimension == "batch_size" and contract.first_batch
        named = allowed.renamed(lambda tie: user_name(contract, tie))
        range_ = literal(FIRST) if first else str(allowed.min if fixed else named)
        yield DeclaredLine(
            name=dimension,
            line=argument(name, range_),
            source=origin or usual,
            meaning="; ".join(told),
        )


def _option_lines(spec: Spec) -> Iterator[DeclaredLine]:
    """Yield the options of a declaration, those that have their default too."""
    contract, traits = spec.contract, spec.traits
    tokens = attrs.asdict(contract.tokens, filter=lambda token, id_: token.name in ("start", "end") or id_ is not None)
    logits = {True: "the scores are logits", False: "the scores are probabilities", None: "not known before a call"}
    paddings = {
        "post": "after the tokens; more of it must not change real positions",
        "pre": "before the tokens; more of it must not change real positions",
        None: "padded positions are unspecified",
    }
    names = [name_of_input(spec, index) for index in range(len(contract.inputs))]
    loss = {"compiled": "the compiled loss", None: "none: cross-entropy trains the model"}
    states = {"inputs": "inputs of the model, of the shapes that it states", None: "none is given"}
    float_source = "rows of floats" if contract.float_source else "ids"
    masked = contract.sample_weight in (None, MASK_WEIGHTS)
    weights = contract.sample_weight if masked else _Reference(contract.sample_weight)
    decode = contract.decode if contract.decode_call and contract.decode_call.method else _Reference(contract.decode)
    told: Mapping[str, tuple[object, str]] = {
        "kind": (contract.kind, _KINDS[contract.kind]),
        # Inputs without names cannot be declared.
        "inputs": (
            {name: role_of_input(each) for name, each in zip(names, contract.inputs, strict=True) if all(names)},
            "see below",
        ),
        "output": (contract.output, "the first, or the only one" if contract.output is None else "the one with scores"),
        "logits": (traits.logits, logits[traits.logits] if contract.has_labels else "the model has no scores"),
        "padding": (
            {side: None if side in contract.unpadded else contract.padding for side in SIDES}
            if contract.unpadded
            else {"source": contract.padding, "target": contract.target_padding}
            if contract.target_padding
            else contract.padding,
            paddings[contract.padding],
        ),
        "tokens": (tokens, "ids of special tokens"),
        "labels": (contract.labels, "values of a series" if contract.float_labels else "classes of a vocabulary"),
        "series": (_series(contract), "how values are made"),
        "target_encoding": (contract.target_encoding, "of labels"),
        "features": (
            contract.features,
            "the output is no scores" if contract.features else "the output is of the kind",
        ),
        "causal": (contract.causal, "no output reads a later step" if contract.causal else "it is not declared so"),
        "output_steps": (
            contract.output_steps if isinstance(contract.output_steps, int | str) else _Steps(contract.output_steps),
            "as many as the source" if contract.output_steps is None else "of the output",
        ),
        "sample_weight": (weights, "what labels weigh" if contract.sample_weight else "there are none"),
        "batch": (_Reference(contract.batch.function), contract.batch.shown(bool(contract.sample_weight))),
        "stateful": (contract.stateful, "states are kept" if contract.stateful else "states are no contract"),
        "loss": (_Reference(contract.loss), loss.get(contract.loss, "declared")),
        "initial_state": (_Reference(contract.initial_state), states.get(contract.initial_state, "declared")),
        "preprocess": (_Reference(contract.preprocess), "makes the source" if contract.preprocess else "none"),
        "decode": (decode, "a loop that is held to teacher forcing" if contract.decode else "no loop is run"),
        "float_source": (contract.float_source, f"the source is {float_source}"),
        "text": (
            _sides(contract.forms.text),
            "given as sentences, or words" if contract.forms.text else "no strings",
        ),
        "one_hot": (
            _sides(contract.forms.one_hot),
            "given as one-hot rows" if contract.forms.one_hot else "nothing is",
        ),
        "graph": (contract.graph, "it is traced too" if contract.graph else "it is run eagerly alone"),
        "skip": (dict(spec.selection.skip), "checks that are left out, and why"),
        "checks": ([*spec.selection.checks], "the only checks"),
        "custom_checks": ([_Reference(name) for name in spec.selection.custom_checks], "checks of your own"),
    }
    for name, (value, meaning) in told.items():
        if value in ([], {}):
            continue
        text = _code(value)
        source: Source = traits.origins.get(name, "default")
        yield DeclaredLine(name=name, line=f"{name}={text}", source=source, meaning=meaning)


def _sides(sides: Collection[str]) -> bool | str:
    """Return sides as they are declared: True for both, or for the only one that a model has."""
    return next(iter(sides)) if len(sides) == 1 else bool(sides)


def _series(contract: Contract) -> dict[str, object]:
    """Return what is said of the values of a series, but for what is so by default; nothing where a model has none."""
    usual, found = attrs.asdict(Series()), dict[str, object]()
    for name, value in attrs.asdict(contract.series).items():
        if name != "flat_output" and value != usual[name]:
            found[name] = user_name(contract, value) if name.endswith("channels") and isinstance(value, str) else value
    return found if contract.float_labels or contract.float_source else {}


@attrs.frozen
class _Steps:
    """What the steps of an output follow, as the function that declares it."""

    ratio: StepRatio | None


@attrs.frozen
class _Reference:
    """A function of the user's own, or what stands for one; None where nothing is to be declared."""

    text: str | None


def _code(value: object) -> str:
    """Return a value as a declaration holds it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_code, value))}]"
    if isinstance(value, _Steps):
        return "None" if value.ratio is None else f"lambda source_length: {value.ratio}"
    if not isinstance(value, _Reference):
        return literal(value)
    name = (value.text or "").rpartition(":")[2].rpartition(".")[2]
    if value.text in CELLS:
        return literal(value.text)
    return "None" if value.text in (None, "inputs", "compiled") else name


#: What can be declared that makes checks apply: the line, and the Spec with it.
_REMEDIES: Final[Mapping[str, Callable[[Contract], Contract]]] = {
    'padding="post"': lambda contract: attrs.evolve(contract, padding="post"),
    "causal=True": lambda contract: attrs.evolve(contract, causal=True),
    "graph=True": lambda contract: attrs.evolve(contract, graph=True),
    "decode=...": lambda contract: attrs.evolve(contract, decode=contract.decode or "declared"),
    "loss=...": lambda contract: attrs.evolve(contract, loss=contract.loss or "declared"),
    'kind="many_to_many"': lambda contract: attrs.evolve(
        contract, kind="many_to_many" if contract.kind == "encoder" else contract.kind
    ),
}


def _check_lines(spec: Spec, checks: Mapping[str, CheckCount]) -> Iterator[CheckLine]:
    """Yield every check: whether it will run, and why not."""
    known = {check.name: check for check in CHECKS}
    for name, count in checks.items():
        reason = count.skipped or count.not_applicable
        check = known.get(name) or stand_in(name, spec)
        line = _remedy(check, spec) if count.not_applicable else ""
        if count.skipped and name in spec.selection.skip:
            line = f"leave {name} out of skip"
        elif count.skipped:
            line = f"fuzzseq run --check {name}"
        yield CheckLine(check=name, runs=not reason, reason=reason, line=line)


def _remedy(check: Check, spec: Spec) -> str:
    """Return the shortest declaration with which a check would apply to a model; empty where there is none."""
    for count in (1, 2):
        for lines in combinations(_REMEDIES, count):
            contract = spec.contract
            for line in lines:
                contract = _REMEDIES[line](contract)
            if check.applies(attrs.evolve(spec, contract=contract)) is None and check.applies(spec) is not None:
                return f"@fuzz_target({', '.join(lines)})"
    return ""


def spec_view(spec: Spec, checks: Mapping[str, CheckCount]) -> SpecView:
    """Return what a person is shown of a Spec, and of the checks of its target."""
    return SpecView(
        model=_model_sentence(spec),
        dimensions=tuple(_dimension_lines(spec)),
        options=tuple(_option_lines(spec)),
        inputs=tuple(input_lines(spec)),
        checks=tuple(_check_lines(spec, checks)),
    )
