"""Foreign text as it leaves: what is taken out of it, what is left, and what each sink makes of it."""

from __future__ import annotations

import os
import re
import shlex
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzzseq.cli.front import Front
from fuzzseq.errors import UsageError
from fuzzseq.protocol.outcome import Raised, Verdict
from fuzzseq.reporting import markdown_escape
from fuzzseq.sanitize import clean, command, inert, masked, one_line, outgoing, printed, shortened
from fuzzseq.shown_paths import named_again, shown, shown_name
from fuzzseq.signatures import signature
from tests.reporters.test_leaving import NASTY_TEXTS

ROOT = Path(__file__).resolve().parents[2]
#: What a password may be made of that stands in a URL.
# Not such as begin with a port and the end of a host, or as a URL goes on: by its grammar, that is no password.
PASSWORDS = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "!$%&*()-_=+;:'\"/?#~.,"), min_size=6
).filter(lambda password: not re.match(r"//|\d{1,5}[/?#]", password))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Work in a project in a home folder, both with blanks in their names; return that home."""
    home = tmp_path / "of nobody"
    (home / "my project" / ".git").mkdir(parents=True)
    (home / "my project" / "sub").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "my project" / "sub")
    return home


@given(NASTY_TEXTS)
@example("/home/me/x/~/")
@example("../%0A/../")
def test_what_is_left_can_be_shown(text):
    """All that is left of a text is printable or ends a line, and doing it again changes nothing."""
    once = outgoing(text)
    assert all(c.isprintable() or c == "\n" for c in once)
    assert outgoing(once) == once
    assert "\n" not in one_line(text)
    assert one_line(one_line(text)) == one_line(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[1;31mred\x1b[0m \x9b4mline\x9b0m", "red line"),
        ("\x1b]8;;http://evil.test\x1b\\here\x1b]8;;\x1b\\ \x9d0;title\x9c.", "here ."),
        ("\x1bP1$r\x1b\\ \x1b(B\x1bc \x1b[2J", "  "),
        ("a\u202eb\u2066c\u200fd\u061ce\u200bf\ufeffg\U000e0041h", "a?b?c?d?e?f?g?h"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\x00g\ud800h\ufffei", "a?b?c?d?e?f?g?h?i"),
        ("a\u00a0b\u3000c\td\r\ne\rf", "a b c   d\ne?f"),
        ("größe, 語, \U0001f642", "größe, 語, \U0001f642"),
    ],
)
def test_clean(text, left):
    """Sequences go, of 8 bits too, with what they say; what cannot be seen is a question mark; words are left."""
    assert clean(text) == left


@given(PASSWORDS, st.sampled_from(("redis", "rediss", "https", "postgresql+psycopg")), st.sampled_from(("", "user")))
def test_no_password_of_a_url(password, scheme, user):
    """A password in a URL is masked, whatever it is made of, alone and among others; the host is left."""
    for text in (
        f"{scheme}://{user}:{password}@host:6379/0",
        str(Path(f"{scheme}://{user}:{password}@host:6379/0")),
        f"cannot reach '{scheme}://{user}:{password}@host:6379/0': refused",
        f"a,{scheme}://h:1/0,{scheme}://{user}:{password}@host:6379/0",
        f"{scheme}://{user}:{password}@host:6379/0: the password {password} is wrong",
    ):
        assert password not in masked(text)
        assert "@host:6379/0" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://host/data?token=hunter2&a=b",
        "https://bucket.s3.test/x?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2&X-Amz-Security-Token=hunter2#a",
        "https://host/?api_key=hunter2;sig=hunter2",
        "github://hunter2@owner/repository/artifact",
        'connect(host="a", password="hunter2")',
        "{'API_KEY': 'hunter2', 'a': 1}",
        "os.environ['SECRET_KEY'] = 'hunter2'",
        "DB_PASSWORD=hunter2 python m.py",
        "Authorization: Bearer hunter2.hunter2",
        "the token is ghp_hunter2hunter2hunter2hunter2",
        "AKIAHUNTER2HUNTER2",
        "sent what-the-variable-holds to it",
    ],
)
def test_no_other_secret(text, monkeypatch):
    """Secrets are masked in queries, assignments and headers, by their form, and where the environment holds them."""
    monkeypatch.setenv("MY_SERVICE_TOKEN", "what-the-variable-holds")
    left = masked(text)
    assert "***" in left
    assert "hunter2" not in left.lower()
    assert "what-the-variable-holds" not in left


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/owner/repo@v1 redis://HOST:PORT/NUMBER redis://localhost:6379/0",
        "start_token=1, pad_token: 0, key=2, input_signature=[TensorSpec(shape=(None,))]",
        "/job:localhost/replica:0/task:0/device:CPU:0 encoder/lstm_1/cell a/b and/or 1/2/3 (x)/y/z",
        "expected axis -1 of input shape to have value 4, but received input with shape (2, 3)",
        "std::vector<int> :: mail me@example.com ~ ../x a//b http://host/a/b/c?page=2",
    ],
)
def test_what_is_no_secret_is_left(text):
    """What messages of models are full of stays as it is."""
    assert outgoing(text) == text


def test_no_folder_above_the_project(home):
    """A path in the project is relative to the current folder, and another is told by two parts, wherever it stands."""
    here = home / "my project" / "sub"
    for text, left in (
        (f"No such file: '{here}/a b/x.txt'", "No such file: 'a b/x.txt'"),
        (f'  File "{home}/my project/other/m.py", line 3, in f', '  File "../other/m.py", line 3, in f'),
        (f"at {here}/m.py:12 and {home}/a/b/c.h5", "at m.py:12 and .../b/c.h5"),
        (f"PYTHONPATH={here}:{home}/x.py:/opt/a/b/c", "PYTHONPATH=.:~/x.py:.../b/c"),
        (f"-I{here}/inc file://{here}/x.html {home}", "-I./inc file://x.html ~"),
        ("/home/bob/x.py /Users/ann/a/b/c /usr/lib/python3/os.py", "~/x.py .../b/c .../python3/os.py"),
        ("'/mnt/my disk/a b/c d.txt' is gone", "'.../a b/c d.txt' is gone"),
        ("in ../../../of/nobody/at/all/m.py", "in .../all/m.py"),
    ):
        assert outgoing(text) == left
        assert outgoing(left) == left


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), min_size=1, max_size=5), NASTY_TEXTS)
def test_no_name_of_a_folder_above(home, parts, around):
    """Whatever a path and the text around it are, the folders that the project is in are not named."""
    for folder in (home, home / "my project", home / "my project" / "sub"):
        path = f"{folder}/{'/'.join(parts)}"
        for text in (path, f"{around} {path}", f"'{path}' {around}", f"x{path}"):
            assert "of nobody" not in outgoing(text)
        assert "of nobody" not in one_line(shown_name(f"{path}:build"))


def test_names_lead_to_their_files(home):
    """A file of the project is found again by the name that it is shown by; a link to the project leads there too."""
    here, link = home / "my project" / "sub", home / "link"
    for file in (here / "m.py", here.parent / "m.py"):
        file.write_text("")
        assert Path(shown(str(file))).samefile(file)
        assert named_again(shown_name(f"{file}:build")) == f"{file}:build"
    link.symlink_to(here)
    os.environ["PWD"] = str(link)
    assert shown(str(link / "m.py")) == "m.py"


def test_a_deleted_folder(tmp_path, monkeypatch):
    """Where the current folder is gone, paths are told by two parts."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert outgoing(f"{tmp_path}/gone/m.py") == ".../gone/m.py"


@given(NASTY_TEXTS)
def test_no_line_is_a_command(text):
    """No build server finds a command in what is printed, wherever a line is broken; the words are left."""
    for line in printed(text).splitlines():
        assert not re.match(r"\s*::", line)
        assert not re.search(r"##(\w+ *)?\[", line)
    assert inert("\x1b[1m::error::x") == "\x1b[1m: :error::x"
    assert inert(inert(text)) == inert(text)


@given(NASTY_TEXTS)
def test_a_command_is_one_word_for_each_file(text):
    """A shell reads the name of a file as one word, that is no option, and runs nothing in it."""
    start, verb, *names = shlex.split(command("fuzzseq replay", text))
    assert (start, verb, len(names)) == ("fuzzseq", "replay", 1)
    assert not names[0].startswith("-")
    assert "\n" not in names[0]


@given(NASTY_TEXTS)
def test_markdown_is_text(text):
    """In Markdown nothing of a foreign text is a tag, a link, a mention, or a line of its own."""
    prose = markdown_escape.prose(text)
    assert "\n" not in prose
    assert not re.search(r"(?<!\\)[<\[`|]", prose.replace("@<!-- -->", ""))
    code = markdown_escape.code(text)
    assert not code or re.fullmatch(r"(`+)(?!`)(.*?)(?<!`)\1", code)
    mark = re.match("`+", markdown_escape.fenced(text))[0]
    assert markdown_escape.fenced(text).count(f"\n{mark}") == 1


def test_errors_and_keys_are_masked_where_they_are_made():
    """An error for a user and the key of a failure hold no secret and no control, and the key is as it is in a log."""
    error = UsageError("cannot be kept at redis://:hunter2@host:1/0\x1b[31m")
    assert str(error) == "cannot be kept at redis://***@host:1/0"
    long = f"{'x' * 130} redis://:{'hunter2' * 9}@host/0"
    raised = Raised(stage="build", exception="E\x1b", message=long)
    key = signature(Verdict(check="builds", status="raised", raised=raised))
    assert "hunter2" not in key
    assert one_line(key) == key


def test_the_command_line_has_one_door():
    """Whatever the command line prints goes through one function, which leaves nothing in it that is read as more."""
    for file in (ROOT / "fuzzseq" / "cli").glob("*.py"):
        if file.name != "printing.py":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"(?:\bclick\.s?echo|(?<![.\w])print|\bsys\.std(?:out|err)\.write)\(", text), file


def test_misuse_is_printed_plain(capsys, tmp_path, monkeypatch):
    """What a user typed comes back without sequences, commands and passwords, and is still known again."""
    from fuzzseq.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["replay", "a\n::error::b\x1b[31m redis://:hunter2@h/0"])
    assert ended.value.code == 2
    said = "".join(capsys.readouterr())
    assert "hunter2" not in said
    assert "\x1b" not in said
    assert "\n: :error::b" in said
    assert isinstance(main, Front)


def test_shortened_is_one_line():
    """A paragraph that is too long ends in dots."""
    assert shortened("a\nb  c\x1b[0m" + "d" * 50, 10) == "a b cdd..."
