"""Every code block of README.md is run.

- ``python``: begins with the name of its file, and is written there, all of them into one folder. Test files are run by
  pytest, every other one is fuzzed.
- ``toml``: likewise a file, and read as fuzzseq reads it.
- ``console``: commands behind ``$``, run in that folder one after the other, each with the output expected of it.
  A line ``...`` stands for any lines, and ``...`` at the end of a line for its rest; times and folders named after
  times are not compared.
- ``bash``: the two commands that set everything up. ``.ci/run`` calls the second, and a slow test the first.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def of(language: str) -> list[str]:
    """Return the blocks in one language."""
    return [body for name, body in BLOCKS if name == language]


def file_name(body: str) -> str:
    """Return the name in the first line of a block that is a file."""
    match = re.match(r"# (\S+)\n", body)
    assert match, f"a block does not begin with the name of its file:\n{body}"
    return match[1]


FILES = {file_name(body): body for body in (*of("python"), *of("toml"))}
COMMANDS = [
    (command.strip(), output)
    for body in of("console")
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE)
]
#: How the files are named as fuzz targets; the first model of the README fails on purpose, and one file holds a check.
TARGETS = [
    f"{name}:build" if "\ndef build(" in body else name
    for name, body in FILES.items()
    if name.endswith(".py") and not name.startswith("test_") and name not in ("my_model.py", "my_checks.py")
]


OURS = {"PYTEST_ADDOPTS": "-p no:randomly -p no:timeout"}


def environment() -> dict[str, str]:
    """Return the environment of a user with 100 columns and no colors, who has activated this Python's environment.

    The plugins that our own tests have beside pytest are not theirs.
    """
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "FORCE_COLOR"))}
    return {**kept, "PATH": path, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", **OURS}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one command line in a folder, with nothing to read."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def normalized(text: str) -> list[str]:
    """Return lines without what differs from run to run: times, folders named after them, and runs of blanks."""
    text = re.sub(r"reports/\d[\w.:+-]*", "reports/<time>", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d( \d\d:\d\d)?\b", "<date>", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(ms|s|min)\b", "<seconds>", text)
    text = re.sub(r"\b(\d+m)?\d+(\.\d+)?s\b", "<seconds>", text)
    return [re.sub(r"\s+", " ", line).strip() for line in text.strip().splitlines()]


def pattern(line: str) -> str:
    """Return the expression for a line of a console block."""
    if line == "...":
        return r"(?:.*\n)*"
    return re.escape(line[:-3]) + r".+\n" if line.endswith(" ...") else re.escape(line) + r"\n"


def compared(expected: str, output: str) -> None:
    """Compare an output with the expected one, in which three dots stand for any lines or for the rest of a line."""
    lines = [pattern(line) for line in normalized(expected)]
    seen = "\n".join(normalized(output)) + "\n"
    assert re.fullmatch("".join(lines), seen), f"README shows\n{expected}\nand the command gives\n{output}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the README's files in it."""
    made = tmp_path_factory.mktemp("readme")
    for name, body in FILES.items():
        if name != "pyproject.toml":
            (made / name).write_text(body, encoding="utf-8")
    return made


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """There is no block that nothing runs, and no two files of one name."""
    assert {name for name, _ in BLOCKS} <= {"bash", "console", "python", "toml"}
    assert len(FILES) == len(of("python")) + len(of("toml"))
    assert all(body.lstrip().startswith("$ ") for body in of("console"))
    assert COMMANDS
    assert TARGETS


def test_the_first_things_come_first() -> None:
    """The README begins with one failing model, one command, and its report."""
    assert [name for name, _ in BLOCKS[:2]] == ["python", "console"]
    assert file_name(BLOCKS[0][1]) == "my_model.py"
    assert COMMANDS[0][0] == "fuzzseq run my_model.py:build"


@pytest.fixture(scope="module")
def answers(folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """Run every command of the console blocks, in the README's order."""
    return [run(command, folder) for command, _ in COMMANDS]


@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=[command for command, _ in COMMANDS])
def test_the_console_blocks_do_as_shown(answers: list[subprocess.CompletedProcess[str]], number: int) -> None:
    """Each command gives the output that stands below it, and none ends in misuse or an internal error."""
    done = answers[number]
    assert done.returncode in (0, 1), done.stdout + done.stderr
    compared(COMMANDS[number][1], done.stdout)


def test_the_first_model_is_found_wrong(answers: list[subprocess.CompletedProcess[str]], folder: Path) -> None:
    """The model that the README begins with gives exactly one finding, of the cause that its text hints at."""
    assert answers[0].returncode == 1, answers[0].stdout + answers[0].stderr
    findings = sorted(path.stem for path in folder.glob("reports/*/*.py"))
    assert len(findings) == 1, findings
    assert findings[0].startswith("decoder-length-assumption-")


@pytest.mark.parametrize("name", [name for name, body in FILES.items() if "\ndef test_" in body])
def test_its_tests_pass(folder: Path, name: str) -> None:
    """The tests that the README shows can be run as they stand."""
    done = run(f"{sys.executable} -m pytest -q -p no:cacheprovider {name}", folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_its_models_are_healthy(folder: Path) -> None:
    """Every kind of model that the README declares is understood, and is found to keep its promises."""
    own = "--custom-check my_checks.py:scores_are_moderate"
    done = run(f"fuzzseq run --max-cases 12 --no-corpus --output healthy {own} {' '.join(TARGETS)}", folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".toml")])
def test_its_settings_are_read(folder: Path, tmp_path: Path, name: str) -> None:
    """The keys of ``[tool.fuzzseq]`` that the README shows are known, and its targets are files that it shows."""
    from fuzzseq.settings.configuration import configured

    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    read = configured(tmp_path)
    assert read["targets"]
    for target in read["targets"]:
        assert (folder / Path(target.split(":")[0]).name).exists(), target


def test_two_commands_set_everything_up(root: Path) -> None:
    """There are two set-up commands of one line each, and .ci/run takes the second from here."""
    first, second = of("bash")
    assert first.count("\n") == second.count("\n") == 1
    assert "fuzzseq run " in first
    assert second.rstrip().endswith(".venv/bin/pytest")
    script = (root / ".ci" / "run").read_text(encoding="utf-8")
    program = re.search(r"command=\$\((awk .*)\)$", script, re.MULTILINE)
    assert program
    done = run(program[1], root)
    assert done.stdout.strip() == second.strip()


@pytest.mark.slow
def test_the_first_command_runs_the_main_job(root: Path, tmp_path: Path) -> None:
    """On a copy of the tree with nothing installed, the first command installs fuzzseq and fuzzes the examples."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info", "reports")
    tree = Path(shutil.copytree(root, tmp_path / "tree", ignore=ignored))
    done = run(of("bash")[0].strip(), tree)
    assert done.returncode == 1, done.stdout + done.stderr
    (report,) = tree.glob("reports/*/report.json")
    assert report.stat().st_size > 0
