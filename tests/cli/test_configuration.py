from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fuzzseq.errors import ConfigurationError, UsageError
from fuzzseq.runner import settings_of
from fuzzseq.settings.configuration import configured, given_by
from fuzzseq.settings.kinds import duration, memory_size


def said(folder, text, start=None):
    """Return what a pyproject.toml with one section says."""
    (folder / "pyproject.toml").write_text(f"[tool.fuzzseq]\n{text}\n")
    return configured(start or folder)


def test_every_key(tmp_path):
    """Every key is read; times and sizes are numbers or their text."""
    text = """
    targets = ["a.py:build"]
    profile = "ci"
    max_cases = 7
    budget = "2m"
    seed = 3
    checks = ["accepts"]
    skip = "trains"
    report = ["json"]
    output = "out"
    corpus = "kept"
    case_timeout = 5
    memory = "1GiB"
    in_process = true
    device = "gpu"
    """
    assert said(tmp_path, text) == {
        "targets": ("a.py:build",),
        "profile": "ci",
        "max_cases": 7,
        "budget": 120.0,
        "seed": 3,
        "checks": ("accepts",),
        "skip": ("trains",),
        "report": ("json",),
        "output": "out",
        "corpus": "kept",
        "case_timeout": 5.0,
        "memory": 1024**3,
        "in_process": True,
        "device": "gpu",
    }


def test_nearest_file_upward(tmp_path):
    """The nearest pyproject.toml upward counts, and its paths are meant from its own folder."""
    below = tmp_path / "deep" / "er"
    below.mkdir(parents=True)
    found = said(tmp_path, 'targets = ["a.py:build", "b.py", "package.module:f"]\noutput = "out"', start=below)
    assert found["targets"] == ("../../a.py:build", "../../b.py", "package.module:f")
    assert found["output"] == "../../out"


def test_silent_files_say_nothing(tmp_path):
    """A pyproject.toml without the section, or none at all, says nothing."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert configured(tmp_path) == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_case = 3", "[tool.fuzzseq] has no key 'max_case'. Did you mean 'max_cases'? Keys: targets, profile"),
        ('max_cases = "3"', "[tool.fuzzseq] max_cases = '3': must be a positive integer, e.g. 400."),
        ("max_cases = 0", "[tool.fuzzseq] max_cases = 0: must be a positive integer, e.g. 400."),
        ("seed = true", "[tool.fuzzseq] seed = True: must be a non-negative integer, e.g. 7."),
        ("targets = [1]", "[tool.fuzzseq] targets = [1]: must be a list of targets"),
        ("in_process = 1", "[tool.fuzzseq] in_process = 1: must be true or false."),
        (
            'budget = "soon"',
            "[tool.fuzzseq] budget = 'soon': invalid duration 'soon': write it like '90s', '2m' or '1h30m'.",
        ),
        ('device = "tpu"', '[tool.fuzzseq] device = \'tpu\': must be "cpu" or "gpu".'),
        ("seed = ", "is not valid TOML: Invalid value (at line 2, column 8). Fix that line."),
    ],
)
def test_bad_key(tmp_path, text, sentence):
    """A key that is unknown or of the wrong kind, and TOML that is broken, is one sentence that names the file."""
    with pytest.raises(ConfigurationError) as caught:
        said(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "pyproject.toml"))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"max_case": None}, "fuzz has no setting 'max_case'. Did you mean 'max_cases'? Settings: profile, max_cases"),
        ({"max_cases": np.int64(0)}, "must be a positive integer, e.g. 400."),
        ({"budget": True}, 'fuzz(budget=True): must be a duration, e.g. "2m".'),
        ({"device": []}, 'fuzz(device=[]): must be "cpu" or "gpu".'),
    ],
)
def test_bad_keyword(settings, sentence):
    """A keyword that there is none of, or a value of the wrong kind, is one sentence that names both."""
    with pytest.raises(UsageError) as caught:
        given_by("fuzz", settings)
    assert sentence in str(caught.value)


def test_good_keywords(tmp_path):
    """Numbers of numpy and paths are taken, and what is None or an empty tuple is not given."""
    given = given_by("fuzz", {"max_cases": np.int64(3), "output": tmp_path, "seed": None, "checks": (), "workers": "2"})
    assert given == {"max_cases": 3, "output": str(tmp_path), "workers": 2}


def test_section_that_is_no_table(tmp_path):
    """A value in the place of the section is one sentence."""
    (tmp_path / "pyproject.toml").write_text("tool.fuzzseq = 3\n")
    with pytest.raises(ConfigurationError, match=r"start it with the line \[tool.fuzzseq\]"):
        configured(tmp_path)


def test_file_that_is_no_text(tmp_path):
    """A file that cannot be read as text is one sentence."""
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        configured(tmp_path)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("2m", 120), ("1h30m", 5400), ("1.5", 1.5), ("1h1s", 3601)])
def test_duration(text, seconds):
    """A time is hours, minutes and seconds, or a number of seconds."""
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "0s", "1d", "m2", "2m1h"])
def test_no_duration(text):
    """Whatever else is answered in one sentence."""
    with pytest.raises(UsageError):
        duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("4GiB", 4 * 1024**3), ("512M", 512 * 1024**2), ("1.5g", 3 * 1024**3 // 2), ("2097152", 2**21)]
)
def test_memory(text, size):
    """Memory is counted in units of 1024, however they are written."""
    assert memory_size(text) == size


def test_precedence():
    """An option counts more than the file, and the file more than the profile."""
    file = {"profile": "ci", "max_cases": 7, "seed": 3, "in_process": True, "checks": ("trains",)}
    settings = settings_of({**file, "seed": 4})
    assert settings.checks == ("trains",)
    assert (settings.profile, settings.max_cases, settings.seed, settings.in_process) == ("ci", 7, 4, True)
    assert settings_of({}).max_cases == 60


def test_profiles():
    """Quick and ci are derandomized; nightly draws another seed each time, for half an hour."""
    for name, cases in (("quick", 60), ("ci", 400)):
        settings = settings_of({"profile": name})
        assert (settings.max_cases, settings.seed, settings.budget) == (cases, 0, None)
    nights = [settings_of({"profile": "nightly"}) for _ in range(5)]
    assert len({night.seed for night in nights}) > 1
    assert {(night.max_cases, night.budget) for night in nights} == {(5000, 1800.0)}
    assert settings_of({"profile": "nightly", "seed": 5}).seed == 5


def test_checks():
    """Checks are those asked for, in the order of reports; those skipped stand apart, and something has to be left."""
    assert settings_of({}).checks == ()
    assert settings_of({"checks": ("trains", "accepts")}).checks == ("accepts", "trains")
    settings = settings_of({"skip": ("trains",)})
    assert (settings.checks, settings.skip) == ((), ("trains",))
    with pytest.raises(UsageError, match="No check is left"):
        settings_of({"checks": ("trains",), "skip": ("trains",)})


def test_home_is_not_read_twice(tmp_path, monkeypatch):
    """In the folder of the file itself, paths stand as they were written."""
    monkeypatch.chdir(tmp_path)
    assert said(Path(), 'targets = ["a.py:build"]')["targets"] == ("a.py:build",)
