"""Damaged input over everything that fuzzseq reads: no internal error, no hang, and nothing of the user's changed.

``python -m tests.benchmarks.damage [INPUTS] [--real N]`` draws so many (10,000 usually), runs the command line on each
in this process, and prints how often it ended with which exit code. No worker is started: a replay or a run that gets
as far stops there, with exit code 2. ``--real`` replays so many damaged findings to the end, which imports TensorFlow.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import attrs
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fuzzseq.cli import main as command_line
from fuzzseq.errors import UsageError
from fuzzseq.events import (
    CaseExecuted,
    CheckCount,
    Checkpoint,
    Event,
    FailureObserved,
    FindingReported,
    InternalError,
    Progress,
    RunFinished,
    RunStarted,
    TargetFinished,
    TargetLoaded,
    TargetReport,
    TargetState,
    WarningEmitted,
)
from fuzzseq.findings import Finding, finding_id
from fuzzseq.history import Found, PastRun, line_of
from fuzzseq.reporting import FORMATS
from fuzzseq.reporting.event_log import EventLog
from fuzzseq.reporting.finding_files import finding_document, pretty
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.settings import Settings
from fuzzseq.stop_reason import StopReason
from tests.benchmarks.html import SPEC, made

TARGET: Final = "model.py:build"
#: Seconds that one command may take; a loaded machine is slow, and a hang is for ever.
LIMIT: Final = 60
#: An exit code for what is none.
HUNG: Final = -1

_CHECKS: Final = {
    "accepts": CheckCount(ran=90, failed=4),
    "trains": CheckCount(not_reached=90, blocked_by="accepts"),
    "causal": CheckCount(not_applicable="there is no decoder"),
    "saves": CheckCount(skipped="declared: it is a plain function"),
}
_TOML: Final = """\
[project]
name = "a-model"

[tool.fuzzseq]
targets = ["model.py:build"]
profile = "ci"
max_cases = 40
maxfail = 2
budget = "2m"
seed = 7
checks = ["accepts", "trains"]
custom_checks = ["checks.py:rows_sum_to_one"]
skip = ["deterministic"]
domains = ["ordinary", "edge"]
report = ["json", "junit"]
known = ".fuzzseq"
case_timeout = 30
memory = "4GiB"
workers = 2
in_process = false
device = "cpu"
fail_on = "warning"
baseline = "known.txt"
"""


def finding(number: int) -> Finding:
    """Return a finding of the one target."""
    found = made(number, random.Random(number))
    location = attrs.evolve(found.location, file="model.py") if found.location else None
    id_ = finding_id(TARGET, "accepts", found.cause, str(number))
    return attrs.evolve(found, id=id_, target=TARGET, location=location)


def run_of(*findings: Finding) -> Iterator[Event]:
    """Yield events of every kind, of a run that was killed and resumed."""
    asked = Settings(profile="ci", max_cases=90, budget=120.0, seed=7, checks=("accepts", "trains"), skip=("saves",))
    state = TargetState(
        rounds=3,
        cases=90,
        corpus_cases=1,
        executions=400,
        unbuilt=0,
        ran=90,
        checks=_CHECKS,
        failed=("accepts",),
        graph_fails=False,
        graph_runs=True,
        hung=False,
        taken=tuple(found.signature for found in findings),
        dry=False,
    )
    started = RunStarted(targets=(TARGET,), settings=asked, started="2026-01-31T12:05:01+00:00")
    loaded = TargetLoaded(target=TARGET, spec=SPEC, versions={"python": "3.11.7", "tensorflow": "2.21.0"})
    yield from (started, loaded)
    for number in range(1, 10):
        sizes = {"batch_size": 2, "source_length": number, "units": 4}
        yield CaseExecuted(target=TARGET, phase="random", number=number, total=90, failed=number == 3, sizes=sizes)
    for found in findings:
        yield FailureObserved(target=TARGET, check="accepts", signature=found.signature, message=found.message)
        yield Progress(target=TARGET, phase="shrink", executions=12, signature=found.signature)
        yield FindingReported(finding=found)
    yield Checkpoint(target=TARGET, state=state)
    yield WarningEmitted(target=TARGET, message="the model was rebuilt 3 times")
    yield InternalError(target="", message="TypeError: no", traceback="Traceback (most recent call last):\n...")
    yield from (started, loaded)
    report = TargetReport(
        name=TARGET, spec=SPEC, cases=90, executions=400, checks=_CHECKS, acceptance={"source_id_negative": "crashed"}
    )
    yield TargetFinished(report=report)
    yield RunFinished(stop_reason=StopReason.MAX_CASES, seconds=60.0)


def log_of(events: Iterator[Event]) -> list[Any]:
    """Return the lines of the log of a run, each as JSON."""
    with tempfile.TemporaryDirectory() as name:
        record, folder = RunState(), Folder(Path(name))
        log = EventLog(record, folder)
        for at, event in enumerate(events):
            record.on_event(event, at / 4)
            log.on_event(event)
        return [json.loads(line) for line in (folder.path / "events.ndjson").read_text(encoding="utf-8").splitlines()]


_FINDINGS: Final = tuple(finding(number) for number in (0, 31))
LOG: Final = log_of(run_of(*_FINDINGS))
REPLAY: Final = json.loads(pretty(finding_document(_FINDINGS[0], SPEC, {"keras": "3.15.1"})))
_BASELINE: Final = "# Findings that are known.\n" + "".join(
    f"{found.id}  {TARGET}  what it is{end}\n" for found, end in zip(_FINDINGS, ("", " (edge)"), strict=True)
)
HISTORY: Final = [
    json.loads(
        line_of(
            PastRun(
                started=f"2026-01-{day:02d}T12:05:01+00:00",
                profile="nightly",
                seed=day,
                seconds=61.5,
                stop_reason=StopReason.MAX_CASES,
                cases=900,
                done=(TARGET,),
                findings={
                    found.id: Found(target=TARGET, cause=found.cause, severity="error")
                    for found in _FINDINGS[: day % 3]
                },
                versions={"keras": "3.15.1"},
                folder=f"reports/{day}",
            )
        )
    )
    for day in range(1, 8)
]

#: What stands in the place of a value, whatever that was.
_ODD: Final = (
    None,
    True,
    False,
    0,
    -1,
    1,
    0.5,
    -0.0,
    2**31,
    2**53,
    10**9,
    10**30,
    "",
    "1",
    "x",
    "../../../x",
    "/etc/passwd",
    "/dev/zero",
    "input-vocabulary-../../x",
    "input-vocabulary-1a2b3c4d",
    "accepts",
    "ordinary",
    "edge",
    "invalid",
    "model.py:build",
    "../elsewhere/evil.py:build",
    "os:system",
    "a\nb",
    "\x1b[31mred\x07",
    "\u202egnp.exe",
    "\ud800",
    "\x00",
    "::error::x",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    ["x"],
    list(range(300)),
)
#: JSON that no document of ours holds, put in as text.
_ODD_TEXT: Final = ("9" * 5000, "-" + "9" * 5000, "NaN", "Infinity", "-Infinity", "1e999", "[" * 3000, '{"a":' * 3000)
_MARK: Final = "@@ODD@@"


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of everything in a JSON value, as the keys that lead to it."""
    if place:
        yield place
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*place, key))


def at(value: Any, place: Sequence[Any]) -> Any:
    """Return what stands at a place of a JSON value."""
    for key in place:
        value = value[key]
    return value


@st.composite
def put_in_place(draw: st.DrawFn, document: Any, value: Any) -> Any:
    """Draw what stands in the place of a value of a document; the mark stands for text that is not JSON of ours."""
    kinds = [
        st.sampled_from(_ODD),
        st.sampled_from((*_ODD, _MARK)),
        st.sampled_from(([value], {"x": value}, str(value))),
    ]
    kinds.append(st.sampled_from(list(places(document))).map(lambda place: copy.deepcopy(at(document, place))))
    if isinstance(value, list):
        kinds.append(st.sampled_from((value * 2, value * 50, value[1:], value[::-1])))
    elif isinstance(value, int | float):
        kinds.append(st.sampled_from((-value, value + 1, value * 10**6, float(value), str(value))))
    return draw(st.one_of(kinds))


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> str:
    """Draw a JSON document that differs from one in one to three places, as text."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        if not (left := list(places(changed))):
            break
        *way, last = draw(st.sampled_from(left))
        around = at(changed, way)
        how = draw(st.sampled_from(("drop", "rename", "replace", "replace", "replace", "replace")))
        if how == "replace":
            around[last] = copy.deepcopy(draw(put_in_place(changed, around[last])))
            continue
        value = around.pop(last)
        if how == "rename" and isinstance(around, dict):
            around[draw(st.sampled_from(("", "../x", "units", "x" * 300, "a\nb", "\ud800", last.upper())))] = value
    return json.dumps(changed).replace(f'"{_MARK}"', draw(st.sampled_from(_ODD_TEXT)))


@st.composite
def corrupted(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw bytes that differ from others as a disk, a copy or an editor makes them."""
    how = draw(st.sampled_from(("flip", "cut", "insert", "double", "mark", "utf-16", "nothing", "noise", "deep")))
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    if how == "flip" and data:
        return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
    if how == "cut":
        return data[:at]
    if how == "insert":
        return data[:at] + draw(st.binary(min_size=1, max_size=8)) + data[at:]
    if how == "double":
        return data[:at] + data[max(0, at - draw(st.integers(1, 200))) :]
    if how == "mark":
        return b"\xef\xbb\xbf" + data
    if how == "utf-16":
        return data.decode("utf-8").encode("utf-16")
    if how == "noise":
        return draw(st.binary(max_size=200))
    return b"[" * 200_000 if how == "deep" else b""


#: Files that are none, by name: see :func:`put`.
KINDS: Final = ("fifo", "socket", "folder", "device", "loop", "gone", "large")


def lines_of(lines: list[Any]) -> st.SearchStrategy[bytes]:
    """Return a strategy of logs or histories of which one line is damaged, or some are gone, twice there, or moved."""

    def damaged(at: int) -> st.SearchStrategy[bytes]:
        plain = [json.dumps(line) for line in lines]
        return mutated(lines[at]).map(lambda line: "\n".join([*plain[:at], line, *plain[at + 1 :], ""]).encode())

    whole = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    moved = st.lists(st.sampled_from(lines), max_size=len(lines) + 3).map(
        lambda some: "".join(f"{json.dumps(line)}\n" for line in some).encode()
    )
    one = st.integers(0, len(lines) - 1).flatmap(damaged)
    return st.one_of(one, one, one, moved, corrupted(whole))


def odd_text() -> st.SearchStrategy[str]:
    """Return a strategy of texts for an option, such as an argument of a process can be."""
    known = tuple(value for value in _ODD if isinstance(value, str) and "\x00" not in value)
    more = (
        "9" * 5000,
        "1e9",
        "inf",
        "nan",
        "-5",
        "0",
        "2x",
        "10h",
        "9999999h",
        "1TiB",
        "9" * 400 + "T",
        "auto",
        ".",
        "..",
    )
    names = ("model.py", "model.py:nothing", "model.py:build:x", "model:build", ":", "a:b:c", ".py", "known.txt", "run")
    plain = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)
    return st.one_of(st.sampled_from((*known, *more, *names, "\udc80", "--", "-", "=", "a,b", "²", "٣")), plain)


@st.composite
def options(draw: st.DrawFn) -> list[str]:
    """Draw a command with odd options and arguments."""
    name = draw(st.sampled_from(("run", "run", "run", "replay", "report", "baseline", "trend", "explain", "list", "")))
    command = command_line.commands.get(name)
    arguments = [name] if name else []
    if name == "baseline":
        arguments.append(draw(st.sampled_from(("update", "updat", ""))))
    known = [option for option in command.params if option.opts[0].startswith("-")] if command else []
    for option in draw(st.lists(st.sampled_from(known), max_size=4)) if known else ():
        arguments.append(draw(st.sampled_from(option.opts)))
        if not getattr(option, "is_flag", False):
            value = draw(odd_text())
            where = option.opts[0] in ("--output", "--corpus")  # what the user asks for may be written there
            arguments.append("made" if where and ("/" in value or value in (".", "..")) else value)
    return [*arguments, *draw(st.lists(odd_text(), max_size=2))]


@attrs.frozen(kw_only=True)
class Input:
    """One damaged input: what is read, what the files of the folder hold in place of what is right, and the command."""

    reader: str
    files: dict[str, bytes | str] = attrs.field(factory=dict)
    arguments: list[str]


def _special(file: str) -> st.SearchStrategy[dict[str, bytes | str]]:
    """Return a strategy of files that are none."""
    return st.sampled_from([{file: kind} for kind in KINDS])


def _either(file: str, content: st.SearchStrategy[bytes]) -> st.SearchStrategy[dict[str, bytes | str]]:
    """Return a strategy of a file with a content, and now and then of a file that is none."""
    return st.integers(0, 19).flatmap(lambda n: _special(file) if n == 0 else content.map(lambda data: {file: data}))


def _document(document: Any) -> st.SearchStrategy[bytes]:
    """Return a strategy of a damaged document of JSON."""
    text = mutated(document).map(lambda text: text.encode())
    return st.one_of(text, text, text, corrupted(json.dumps(document, indent=2).encode()))


@st.composite
def _toml(draw: st.DrawFn) -> bytes:
    """Draw a damaged pyproject.toml."""
    if draw(st.integers(0, 3)) == 0:
        return draw(corrupted(_TOML.encode()))
    lines = _TOML.splitlines()
    at = draw(st.integers(3, len(lines) - 1))
    key = lines[at].partition(" =")[0]
    deep = "[" * 2000
    values = (
        "9" * 5000,
        "nan",
        "inf",
        "1e400",
        "1979-13-45",
        "{}",
        "[]",
        "[[]]",
        "true",
        "-1",
        "0",
        "10e9",
        deep,
        "''",
    )
    odd = st.one_of(st.sampled_from(values), st.sampled_from(_ODD).map(json.dumps))
    lines[at] = draw(st.sampled_from((f"{key} = {draw(odd)}", key, f"{key}x = 1", lines[at] * 2, "[tool]", deep)))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _baseline() -> st.SearchStrategy[bytes]:
    """Return a strategy of damaged baselines."""
    text = _BASELINE.splitlines(keepends=True)
    other = ["x\n", "../../x-12345678  a\n", f"{_FINDINGS[0].id}  \x1b[31m\n", f"{_FINDINGS[0].id}\n", "\x1f\n"]
    versions = ("2", "0", "x", "9" * 400, "")
    return st.one_of(
        st.lists(st.sampled_from([*text, *other]), max_size=5).map(lambda some: "".join(some).encode()),
        st.sampled_from(versions).map(lambda version: f"# fuzzseq-baseline: {version}\n{_BASELINE}".encode()),
        corrupted(_BASELINE.encode()),
    )


def readers() -> dict[str, st.SearchStrategy[Input]]:
    """Return, for everything that is read, the strategy of its damaged inputs."""

    def made_of(reader: str, files: st.SearchStrategy[Any], *commands: str) -> st.SearchStrategy[Input]:
        drawn = st.sampled_from([command.split() for command in commands])
        return st.builds(lambda some, command: Input(reader=reader, files=some, arguments=command), files, drawn)

    formats = [f"report run --format {name}" for name in sorted(FORMATS)]
    log = _either("run/events.ndjson", lines_of(LOG))
    return {
        "replay": made_of("replay", _either("x.json", _document(REPLAY)), "replay x.json"),
        "report": made_of("report", log, "report run", *formats),
        "resume": made_of("resume", log, "run --resume run", "run --resume run --trust"),
        "update": made_of("update", log, "baseline update known.txt run"),
        "baseline": made_of(
            "baseline",
            _either("known.txt", _baseline()),
            "baseline update known.txt run",
            f"run {TARGET} --baseline known.txt --no-corpus",
        ),
        "history": made_of(
            "history", _either("history.jsonl", lines_of(HISTORY)), "trend history.jsonl", "report run --format html"
        ),
        "settings": made_of(
            "settings", _either("pyproject.toml", _toml()), "run --no-corpus", "replay x.json", f"init {TARGET}"
        ),
        "options": options().map(lambda arguments: Input(reader="options", arguments=arguments)),
    }


def put(place: Path, content: bytes | str) -> None:
    """Write a file; or make one that is none, where the content is the name of a kind."""
    place.unlink(missing_ok=True)
    if isinstance(content, bytes):
        place.write_bytes(content)
    elif content == "fifo":
        os.mkfifo(place)
    elif content == "socket":
        with socket.socket(socket.AF_UNIX) as made_there:
            made_there.bind(os.path.relpath(place))
    elif content == "folder":
        place.mkdir()
    elif content == "device":
        place.symlink_to("/dev/zero")
    elif content == "loop":
        place.symlink_to(place.name)
    elif content == "large":
        with place.open("wb") as file:
            file.truncate(100 * 1024**2)


#: A file that tells, beside it, that it was imported.
EVIL: Final = """\
from pathlib import Path

Path(__file__).with_name("witness").write_text("imported")


def build(units):
    pass
"""


#: A model that takes the case of the replay file, for inputs that are replayed to the end.
MODEL: Final = """\
import keras
from keras import layers


def build(source_vocab_size, target_vocab_size, embedding_dim, units):
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="decoder_input")
    mean = layers.GlobalAveragePooling1D()(layers.Embedding(source_vocab_size, units)(source))
    joined = layers.Embedding(target_vocab_size, units)(target) + keras.ops.expand_dims(mean, 1)
    return keras.Model([source, target], layers.Dense(target_vocab_size)(joined))
"""


def prepared(home: Path, damaged: Input) -> Path:
    """Write everything that the commands read, with what is damaged, and return the folder that they run in."""
    project, elsewhere = home / "project", home / "elsewhere"
    for folder in (project / "run", elsewhere):
        folder.mkdir(parents=True)
    (home / "keep.txt").write_text("the user's own")
    (elsewhere / "evil.py").write_text(EVIL)
    files: dict[str, bytes | str] = {
        "model.py": b"def build(source_vocab_size, target_vocab_size, embedding_dim, units):\n    pass\n",
        "checks.py": b"def rows_sum_to_one(seen):\n    pass\n",
        "x.json": json.dumps(REPLAY).encode(),
        "known.txt": _BASELINE.encode(),
        "history.jsonl": "".join(f"{json.dumps(line)}\n" for line in HISTORY).encode(),
        "pyproject.toml": b"[project]\nname = 'a-model'\n",
        "run/events.ndjson": "".join(f"{json.dumps(line)}\n" for line in LOG).encode(),
    }
    os.chdir(project)
    for name, content in {**files, **damaged.files}.items():
        put(project / name, content)
    return project


def kept(home: Path, project: Path, written: tuple[str, ...]) -> dict[str, object]:
    """Return what there is outside of what a command writes: each file by its path, with what it holds."""
    found: dict[str, object] = {}
    for place in sorted(home.rglob("*")):
        inside = place.relative_to(project).parts if place.is_relative_to(project) else ()
        if inside[1:] not in ((), ("events.ndjson",)) or place.is_dir() or (inside and place.name in written):
            continue
        if inside[:1] != ("run",) and len(inside) > 1:
            continue
        mode = place.lstat().st_mode
        regular = stat.S_ISREG(mode) and place.lstat().st_size < 10**6
        found[str(place.relative_to(home))] = place.read_bytes() if regular else mode
    return found


class Hang(BaseException):
    """A command took longer than it may."""


def _alarm(*_: object) -> None:
    """End a command that hangs."""
    raise Hang


class _NoZygote:
    """Stands in for the process that imports TensorFlow."""

    def __init__(self, *_: object) -> None:
        """Start nothing."""

    def close(self) -> None:
        """End nothing."""


def _stopped(*_: object) -> None:
    """Stop where a worker would load a file."""
    raise UsageError("as far as a worker")


@contextmanager
def without_workers() -> Iterator[None]:
    """Let every command stop where a worker would start."""
    with ExitStack() as stack:
        stack.enter_context(patch("fuzzseq.executors.zygote.Zygote", _NoZygote))
        stack.enter_context(patch("fuzzseq.executors.launcher.Zygote", _NoZygote))
        stack.enter_context(patch("fuzzseq.executors.launcher.Launcher.load", _stopped))
        yield


@attrs.frozen(kw_only=True)
class Ending:
    """How a command ended: its exit code, what it printed, its seconds, and what it changed that is not its own."""

    code: int
    output: str
    seconds: float
    changed: tuple[str, ...]


#: What a command may write in the folder that it runs in.
_WRITES: Final = {
    "update": ("known.txt",),
    "baseline": ("known.txt",),
    "resume": ("events.ndjson",),
    "settings": ("fuzz_targets.py", "pyproject.toml"),
}


def ended(damaged: Input, home: Path) -> Ending:
    """Run the command line on a damaged input in a folder that is empty, and say how it ended."""
    before_folder = Path.cwd()
    began = time.monotonic()
    try:
        project = prepared(home, damaged)
        written = _WRITES.get(damaged.reader, ())
        before = kept(home, project, written)
        previous = signal.signal(signal.SIGALRM, _alarm)
        signal.alarm(LIMIT)
        try:
            result = CliRunner().invoke(command_line, damaged.arguments, prog_name="fuzzseq")
            code, output = result.exit_code, result.output
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                code, output = 3, f"{output}{result.exception!r}"
        except Hang:
            code, output = HUNG, ""
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, previous)
        after = kept(home, project, written)
    finally:
        os.chdir(before_folder)
    changed = tuple(name for name in sorted({**before, **after}) if before.get(name) != after.get(name))
    own = tuple(name for name in changed if not (damaged.reader == "options" and name.startswith("project/")))
    return Ending(code=code, output=output, seconds=time.monotonic() - began, changed=own)


def wrong(ending: Ending) -> str:
    """Return what is wrong with how a command ended; nothing where all is well."""
    if ending.code == HUNG:
        return f"no end within {LIMIT} s"
    if ending.code not in (0, 1, 2, 4):
        return f"exit code {ending.code}: {ending.output[-2000:]}"
    if "Traceback" in ending.output:
        return f"a traceback: {ending.output[-2000:]}"
    if ending.code == 2 and not ending.output.strip():
        return "exit code 2, and not a word"
    return f"it changed {', '.join(ending.changed)}" if ending.changed else ""


def over(count: int, strategy: st.SearchStrategy[Input], each: Callable[[Input], None], number: int = 0) -> None:
    """Call a function with so many damaged inputs, the same ones for the same number."""

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def body(damaged: Input) -> None:
        each(damaged)

    body()


class Tally:
    """How often each reader ended with which exit code, and what went wrong."""

    def __init__(self) -> None:
        self.codes: dict[str, Counter[int]] = {}
        self.faults: Counter[str] = Counter()
        self.slowest = 0.0

    def count(self, damaged: Input) -> None:
        """Run one damaged input, and print what goes wrong for the first time."""
        home = Path(tempfile.mkdtemp(prefix="damage-"))
        try:
            with patch("tempfile.tempdir", str(home.parent)):
                ending = ended(damaged, home)
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self.slowest = max(self.slowest, ending.seconds)
        self.codes.setdefault(damaged.reader, Counter())[ending.code] += 1
        if why := wrong(ending):
            kind = why.split("the traceback is in")[0][:200]
            if not self.faults[kind]:
                shown = {name: content[-300:] for name, content in damaged.files.items()}
                print(f"{damaged.reader} {str(damaged.arguments)[:300]}: {why[:600]}\n  {shown}\n", flush=True)
            self.faults[kind] += 1

    def show(self) -> None:
        """Print a table."""
        columns = (0, 1, 2, 3, 4, HUNG)
        print(f"{'reader':<10}{'inputs':>8}" + "".join(f"{f'exit {c}' if c != HUNG else 'hung':>9}" for c in columns))
        for reader, counted in [*sorted(self.codes.items()), ("all", sum(self.codes.values(), Counter()))]:
            print(f"{reader:<10}{counted.total():>8}" + "".join(f"{counted[code]:>9}" for code in columns))
        print(f"{self.faults.total()} went wrong, in {len(self.faults)} ways; the slowest took {self.slowest:.1f} s")


def measure(count: int, real: int) -> int:
    """Print how damaged inputs end, and replays of them that run to their end; return how many went wrong."""
    tally, strategies = Tally(), readers()
    with without_workers():
        for name, strategy in strategies.items() if count else ():
            over(-(-count // len(strategies)), strategy, tally.count)
            print(f"{name}: done", file=sys.stderr, flush=True)
    tally.show()
    if not real:
        return tally.faults.total()
    to_the_end = Tally()
    replays = _document(REPLAY).map(
        lambda data: Input(
            reader="replay",
            files={"x.json": data, "model.py": MODEL.encode()},
            arguments=["replay", "--in-process", "x.json"],
        )
    )
    over(real, replays, to_the_end.count)
    to_the_end.show()
    return tally.faults.total() + to_the_end.faults.total()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("inputs", nargs="?", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(measure(asked.inputs, asked.real) > 0)


if __name__ == "__main__":
    main()
