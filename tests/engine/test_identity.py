"""One function has one identity, and so have its findings: by whatever name, in whatever file, from whatever folder."""

from __future__ import annotations

import argparse
import copy
import enum
import functools
import importlib.util
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import attrs
import numpy as np
import pytest
from click.testing import CliRunner

from fuzzseq import baseline
from fuzzseq.api import fuzzed
from fuzzseq.cli import main
from fuzzseq.engine import start_campaign
from fuzzseq.engine.identities import Identities
from fuzzseq.events import CheckCount, Event, RunStarted, TargetFinished, TargetLoaded, TargetReport
from fuzzseq.executors.zygote import Zygote
from fuzzseq.history import changes, read
from fuzzseq.reporting.run_state import RunState
from fuzzseq.runner import run as run_and_write
from fuzzseq.settings import Settings
from fuzzseq.targets.declaration import fuzz_target
from fuzzseq.targets.identity import _text, identity_of, place_of
from fuzzseq.targets.spec import Spec
from tests.engine.running import findings

#: Models that take one step alone.
MODELS = """\
def build(vocab_size, most=1.0):
    def model(tokens):
        import tensorflow as tf

        if tokens.shape[1] is None or tokens.shape[1] > most:
            raise ValueError("too many steps")
        return tf.one_hot(tokens, vocab_size)

    return model


class Tagger:
    def __init__(self, vocab_size):
        self.size = vocab_size

    def __call__(self, tokens):
        return build(self.size)(tokens)


model = Tagger(9)
"""
VARIANTS = """\
from functools import partial

from fuzzseq import dim, fuzz_target
from models import build


def made(most):
    def building(vocab_size):
        return build(vocab_size, most)

    return building


first = fuzz_target(build, vocab_size=dim(5, 8))
second = fuzz_target(build, vocab_size=dim(9, 12))
third = fuzz_target(partial(build, most=2.0))
fourth, fifth = fuzz_target(made(1.0)), fuzz_target(made(2.0))
"""
TESTS = """\
from fuzzseq import fuzz_target
from models import {name}

tagger = fuzz_target({name})
"""
ASKED = {"max_cases": 4, "workers": 2, "checks": ("accepts",)}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Iterator[tuple[Path, Zygote]]:
    """A project, and a process in its folder that imports TensorFlow once for all runs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "models.py").write_text(MODELS)
    (folder / "variants.py").write_text(VARIANTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        sys.modules.pop("models", None)  # Of another test.
        zygote = Zygote("cpu")
        yield folder, zygote
        zygote.close()
        sys.modules.pop("models", None)


def imported(folder: Path) -> ModuleType:
    """Return the module of the project, whatever another test has imported by that name."""
    sys.modules.pop("models", None)
    spec = importlib.util.spec_from_file_location("models", folder / "models.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["models"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ids(project, monkeypatch) -> Callable[..., list[str]]:
    """Return what fuzzes a target, and gives the ids of its findings."""
    monkeypatch.chdir(project[0])
    return lambda target: [finding.id for finding in fuzzed(target, ASKED, project[1]).findings]


@pytest.mark.parametrize("name", ["build", "Tagger"])
def test_one_function_has_one_id_by_whatever_name(project, ids, name, monkeypatch) -> None:
    """A file, a module, a path from elsewhere, the copy that init writes, the function itself, and pytest's item."""
    here, _ = project
    (id_,) = ids(f"models.py:{name}")
    assert ids(f"{here}/models.py:{name}") == ids(f"models:{name}") == [id_]
    assert ids(getattr(imported(here), name)) == [id_]
    monkeypatch.chdir(here)
    assert CliRunner().invoke(main, ["init", f"models.py:{name}"]).exit_code == 0
    assert ids("fuzz_targets.py") == [id_]
    for written in ("fuzz_targets.py", "pyproject.toml"):
        (here / written).unlink()
    (here / "test_tagger.py").write_text(TESTS.format(name=name))
    options = {"max-cases": "4", "check": "accepts", "report": name}
    given = [f"--fuzz-seq2seq-{option}={value}" for option, value in options.items()]
    pytest_here = str(Path(sys.executable).with_name("pytest"))
    asked = [pytest_here, "--fuzz-seq2seq", *given, "test_tagger.py"]
    run = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    assert [file.stem for file in (here / name).glob("*-*.json")] == [id_]


def test_a_model_that_is_there_is_its_variable(project) -> None:
    """Whoever imports it: it is the variable of the module that made it."""
    importing = ModuleType("importing")
    importing.imported = imported(project[0]).model
    assert identity_of(importing.imported, importing, "imported") == "models:model"
    assert identity_of(importing.imported, sys.modules["models"], "model") == "models:model"


def test_a_baseline_a_corpus_and_a_history_serve_all_names(project, monkeypatch) -> None:
    """What the baseline knows fails no run by another name, the corpus has its case, and the history goes on."""
    here, zygote = project
    monkeypatch.chdir(here)
    more = {"corpus": here / "corpus", "zygote": zygote}
    settings = Settings(profile="quick", **ASKED)
    assert run_and_write(["models.py:build"], settings, output=Path("reports/1"), **more) == 1
    assert CliRunner().invoke(main, ["baseline", "update", "known.txt", "reports/1"]).exit_code == 0
    assert "models:build" in Path("known.txt").read_text()
    settings = attrs.evolve(settings, baseline=baseline.read(Path("known.txt")))
    Path("copies.py").write_text(
        "from fuzzseq import fuzz_target\nfrom models import build\n\ncopy = fuzz_target(build)\n"
    )
    assert run_and_write(["copies.py"], settings, output=Path("reports/2"), **more) == 0
    (target,) = json.loads(Path("reports/2/report.json").read_text())["targets"]
    assert target["corpus_cases"] == 1
    first, second = changes(read(Path("reports/history.jsonl")))
    assert (len(first.new), second.new, second.open) == (1, (), first.open)


def test_a_finding_is_fixed_by_whatever_name(tmp_path) -> None:
    """A run that looked at the function to the end, and did not find what the baseline has of it, says so."""
    entry = baseline.BaselineEntry("models:build")
    settings = Settings(profile="quick", max_cases=60, baseline={"state-units-12345678": entry})
    record, spec = RunState(), Spec(identity="models:build")
    report = TargetReport(name="fuzz_targets.py:model", spec=spec, cases=60, checks={"accepts": CheckCount(ran=60)})
    for event in (
        RunStarted(targets=(report.name,), settings=settings, started=""),
        TargetLoaded(target=report.name, spec=spec, versions={}),
        TargetFinished(report=report),
    ):
        record.on_event(event)
    assert record.fixed() == ("state-units-12345678",)


def events(project, targets: list[str], monkeypatch) -> list[Event]:
    """Return the events of a run."""
    monkeypatch.chdir(project[0])
    return list(start_campaign(targets, Settings(profile="quick", **ASKED), zygote=project[1]))


def found_by(run: list[Event]) -> dict[str, str]:
    """Return the ids of a run's findings as a report has them, by their targets."""
    record = RunState()
    for event in run:
        record.on_event(event)
    return {finding.target: id_ for id_, finding in record.findings.items()}


def test_variants_of_a_function_keep_their_findings_apart(project, ids, monkeypatch) -> None:
    """Other sizes, another value of a partial and of a closure: each variant has an id, in a run of all and alone."""
    together = found_by(events(project, ["variants.py"], monkeypatch))
    assert len({*together.values()}) == len(together) == 5
    for name, id_ in together.items():
        assert ids(name) == [id_], name
    assert together["variants.py:first"] == ids("models.py:build")[0]


def test_one_function_that_is_named_twice_is_numbered(project, monkeypatch) -> None:
    """In the order in which they were named the first has the id, whatever is loaded first; the other has its own.

    So it is where each has a campaign of its own, as two targets of pytest may.
    """
    names = ["models.py:build", "variants.py:first"]
    apart = [events(project, [name], monkeypatch) for name in names]
    (id_,), (same,) = ({finding.id for finding in findings(run)} for run in apart)
    assert id_ == same
    for order in (names, names[::-1]):
        found = found_by(events(project, order, monkeypatch))
        assert found[order[0]] == id_ != found[order[1]]
    both = found_by([*apart[0], *apart[1]])
    assert both[names[0]] == id_ != both[names[1]]


def test_places_are_told_apart_in_their_order() -> None:
    """A target whose file is loaded first waits for those that were named before it; one that cannot be is passed."""
    identities, found = Identities(3), {}
    last = threading.Thread(target=lambda: found.update(identities.told_apart(2, {"c": "f:x"}, lambda: None)))
    last.start()
    identities.close(0)
    assert identities.told_apart(1, {"a": "f:x", "b": "f:x"}, lambda: None) == {"a": "f:x", "b": "f:x (2)"}
    identities.close(1)
    last.join()
    assert found == {"c": "f:x (3)"}


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("model.py", "model"),
        ("src/model.py", "model"),
        ("a/model.py", "a.model"),
        ("src/pkg/model.py", "pkg.model"),
        ("lib/pkg/part/model.py", "pkg.part.model"),
        ("lib/pkg/__init__.py", "pkg"),
        ("a/nb.ipynb", "a.nb.ipynb"),
        ("venv/lib/site-packages/model.py", "model"),
    ],
)
def test_a_file_has_one_place(tmp_path, monkeypatch, file, place) -> None:
    """A module is called by its package, or by its path in the project, from whatever folder; as it is installed."""
    (tmp_path / ".git").mkdir()
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    for folder in path.parents[: path.parts[::-1].index("pkg") if "pkg" in path.parts else 0]:
        (folder / "__init__.py").touch()
    monkeypatch.chdir(path.parent)
    assert place_of(Path(path.name)) == place_of(path) == place


def test_a_file_of_no_project_is_called_by_its_name(tmp_path) -> None:
    """Nothing says how much of its path would be the same elsewhere."""
    assert place_of(tmp_path / "a" / "model.py") == "model"


def build(units: int, attention: str = "dot") -> None:
    """Build nothing."""


def closure(attention: object, path: str = "/a/b") -> Callable[[int], object]:
    """Return a function that holds something."""
    return lambda units: (attention, path, units)


def wrapped(function: Callable[..., object], log: object = None) -> Callable[..., object]:
    """Return a decorated function."""

    @functools.wraps(function)
    def inner(*given: object, **named: object) -> object:
        return function(*given, log, **named)

    return inner


class Built:
    """Something with a method."""

    @classmethod
    def of(cls, units: int) -> None:
        """Build nothing."""

    def __call__(self, units: int) -> None:
        """Build nothing."""


class Other(Built):
    """Something with the same method."""


class Config:
    """What a user configures a model with; nothing of it is to be run."""

    def __init__(self, units: object, **more: object) -> None:
        vars(self).update(more, units=units)

    @property
    def depth(self) -> int:
        """Fail."""
        raise AssertionError

    __repr__ = __eq__ = __hash__ = __getattr__ = lambda *_: 1 / 0


@attrs.frozen
class Slots:
    """The same, with slots."""

    units: object


class Cell(enum.IntEnum):
    """Whose text differs between versions of Python."""

    LSTM, GRU = 1, 2


class Options(enum.Flag):
    """Whose name does, of two together."""

    BIAS, MASK = 1, 2


named = lambda units: units  # noqa: E731 (people write that)
instance = Built()
HERE = "tests.engine.test_identity"


def test_what_is_made_of_a_function_is_the_function() -> None:
    """Copies of it, with or without a declaration, and decorated ones that say so."""
    assert identity_of(build) == f"{HERE}:build"
    alike = fuzz_target(build, units=3), fuzz_target(functools.partial(build)), functools.lru_cache(build)
    assert {identity_of(each) for each in alike} == {identity_of(build)}
    assert identity_of(fuzz_target(fuzz_target(wrapped(build)))) == identity_of(wrapped(build))
    assert identity_of(fuzz_target(Built)) == f"{HERE}:Built"
    assert [identity_of(named), identity_of(instance)] == [f"{HERE}:named", f"{HERE}:instance"]


def test_what_is_built_with_other_values_is_another_model() -> None:
    """What a partial, a closure, a method or a decorator holds tells them apart, and a path here does not."""
    apart = [functools.partial(build, attention=each) for each in ("dot", "mean")]
    apart += [functools.partial(each, units=2) for each in apart]
    apart += [closure(each) for each in ("dot", 1, 1.5, None, (1, 2), (1, 3), build, wrapped)]
    apart += [wrapped(build, log=1), wrapped(build, log=2), Built.of, Other.of]
    found = [identity_of(each) for each in (build, *apart)]
    assert len({*found}) == len(found)
    assert identity_of(closure("dot", "/a")) == identity_of(closure("dot", "/b"))
    assert [identity_of(each) for each in apart] == found[1:]


CONFIGS = [
    *([1], [2], [1, 2], [[1], 2], [1, [2]], {"units": 1}, {"units": 2}, {"depth": 1}, {"units": {"of": [1]}}, {1}, {2}),
    *(Config(1), Config(2), Config(1, depth=1), Config(Config(1)), Config({"a": 1}), Slots(1), Slots(2), ((1,), 2)),
    *(argparse.Namespace(units=1), argparse.Namespace(units=2), Cell.LSTM, Cell.GRU, Options.BIAS, (1, (), 2)),
]


def test_what_configures_a_model_is_a_part_of_it() -> None:
    """Lists, dicts and plain objects are told apart by what they hold, alike where it is, and none of it is run."""
    for made in (
        closure,
        functools.partial(functools.partial, build),
        lambda config: functools.partial(build, u=config),
    ):
        found = [identity_of(made(each)) for each in CONFIGS]
        assert len({*found}) == len(found)
        assert found == [identity_of(made(each)) for each in copy.deepcopy(CONFIGS[:11])] + found[11:]
    assert identity_of(closure({"a": 1, "b": 2})) == identity_of(closure({"b": 2, "a": 1}))
    assert identity_of(closure(Config(1))) == identity_of(closure(Config(1)))


def test_what_differs_from_run_to_run_is_no_part() -> None:
    """An array, a logger, a lock, a path and what can be called are their classes; what holds itself has an end."""
    first, second = logging.getLogger("a"), logging.getLogger("b")
    pairs = [(first, second), (np.zeros(2), np.ones(3)), (threading.Lock(), threading.Lock()), (Path("a"), Path("b"))]
    for one, other in (*pairs, (object(), object()), (Built(), Built())):
        for held in (lambda value: value, lambda value: [value], Config):
            assert identity_of(closure(held(one))) == identity_of(closure(held(other)))
    ring: list[object] = [1]
    ring += [ring, Config(ring), ring, {"ring": ring}]
    assert identity_of(closure(ring)) == identity_of(closure(ring))


def test_the_text_of_a_value_is_that_of_every_python() -> None:
    """The text of an enumeration's member, or the name of two flags together, is not the same in all of them."""
    assert [_text(Cell.GRU), _text(Options.BIAS | Options.MASK)] == ["Cell.GRU", "Options.3"]
    assert _text(Config([1], on=True)) == "Config('on'=True)('units'=list(=1))"
