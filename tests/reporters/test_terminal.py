from __future__ import annotations

import io
from pathlib import Path

import attrs
import pytest
from rich.console import Console

from fuzzseq import runner
from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.events import FindingReported, TargetFinished, TargetReport
from fuzzseq.outgoing import fit
from fuzzseq.protocol.outcome import Raised
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.finding_files import FindingFiles
from fuzzseq.reporting.finding_view import finding_view
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.run_state import RunState
from fuzzseq.reporting.terminal import Terminal
from fuzzseq.settings import Settings
from fuzzseq.targets.contract import Contract
from fuzzseq.targets.spec import Spec

SETTINGS = Settings(profile="quick", max_cases=60)


@pytest.fixture(autouse=True)
def plain(tmp_path, monkeypatch):
    """Print without color, to a pipe, from an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def printed(events, capsys, monkeypatch, columns=80):
    """Return what a run prints to a pipe of some width, without the name of its version."""
    monkeypatch.setenv("COLUMNS", str(columns))
    runner.run(["my_model.py:build"], SETTINGS, output=Path("out"), events=events)
    return capsys.readouterr().out


#: How the lines begin that hold a command to copy.
COMMANDS = ("explain ", "reproduce ", "replay ")

WHOLE = """\
fuzzseq 0.1.0: profile quick, 60 cases per target, seed 0
target my_model.py:build
  note: the loss is the compiled one
finding 1 - my_model.py:build ──────────────────────────────────────────────────
input-vocabulary  An embedding is smaller than its vocabulary
The source embedding has 5 rows for a vocabulary of 6: id 5 lies one row past
its end.
fix          Set Embedding(input_dim=...) to the vocabulary size including
             special tokens, and check that source and target are not swapped.
fails when   max_source_id >= source_vocab_size - 1 (31 probes fail, 15 pass)
passes when  source ids = 3
minimal      verified: all 14 simpler neighbors pass (31 executions)

  dimension          size    row  source  decoder input  labels
  batch_size            2      1  . . 5   1 3            3 2
  source_length         3      2  . 3 4   . 1            . 2
  target_length         2
  source_vocab_size     6    initial state: zeros | padding before the tokens |
  target_vocab_size     5    . is padding (id 0)
  embedding_dim         2
  units                 2

error        InvalidArgumentError: indices[0,0] = 5 is not in [0, 5) [[bold]]...
graph mode   index out of range
symbolic     indices[0,0] = source_vocab_size - 1 is not in [0, 77) (unresolved:
             77)
at           my_model.py:12 in build
             x = Embedding(vocab - 1, dim)(source)  # [bold]
                 ^^^^^^^^^^^^^^^^^^^^^^^^^
stage        encode, embedding (failed checks: accepts, trains)
shapes       model: [batch_size, source_length] -> ERROR
             > embedding: [batch_size, source_length] -> ERROR
evidence     fails iff an id is 5 or more
             the table embedding/embeddings is (5, 2)
confidence   97%
alternative  input-dtype (weaker: no change of a type makes it pass)
explain      fuzzseq explain input-vocabulary
reproduce    python out/input-vocabulary-b5c97d7b.py
replay       fuzzseq replay out/input-vocabulary-b5c97d7b.json

warning: the model was rebuilt 3 times
my_model.py:build: 60 cases, 1 finding, completed, 3.2 s
  checks judged: accepts 60; deterministic 0

summary ────────────────────────────────────────────────────────────────────────
target                     cases  findings  status
my_model.py:build  60 + 1 corpus         1  completed

1  input-vocabulary  An embedding is smaller than its vocabulary
not applicable: loss_encoding (the model has no loss)
skipped: trains (declared: trained elsewhere)
inconclusive: deterministic was never judged on my_model.py:build (blocked by
accepts)

1 finding (1 error); completed; inconclusive: deterministic was never judged on
my_model.py:build (blocked by accepts)
profile quick, seed 0, 4.5 s, tensorflow 2.21.0, keras 3.15.1
Results written to out
"""


def test_whole_run(run_events, crash_finding, capsys, monkeypatch):
    """A piped run prints the start of each target, each finding on a screen of 80 columns, and the end; plain lines."""
    assert printed(run_events(crash_finding, blocked="blocked by accepts"), capsys, monkeypatch) == WHOLE


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_fits_its_width(run_events, crash_finding, leak_finding, capsys, monkeypatch, columns):
    """No line is wider than the terminal, but for the command to copy; and no line ends in blanks."""
    out = printed(run_events(crash_finding, leak_finding), capsys, monkeypatch, columns)
    assert not [line for line in out.splitlines() if len(line) > columns and not line.startswith(COMMANDS)]
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_replay_command_is_never_broken(run_events, crash_finding, capsys, monkeypatch):
    """The command that replays a finding stands on one line however narrow the terminal is."""
    out = printed(run_events(crash_finding), capsys, monkeypatch, columns=30)
    assert f"fuzzseq replay out/{crash_finding.id}.json\n" in out


def test_finding_without_exception(run_events, leak_finding, capsys, monkeypatch):
    """A failure without an exception shows its check, an unverified case says so, and unclassified is counted."""
    out = printed(run_events(leak_finding), capsys, monkeypatch, columns=100)
    assert "warning 1 - my_model.py:build" in out
    assert "error        deterministic: two runs of one case differ by 0.12 at (0, 0, 1) of the output" in out
    assert "minimal      not verified: 3 simpler neighbors tried (9 executions)" in out
    assert "1 finding (1 warning), 1 unclassified; completed" in out


def test_foreign_text_is_never_markup(run_events, crash_finding, capsys, monkeypatch):
    """Text of a model is printed as it is: no markup, no escape sequences, no control characters."""
    wild = attrs.evolve(
        crash_finding,
        exception=attrs.evolve(crash_finding.exception, message="[/red] [link=x]a\x1b[31mb\x1b]0;t\x07c\x08d"),
    )
    out = printed(run_events(wild), capsys, monkeypatch, columns=120)
    assert "InvalidArgumentError: [/red] [link=x]abc?d" in out
    assert "\x1b" not in out


def test_later_finding_replaces(run_events, crash_finding, capsys, monkeypatch):
    """A finding with a known id takes its number and its place; the same one again is not printed twice."""
    smaller = attrs.evolve(crash_finding, minimality=attrs.evolve(crash_finding.minimality, executions=3))
    events = run_events(crash_finding)
    at = next(i for i, event in enumerate(events) if isinstance(event, FindingReported))
    events[at + 1 : at + 1] = [FindingReported(finding=crash_finding), FindingReported(finding=smaller)]
    out = printed(events, capsys, monkeypatch)
    assert out.count("finding 1 - ") == 1
    assert out.count("finding 1, replacing the one above - ") == 1
    assert "1 finding (1 error)" in out


def test_more_failed_checks_are_one_line(run_events, crash_finding, capsys, monkeypatch):
    """Where a finding comes again with more failed checks alone, these are said in a line, and nothing else again."""
    more = attrs.evolve(crash_finding, checks=(*crash_finding.checks, "saves"))
    events = run_events(crash_finding)
    at = next(i for i, event in enumerate(events) if isinstance(event, FindingReported))
    events.insert(at + 1, FindingReported(finding=more))
    out = printed(events, capsys, monkeypatch)
    assert "finding 1 also fails saves\n" in out
    assert out.count("finding 1") == 2


def test_a_finding_prints_as_a_sentence(crash_finding):
    """What Python prints of a finding is short: its cause and why, or its id, target, check and place."""
    assert str(crash_finding) == f"{crash_finding.cause}: {crash_finding.diagnosis.explanation}"
    assert repr(crash_finding).startswith(f"<Finding {crash_finding.id} of my_model.py:build: accepts fails at ")
    assert len(repr([crash_finding])) < 200


def test_unusable_target(run_events, crash_finding, capsys, monkeypatch):
    """A target that cannot be used is named with the reason: a line where errors go at once, and again at the end."""
    monkeypatch.setenv("COLUMNS", "80")
    events = run_events(crash_finding, error="There is no file 'gone.py'.")
    runner.run(["my_model.py:build"], SETTINGS, output=Path("out"), events=events)
    printed_ = capsys.readouterr()
    assert printed_.err == "fuzzseq: gone.py:build: There is no file 'gone.py'.\n"
    assert "unusable target gone.py:build: There is no file 'gone.py'." in printed_.out


def test_no_findings(run_events, capsys, monkeypatch):
    """A clean run says so, and how much was tried."""
    assert "no findings in 60 cases; completed" in printed(run_events(), capsys, monkeypatch)


class Screen(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self):
        """Return True."""
        return True


def test_live_line(run_events, crash_finding):
    """On a terminal one line shows target, phase, cases and findings; a command to copy is not broken there."""
    screen, record = Screen(), RunState()
    console = Console(file=screen, force_terminal=True, width=62, highlight=False, markup=False, legacy_windows=False)
    folder = Folder(Path("a folder with quite a long name"))
    fan = Dispatcher(record, [FindingFiles(record, folder), terminal := Terminal(record, folder, console)])
    for event in run_events(crash_finding):
        terminal._last = 0.0  # as if a while had passed
        fan.on_event(event)
    assert "my_model.py:build  boundary 3/60 cases  0 findings" in screen.getvalue()
    assert "shrinking a failure of accepts" in screen.getvalue()
    assert f"fuzzseq replay 'a folder with quite a long name/{crash_finding.id}.json'" in screen.getvalue()


def shown(finding, spec, width=80):
    """Return a finding as text."""
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    for part in finding_view(finding, spec, console, number=1, replay=Path("x.json")):
        console.print(part)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize(
    ("kind", "head", "row"),
    [
        ("encoder", "row  source", "  1  5 6"),
        ("decoder", "row  decoder input  labels", "  1  1 3            3 2"),
        ("many_to_many", "row  source  labels", "  1  5 6     3 3"),
    ],
)
def test_rows_by_kind(crash_finding, kind, head, row):
    """A model's rows show what it reads and what it is scored against, and nothing that it does not have."""
    case = Case(dimensions={"units": 2}, batches=(Batch(pairs=(Pair((5, 6), (3,)),)),))
    text = shown(attrs.evolve(crash_finding, case=case), Spec(contract=Contract(kind=kind)))
    lines = text.splitlines()
    assert any(line.endswith(f"size    {head}") for line in lines)
    assert any(line.endswith(f"    {row}") for line in lines)


def test_death_of_a_worker(crash_finding):
    """A worker that died is shown with its signal, and with the last that it printed."""
    died = Raised(stage="forward", exception="SIGABRT", message="", ending="crashed", output="first\na\nb\nfree()\n")
    text = shown(attrs.evolve(crash_finding, exception=died, exceptions={}), Spec())
    assert "error        SIGABRT\n" in text
    assert "output       a b free()" in text


def test_two_batches_and_many_rows(crash_finding):
    """Rows of several batches are told apart, and those beyond a screen are counted."""
    batches = (Batch(pairs=(Pair((3,), ()),) * 7), Batch(pairs=(Pair((4,), ()),) * 4))
    text = shown(attrs.evolve(crash_finding, case=attrs.evolve(crash_finding.case, batches=batches)), Spec())
    assert "1/7  3" in text
    assert "2/1  4" in text
    assert "2/2" not in text
    assert "and 3 more rows" in text


def test_finding_fits_a_screen(crash_finding):
    """A finding that says everything that one can say takes no more than 36 lines of 80 columns."""
    assert len(shown(crash_finding, Spec()).splitlines()) <= 36


def test_file_is_named_from_here(crash_finding):
    """A line of a file below the current folder is named from there, as editors and people do; another by two parts."""
    for file, name in (
        (str(Path.cwd() / "sub/my_model.py"), "sub/my_model.py"),
        ("/somewhere/elsewhere/m.py", ".../elsewhere/m.py"),
    ):
        frame = attrs.evolve(crash_finding.location, file=file)
        assert f"at           {name}:12 in build" in shown(
            fit(attrs.evolve(crash_finding, location=frame)), Spec(), width=200
        )


def test_not_written(crash_finding):
    """A finding whose file could not be written says so in place of a command that would fail."""
    console = Console(file=io.StringIO(), width=80)
    for part in finding_view(crash_finding, Spec(), console, number=1, replay=None):
        console.print(part)
    assert "its file could not be written" in console.file.getvalue()


def test_target_that_never_finished(run_events, crash_finding, capsys, monkeypatch):
    """A target that was loaded and not finished stands in the summary as stopped, with the cases that were tried."""
    events = [e for e in run_events(crash_finding, stop="interrupted") if not isinstance(e, TargetFinished)]
    said = printed(events, capsys, monkeypatch)
    assert "my_model.py:build     60         1  interrupted" in said
    assert "Resume with: fuzzseq run --resume out" in said


def test_target_report_is_named(run_events, capsys, monkeypatch):
    """With several targets, what was not checked says on which."""
    events = run_events()
    other = TargetReport(name="other.py:build", spec=None, cases=3)
    events.insert(-1, TargetFinished(report=other))
    assert "skipped on my_model.py:build: trains" in printed(events, capsys, monkeypatch)
