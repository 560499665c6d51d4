"""The command line, through its front door: misuse is one sentence and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fuzzseq.causes.catalog import CAUSES, GROUPS, cause_named, page_of
from fuzzseq.checks.registry import CHECKS
from fuzzseq.cli import main
from fuzzseq.profiles import PROFILES
from fuzzseq.targets.dimensions import KNOWN


@pytest.fixture
def fuzzseq(tmp_path, monkeypatch):
    """Return what runs a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(main, list(arguments), prog_name="fuzzseq")

    return run


MISUSE = [
    (
        ["rnu"],
        "There is no command 'rnu'. Did you mean 'run'? Commands: baseline, explain, init,",
    ),
    (["my.py:build"], "There is no command 'my.py:build'; to fuzz it, run: fuzzseq run my.py:build"),
    (["list", "cheks"], "There is no command 'cheks'. Did you mean 'checks'?"),
    (["run", "--max-case", "3"], "No such option '--max-case'. (Did you mean one of: '--max-cases', '--maxfail'?)"),
    (["run", "a.py", "--max-cases", "0"], "--max-cases: must be a positive integer, got '0'."),
    (["run", "a.py", "--seed", "x"], "--seed: must be a non-negative integer, got 'x'."),
    (["run", "a.py", "--budget", "soon"], "--budget: invalid duration 'soon': write it like '90s', '2m' or '1h30m'."),
    (["run", "a.py", "--memory", "much"], "--memory: invalid size 'much': write it like '4GiB' or '512MiB'."),
    (["run", "a.py", "--profile", "quik"], "There is no profile 'quik'. Did you mean 'quick'?"),
    (["run", "a.py", "--check", "trian"], "There is no check 'trian'. Did you mean 'trains'?"),
    (["run", "a.py", "--skip", "finit"], "There is no check 'finit'. Did you mean 'finite'?"),
    (["run", "a.py", "--check", "trains", "--skip", "trains"], "No check is left to run"),
    (["run", "a.py", "--report", "jsn"], "There is no report format 'jsn'. Did you mean 'json'?"),
    (["run", "a.py", "--device", "tpu"], "'tpu' is not one of 'cpu', 'gpu'."),
    (["run", "a.py", "--corpus", "x", "--no-corpus"], "--corpus and --no-corpus are mutually exclusive."),
    (["run", "a.py", "--output", "taken"], "The output folder taken cannot be written: a file is in its place."),
    (["run"], "No target given: name one, e.g. 'fuzzseq run my_model.py:build'"),
    (["replay"], "Missing argument 'FILE...'."),
    (["explain", "state-unit"], "There is no cause 'state-unit'. Did you mean 'state-units'?"),
]


@pytest.mark.parametrize(("arguments", "sentence"), MISUSE, ids=[" ".join(arguments) for arguments, _ in MISUSE])
def test_misuse(fuzzseq, arguments, sentence):
    """Misuse is one line that says what is expected, with the nearest name, exit code 2, and no traceback."""
    Path("taken").write_text("")
    result = fuzzseq(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.startswith("fuzzseq: ")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in Path().iterdir()] == ["taken"]


def test_no_command_shows_help(fuzzseq):
    """Without a command the help is shown, and that is no success."""
    result = fuzzseq()
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: fuzzseq")


def test_help_and_version(fuzzseq):
    """Help and version are answered with success."""
    assert fuzzseq("--version").output == "fuzzseq 0.1.0\n"
    for arguments in (["--help"], ["run", "--help"], ["replay", "-h"], ["list", "--help"], ["explain", "--help"]):
        result = fuzzseq(*arguments)
        assert (result.exit_code, result.output.startswith("Usage: fuzzseq")) == (0, True)
        assert "\\b" not in result.output


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("checks", [check.name for check in CHECKS]),
        ("causes", [cause.slug for cause in CAUSES]),
        ("dimensions", list(KNOWN)),
        ("profiles", [profile.name for profile in PROFILES]),
    ],
)
def test_list_is_one_a_line_when_piped(fuzzseq, what, names):
    """A piped list has one name at the beginning of each line, and nothing else before or after."""
    lines = fuzzseq("list", what).output.splitlines()
    assert [line.split()[0] for line in lines] == names
    assert not [line for line in lines if line != line.rstrip()]


def test_list_dimensions_tells_ranges_and_aliases(fuzzseq):
    """A dimension is listed with its range, and with the other names that factories use for it."""
    (units,) = (line for line in fuzzseq("list", "dimensions").output.splitlines() if line.startswith("units "))
    assert "2 to 16" in units
    assert "d_model, model_dim, latent_dim" in units


def test_explain(fuzzseq):
    """A cause is explained by a page, whole and in Markdown where no terminal is; without one, all are listed."""
    page = fuzzseq("explain", "state-units").output
    assert page.startswith("# state-units: An initial state has the wrong width\n")
    assert "Build encoder and decoder from the same units" in page
    assert page.rstrip().endswith(page_of(cause_named("state-units")).rstrip())
    everything = fuzzseq("explain").output
    assert all(f"  {cause.slug} " in everything for cause in CAUSES)
    assert all(f"{group}: " in everything for group in GROUPS)


def loaded(*arguments):
    """Return the modules that a command loads, in a process of its own."""
    program = (
        "import sys\nfrom fuzzseq.cli import main\n"
        f"try: main({list(arguments)!r}, prog_name='fuzzseq')\nexcept SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    return set(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr.split()
    )


HEAVY = {"attr", "attrs", "cattrs", "hypothesis", "keras", "numpy", "rich", "tensorflow", "tf_keras"}


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], ["list", "--help"]], ids=str)
def test_help_loads_nothing_heavy(arguments):
    """Help answers at once: nothing but click is loaded for it."""
    assert not loaded(*arguments) & HEAVY


@pytest.mark.parametrize("arguments", [["list", "checks"], ["explain"], ["replay", "gone.json"]], ids=str)
def test_no_command_loads_tensorflow(arguments):
    """The controller never loads TensorFlow or Keras."""
    assert not loaded(*arguments) & {"keras", "tensorflow", "tf_keras"}


def test_a_run_tells_what_it_does_before_anything_slow_is_loaded(tmp_path):
    """When the first line of a run is there, neither Hypothesis nor numpy has been waited for."""
    program = (
        "import sys\nsys.modules['fuzzseq.engine.campaign'] = None  # the run ends where it would begin\n"
        "from fuzzseq.cli import main\n"
        "try: main(['run', 'fuzzseq.examples.padding', '--no-corpus'], prog_name='fuzzseq')\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.stdout.startswith("fuzzseq 0.1.0: profile quick, ")
    assert not {"hypothesis", "numpy", "tensorflow", "keras"} & set(ended.stderr.splitlines()[-1].split())


def test_reporters_load_no_tensorflow():
    """Neither do the reporters and the wiring of a run."""
    program = (
        "import sys, fuzzseq.runner, fuzzseq.reporting.terminal, fuzzseq.reporting.json_report\n"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_internal_error_is_told_in_one_line(fuzzseq, monkeypatch):
    """An error of fuzzseq itself is a line that names the file with the traceback, and exit code 3."""
    monkeypatch.setattr("fuzzseq.cli.listing.show", lambda *_: 1 / 0)
    result = fuzzseq("list", "profiles")
    assert result.exit_code == 3
    assert result.stderr.startswith("fuzzseq: internal error (a bug in fuzzseq, not in your model): ZeroDivisionError")
    trace = Path(result.stderr.split("the traceback is in ")[1].strip())
    assert "ZeroDivisionError" in trace.read_text()
    trace.unlink()


def test_output_that_cannot_show_everything():
    """Where the terminal's encoding lacks a sign, a question mark stands for it, and the command goes on."""
    program = (
        "import click\nfrom fuzzseq.cli import main\n"
        "main.add_command(click.Command('x', callback=lambda: print('\\u2500')))\nmain(['x'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii", "PATH": ""}
    )
    assert (result.returncode, result.stdout) == (0, b"?\n")


def test_closed_pipe():
    """A reader who leaves early gets no traceback."""
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m fuzzseq list dimensions | true"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
