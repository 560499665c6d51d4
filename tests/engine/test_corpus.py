"""Where failed cases are kept: every place holds what it is given, and several places are one."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import fakeredis
import pytest
import redis
from hypothesis.database import GitHubArtifactDatabase, InMemoryExampleDatabase

from fuzzseq.cases.case import Batch, Case, Pair
from fuzzseq.engine.corpus import Corpus
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.errors import UsageError
from fuzzseq.protocol.serialization import to_data
from fuzzseq.targets.decode_call import DecodeCall
from fuzzseq.targets.dimensions import dim
from fuzzseq.targets.input_forms import InputForms
from fuzzseq.targets.part_calls import PartCall
from fuzzseq.targets.series import Series
from fuzzseq.targets.spec import Spec
from fuzzseq.targets.tokens import Tokens
from fuzzseq.targets.training_batch import TrainingBatch
from tests.specs import with_fields

CASE = Case(dimensions={"units": 2}, batches=(Batch(pairs=(Pair((3,), (3,)),)),))
OTHER = Case(dimensions={"units": 3}, batches=(Batch(pairs=(Pair((3,), (3,)),)),))


#: Other values of the fields of a Spec that hold classes; for the others any text will do.
OF_CLASSES = {
    "dimensions": {"units": dim(3)},
    "parameters": (),
    "inputs": (),
    "tokens": Tokens(pad=3),
    "encoder": PartCall(roles=()),
    "decoder": PartCall(roles=()),
    "series": Series(pad=1.0),
    "forms": InputForms(one_hot=("source",)),
    "decode_call": DecodeCall(method=True),
    "batch": TrainingBatch(function="steps.py:batch"),
}


def known(places: str, **declared: object) -> Corpus:
    """Return the corpus of a target."""
    return Corpus(database_at(places), "my_model.py:build", with_fields(Spec(), **declared))


def entry(case: Case, version: int = 1) -> bytes:
    """Return a case as it is kept."""
    return json.dumps({"format_version": version, "case": to_data(case)}).encode()


def entries(folder: Path) -> set[bytes]:
    """Return what a folder keeps."""
    return {file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def server(monkeypatch):
    """Return the URL of a Redis server, which is one of this process."""
    there = fakeredis.FakeServer()
    monkeypatch.setattr(redis.Redis, "from_url", lambda _, **__: fakeredis.FakeRedis(server=there))
    return "redis://localhost:6379/0"


def test_places(tmp_path, server):
    """A folder and a server each hold a case until it is forgotten; both together hold what either does."""
    for place in (str(tmp_path / "a"), server):
        known(place).keep("accepts", CASE)
        assert (known(place).of("accepts"), known(place).of("trains")) == ([CASE], [])
        known(place).forget("accepts", CASE)
        assert known(place).of("accepts") == []
    known(str(tmp_path / "a")).keep("accepts", CASE)
    both = f"{tmp_path / 'b'}, {server},{tmp_path / 'a'}"
    known(both).keep("accepts", OTHER)
    assert sorted(known(both).of("accepts"), key=str) == sorted([CASE, OTHER], key=str)
    assert known(str(tmp_path / "b")).of("accepts") == known(server).of("accepts") == [OTHER]


def test_an_artifact_is_read_only(tmp_path, monkeypatch):
    """What is found goes to the places that can be written, and not to the artifact of a workflow."""
    artifact = "github://somebody/models/known"
    known(artifact).keep("accepts", CASE)
    known(f"{artifact},{tmp_path}").keep("accepts", CASE)
    assert known(str(tmp_path)).of("accepts") == [CASE]
    monkeypatch.setattr(GitHubArtifactDatabase, "fetch", lambda *_: iter([entry(OTHER)]))
    assert known(artifact).of("accepts") == [OTHER]
    known(artifact).forget("accepts", OTHER)


@pytest.mark.parametrize("place", ["ftp://somewhere", "github://somebody/models", "redis://host:port/0"])
def test_misuse(place):
    """A place that cannot be one is a sentence."""
    with pytest.raises(UsageError, match="The corpus cannot be stored at"):
        database_at(place)


def test_a_server_that_is_down():
    """A server that does not answer is reported once, without its password, and not asked again."""
    heard: list[str] = []
    cases = Corpus(database_at("redis://me:secret@127.0.0.1:1/0", heard.append), "my_model.py:build", Spec())
    assert cases.of("accepts") == []
    cases.keep("accepts", CASE)
    cases.forget("accepts", CASE)
    (message,) = heard
    assert message.startswith("The corpus cannot be read at redis://***@127.0.0.1:1/0 (ConnectionError: ")
    assert message.endswith(": the run continues without it.")
    assert "secret" not in message


def test_a_server_that_dies(server, monkeypatch, tmp_path):
    """A server that is lost in the middle of a run takes nothing with it: the other place keeps what is found."""
    heard: list[str] = []
    cases = Corpus(database_at(f"{server},{tmp_path}", heard.append), "my_model.py:build", Spec())
    cases.keep("accepts", CASE)

    def lost(*_, **__):
        raise redis.ConnectionError("Connection reset by peer")

    monkeypatch.setattr(redis.client.Pipeline, "execute", lost)
    cases.keep("accepts", OTHER)
    assert sorted(cases.of("accepts"), key=str) == sorted([CASE, OTHER], key=str)
    assert heard == [
        (
            "The corpus cannot be stored at redis://localhost:6379/0 (ConnectionError: Connection reset by peer): "
            "the run continues without it."
        )
    ]


def test_a_folder_that_cannot_be_written(tmp_path):
    """A folder in which nothing can be kept is reported once."""
    heard: list[str] = []
    (tmp_path / "corpus").write_text("no folder")
    cases = Corpus(database_at(tmp_path, heard.append), "my_model.py:build", Spec())
    cases.keep("accepts", CASE)
    cases.keep("accepts", OTHER)
    assert len(heard) == 1
    assert heard[0].startswith(f"The corpus cannot be stored at {tmp_path} (")


def test_an_artifact_that_cannot_be_had(monkeypatch, tmp_path):
    """An artifact that cannot be fetched is reported, with the reason that Hypothesis warns of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(GitHubArtifactDatabase, "_get_bytes", lambda *_: None)
    heard: list[str] = []
    cases = Corpus(database_at("github://somebody/models/known", heard.append), "my_model.py:build", Spec())
    assert cases.of("accepts") == []
    (message,) = heard
    assert message.startswith("The corpus cannot be read at github://somebody/models/known (OSError: ")
    assert "Couldn't acquire a new or existing artifact" in message


def test_words_forget_no_case(tmp_path):
    """Cases are kept by what a model accepts: a reason that is worded anew, or other checks, forget none of them."""
    known(str(tmp_path)).keep("accepts", CASE)
    reworded = known(
        str(tmp_path),
        skip={"trains": "another reason"},
        checks=("accepts",),
        custom_checks={"mine": "checks.py:mine"},
        origins={"skip": "declared"},
        notes=("a note",),
        source_constants=(7,),
    )
    assert reworded.of("accepts") == [CASE]
    assert known(str(tmp_path), padding="pre").of("accepts") == []


def test_what_decides_the_input():
    """Two targets are told apart by their function and every field of a contract, and by nothing else of a Spec."""
    for part in (each for each in attrs.fields(Spec) if each.name != "identity"):
        for name, field in attrs.fields_dict(type(part.default)).items():
            database = InMemoryExampleDatabase()
            Corpus(database, "a.py:b", Spec()).keep("accepts", CASE)
            value = OF_CLASSES.get(name, {"a": "b"} if isinstance(field.default, attrs.Factory) else "another")
            other = Corpus(database, "a.py:b", with_fields(Spec(), **{name: value}))
            assert other.of("accepts") == ([] if part.name == "contract" else [CASE]), name
    database = InMemoryExampleDatabase()
    Corpus(database, "a.py:b", Spec(identity="a:b")).keep("accepts", CASE)
    assert Corpus(database, "c.py:d", Spec(identity="a:b")).of("accepts") == [CASE]
    assert Corpus(database, "a.py:b", Spec(identity="c:d")).of("accepts") == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (entry(CASE, 2), "has format version 2, and this fuzzseq reads 1"),
        (b"\x00half", "is not JSON"),
        (b"[" * 100_000, "is not JSON (it is nested too deeply)"),
        (b'{"format_version": 1, "case": {"batches": 7}}', "holds no case"),
        (b"[]", "holds no case"),
    ],
)
def test_looking_deletes_nothing(tmp_path, data, said):
    """An entry that cannot be read is left in place, and said once; others are tried, and forgotten if fixed."""
    known(str(tmp_path)).keep("accepts", CASE)
    (kept,) = (file for file in tmp_path.rglob("*") if file.is_file() and b'"case"' in file.read_bytes())
    kept.with_name("0123456789abcdef").write_bytes(data)
    cases = known(str(tmp_path))
    assert cases.of("accepts") == cases.of("accepts") == [CASE]
    (warning,) = cases.warnings()
    assert warning.startswith(f"1 case of the corpus cannot be read and is left in place: an entry {said}")
    cases.forget("accepts", CASE)
    assert known(str(tmp_path)).of("accepts") == []
    assert data in entries(tmp_path)
