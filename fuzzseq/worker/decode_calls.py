"""Reads how a decode loop of the user's own is called, and which other functions look like one."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import numpy as np

from fuzzseq.cases.arrays import arrays
from fuzzseq.checks.produced import decoded_rows, first_other_value, read_series
from fuzzseq.errors import SpecError, nearest
from fuzzseq.protocol.runs import DecodeRun
from fuzzseq.protocol.user_frames import is_users
from fuzzseq.targets.decode_call import BEAMS, DecodeCall, DecodeParameter, DecodeRole, RowsAtOnce, Strategy
from fuzzseq.targets.spec import Spec
from fuzzseq.worker import refusals
from fuzzseq.worker.build import ModelInstance
from fuzzseq.worker.decoding import call_loop, fed_by_role, given_rows, loop_of, prompt_of
from fuzzseq.worker.first_look import fed_for_look
from fuzzseq.worker.inspection import Inspection
from fuzzseq.worker.keras_api.objects import Args, Function, Layer, Nest
from fuzzseq.worker.source_constants import called_elsewhere, names_in

#: What parameters of decode loops are called, the first that fits.
_NAMES: Final[Mapping[DecodeRole, re.Pattern[str]]] = {
    "encoder": re.compile(r"(encoder|enc)(_model|_net)?"),
    "decoder": re.compile(r"(decoder|dec)(_model|_net)?"),
    "model": re.compile(r"(self|model|net|network|transformer|seq2seq|translator|lm)(_model)?"),
    "source_mask": re.compile(r"((source|src|encoder|enc|input|padding|attention)_)?masks?"),
    "source_length": re.compile(r"(source|src|encoder|enc|input|inp)_(lengths?|lens?)"),
    "beams": re.compile(r"(num_)?beams?(_width|_size|s)?"),
    "cache": re.compile(r"((use|with)_)?(kv_)?cache|cached|caching|use_past"),
    "start": re.compile(r"(start|bos|sos|go|begin)(_?(token|id|idx|index))*"),
    "end": re.compile(r"(end|eos|stop)(_?(token|id|idx|index))*"),
    "pad": re.compile(r"pad(ding)?(_?(token|id|idx|index))*"),
    "rows": re.compile(r"batch_size|rows"),
    "steps": re.compile(
        r"(num_|n_|max_)?(decod\w+_|new_|target_|out(put)?_|tgt_|future_|forecast_|pred\w*_)?"
        r"(steps?|lengths?|len|tokens|horizon|words|iterations|limit|hours|days|weeks|months|periods)(_(limit|ahead|out))?"
        r"|maxlen|max_\w*len\w*|look_?ahead"
    ),
    "prompt": re.compile(r"(prompt|prefix|seed_text|start_string|decoder_input|context)(_?(ids|tokens))?"),
    "source": re.compile(
        r"sources?|src|x|inputs?|(input|source|src|encoder)_(seqs?|sequences?|ids|tokens|inputs?|sentences?)|"
        r"sentences?|encoder_input|batch|data|text|ids|tokens|seqs?|sequences?|series|history|past|window|values"
    ),
}
#: Words in the code of loops that choose other ids than the best of each step.
_STRATEGIES: Final[Mapping[Strategy, tuple[str, ...]]] = {
    "sampled": ("random", "categorical", "choice", "multinomial", "gumbel", "rng", "top_p", "nucleus"),
    "weighted": ("penalty", "ngram", "repetition"),
    "beam": ("beam",),
}
_LOOPS: Final = re.compile(
    r"(greedy|beam)(_\w+)?|\w+_greedy|generate(_(text|sequences?|tokens|summary|captions?))?|translate(_\w+)?|"
    r"decode_(sequences?|batch|sentences?)|inference|infer|summari[sz]e|respond|reply|predict_(sequences?|tokens)|"
    r"forecast(_\w+)?|(multi_step_)?rollout|predict_(future|ahead)"
)
#: Names of what a step of a loop is given, and a whole loop is not.
_OF_A_STEP: Final = re.compile(r"(^|_)(states?|hidden|carry|cell|h|c|labels?|targets?|y)(_|$)")
_ROWS: Final[tuple[RowsAtOnce, ...]] = ("batch", "one", "flat")


def decode_loop(seen: Inspection) -> Inspection:
    """Read how the declared decode loop is called, and what it returns; name one that nobody declared."""
    declared = seen.built.target.option("decode")
    if declared is None:
        note = next(_undeclared(seen), "") if seen.spec.contract.has_target else ""
        return seen.read_off(notes=[note] if note else ())
    if isinstance(declared, str) and not callable(getattr(seen.model, declared, None)):
        known = [name for name in dir(type(seen.model)) if not name.startswith("_")]
        raise SpecError(
            f"decode={declared!r} is declared for {seen.built.target.name}, and its model has no such method."
            f"{nearest(declared, known)} Name one that the model has, or give the function."
        )
    call = _call_of(seen, loop_of(seen.built), isinstance(declared, str))
    called, note = _tried(seen, call) if seen.may_call else (call, "")
    return seen.read_off(contract={"decode_call": called}, notes=[note] if note else ())


def _call_of(seen: Inspection, loop: Function, method: bool) -> DecodeCall:
    """Return how a loop is called, by the names of its parameters; raises :class:`SpecError` for one that is unknown.

    A parameter with a default that plays no role keeps it.
    """
    name, parts = seen.built.target.name, seen.built.inference is not None or seen.spec.contract.calling == "steps"
    parameters = refusals.parameters_of(getattr(loop, "python_function", loop), f"decode of {name}")
    taken: list[DecodeParameter] = []
    skipped, beams = False, 0
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if method and parameter.name == "self":
            continue
        required = parameter.default is parameter.empty
        role = _role(parameter.name, {each.role for each in taken}, seen.spec, required)
        absent = (role in ("encoder", "decoder") and not parts) or (role == "model" and method)
        tokens = attrs.asdict(seen.spec.contract.tokens)
        absent = absent or (role in tokens and tokens[role] is None)
        # One that is no switch is the cache itself.
        absent = absent or (role == "cache" and not isinstance(parameter.default, bool))
        if role is None or absent:
            if required:
                raise SpecError(
                    f"decode of {name} takes {parameter.name!r}, and nobody knows what that is: its parameters are "
                    "told by their names, as model, source, steps, start_id, end_id, beam_width. Give it a default, or "
                    "a function that takes these and calls it."
                )
            skipped = True
            continue
        if role == "beams":
            beams = parameter.default if type(parameter.default) is int else BEAMS
        keyword = skipped or parameter.kind == parameter.KEYWORD_ONLY or not required
        taken.append(DecodeParameter(name=parameter.name, role=role, keyword=keyword))
    said = {word.lower() for each in _functions(loop, seen.model) for word in names_in(each)}
    marks = (way for way, words in _STRATEGIES.items() if any(word in each for word in words for each in said))
    strategy: Strategy = next((way for way in marks if not (way == "beam" and beams)), "greedy")
    return DecodeCall(
        method=method,
        parameters=tuple(taken),
        several_beams=beams,
        strategy=strategy,
        called_elsewhere=called_elsewhere(loop, seen.model),
    )


def _role(name: str, taken: set[DecodeRole], spec: Spec, required: bool) -> DecodeRole | None:
    """Return what a parameter is by its name; the first that must be given and has no known one is the source."""
    first: DecodeRole = "source" if spec.contract.has_source else "prompt"
    lowered = name.lower().strip("_")
    for role, names in _NAMES.items():
        if not names.fullmatch(lowered) or role in taken:
            continue
        if role in ("source", "prompt"):
            return first if first not in taken else role if role == "prompt" or spec.contract.has_source else None
        return None if role in ("model", "encoder", "decoder") and not required else role
    return first if required and first not in taken else None


def _functions(loop: Function, model: object) -> Iterator[object]:
    """Yield a loop, and the functions and methods of the user's own that it names."""
    seen: list[object] = [getattr(loop, "python_function", loop)]
    owners = [type(model)] if is_users(getattr(sys.modules.get(type(model).__module__), "__file__", "") or "") else []
    for function in seen:
        yield function
        code = inspect.unwrap(function) if callable(function) else function
        globals_: Mapping[str, object] = getattr(code, "__globals__", {})
        for name in names_in(function):
            for found in (globals_.get(name), *(vars(owner).get(name) for owner in owners)):
                own = getattr(found, "__code__", None)
                if own is not None and is_users(own.co_filename) and found not in seen and len(seen) < 20:
                    seen.append(found)


def _tried(seen: Inspection, call: DecodeCall) -> tuple[DecodeCall, str]:
    """Return how the loop is called on the rows of a first batch, and what is said of it.

    Raises :class:`SpecError` for one that raises for each way before any of the model has run.
    """
    first: Exception | None = None
    touched = False
    for rows in _ROWS:
        for numpy in (False, True):
            outcome = _Attempt(seen.built, seen.spec, seen.guess, attrs.evolve(call, rows=rows, numpy=numpy))
            touched = touched or outcome.ran_layers
            if outcome.error is None:
                # One that gives a single row for several may take no more; so may one that raises for several.
                if outcome.of_each_row if rows == "batch" else first is None or _takes_one(first) or outcome.flat:
                    return outcome.settled(first)
            elif first is None and rows == "batch":
                first = outcome.error
    if first is None or touched:
        return call if first is not None else attrs.evolve(call, returns="it returns no ids for each row"), ""
    raise SpecError(
        f"decode={seen.spec.contract.decode} of {seen.built.target.name} raises before any of the model has run: "
        f"{refusals.raised_text(first, seen.built.tracker)}. It is given the model's source as a tensor: give a "
        "function that takes that."
    )


class _Attempt:
    """A loop called on a small batch, twice with other random numbers."""

    def __init__(self, built: ModelInstance, spec: Spec, sizes: Mapping[str, int], call: DecodeCall) -> None:
        self._call, self._spec = call, spec
        self.error: Exception | None = None
        self.ran_layers = False
        self._returned: list[list[Nest]] = []
        case, fed = fed_for_look(built, spec, sizes)
        if fed is None:
            return
        made = arrays(case, spec.contract)
        given = fed_by_role(spec, fed)
        steps = max(2, made.decoder_input.shape[1])
        run = DecodeRun(batches=case.batches, steps=steps, beams=1 if call.several_beams else None)

        def ran(_path: str, _output: Nest, _layer: Layer, _given: Args) -> None:
            self.ran_layers = True

        self._rows = len(made.source)
        for draw in (0, 1):
            built.reset(attrs.evolve(run, repetition=draw))
            try:
                with built.tracker.watching(ran):
                    parts = given_rows(call, given, prompt_of(spec, made))
                    self._returned.append([call_loop(built, call, part, run) for part in parts])
            except Exception as error:  # whatever a loop of the user's own raises
                self.error = error
                return

    @property
    def of_each_row(self) -> bool:
        """Whether it gave something for each row."""
        given = [part for parts in self._returned for part in parts]
        try:
            if self._spec.contract.float_labels:
                return all(len(read_series([part], (), self._rows, 1)[0]) for part in given)
            return all(len(decoded_rows(part)) != 1 or self._rows == 1 for part in given)
        except ValueError:
            return all(np.ndim(part) > 0 and len(part) == self._rows for part in given)

    @property
    def flat(self) -> bool:
        """Whether it gave the ids of a single row, or text, and no array of rows."""
        return all(isinstance(part, str) or np.ndim(part) == 1 for parts in self._returned for part in parts)

    def settled(self, first: Exception | None) -> tuple[DecodeCall, str]:
        """Return the call with what its results say of it; ``first`` is what it raised for a whole batch."""
        call, note = self._call, ""
        if call.rows != "batch" and first is not None:
            note = f"the decode loop is given one row at a time: for two it raises {type(first).__name__}"
        if not self._returned:
            return call, note
        try:
            if self._spec.contract.float_labels:
                values = [read_series(parts, (), self._rows, 1)[0] for parts in self._returned]
                alike = values[0].shape == values[1].shape and first_other_value(*values) is None
            else:
                rows = [[decoded_rows(part) for part in parts] for parts in self._returned]
                alike = rows[0] == rows[1]
        except ValueError as error:
            return attrs.evolve(call, returns=str(error)), note
        if not alike:
            call = attrs.evolve(call, strategy="sampled")
        return call, note


def _takes_one(error: Exception) -> bool:
    """Say whether an exception is what Python says of several values where one is meant."""
    words = ("truth value", "only length-1", "only size-1", "only 0-dimensional", "non-scalar", "scalar", "unhashable")
    return any(word in str(error).lower() for word in words)


def _undeclared(seen: Inspection) -> Iterator[str]:
    """Yield what is said of methods of a model, and of functions beside its factory, that look like decode loops."""
    kind = type(seen.model)
    home = sys.modules.get(getattr(seen.built.target.factory, "__module__", ""))
    for owner, method in ((kind, True), (home, False)):
        for name, value in list(vars(owner).items()) if owner is not None else ():
            code: Any = getattr(getattr(value, "python_function", value), "__code__", None)
            if code is None or not is_users(code.co_filename) or not _LOOPS.fullmatch(name):
                continue
            names = code.co_varnames[: code.co_argcount]
            of_model = bool(names) and bool(_NAMES["model"].fullmatch(names[0]))
            if len(names) > 1 and of_model and not any(map(_OF_A_STEP.search, names[1:])):
                given = repr(name).replace("'", '"') if method else name
                what = f"the {'method' if method else 'function'} {name}"
                yield f"{what} looks like a decode loop, and is not run: declare it, @fuzz_target(decode={given})"
