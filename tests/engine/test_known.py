"""Where known cases are kept: every place holds what it is given, and several places are one."""

from __future__ import annotations

import fakeredis
import pytest
import redis
from hypothesis.database import GitHubArtifactDatabase

from fuzzseq.case import Batch, Case, Pair
from fuzzseq.engine.corpus_database import database_at
from fuzzseq.engine.known import KnownCases
from fuzzseq.errors import UsageError
from fuzzseq.serialization import dumps
from fuzzseq.spec import Spec

CASE = Case(dimensions={"units": 2}, batches=(Batch(pairs=(Pair((3,), (3,)),)),))
OTHER = Case(dimensions={"units": 3}, batches=(Batch(pairs=(Pair((3,), (3,)),)),))


def known(places: str) -> KnownCases:
    """Return the known cases of a target."""
    return KnownCases(database_at(places), "my_model.py:build", Spec())


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
    monkeypatch.setattr(GitHubArtifactDatabase, "fetch", lambda *_: iter([dumps(OTHER).encode()]))
    assert known(artifact).of("accepts") == [OTHER]
    known(artifact).forget("accepts", OTHER)


@pytest.mark.parametrize("place", ["ftp://somewhere", "github://somebody/models", "redis://host:port/0"])
def test_misuse(place):
    """A place that cannot be one is a sentence."""
    with pytest.raises(UsageError, match="Known cases cannot be kept at"):
        database_at(place)


def test_a_server_that_is_down():
    """A server that does not answer is reported once, without its password, and not asked again."""
    heard: list[str] = []
    cases = KnownCases(database_at("redis://me:secret@127.0.0.1:1/0", heard.append), "my_model.py:build", Spec())
    assert cases.of("accepts") == []
    cases.keep("accepts", CASE)
    cases.forget("accepts", CASE)
    (message,) = heard
    assert message.startswith("Known cases cannot be read at redis://127.0.0.1:1/0 (ConnectionError: ")
    assert message.endswith(": the run goes on without that place.")
    assert "secret" not in message


def test_a_server_that_dies(server, monkeypatch, tmp_path):
    """A server that is lost in the middle of a run takes nothing with it: the other place keeps what is found."""
    heard: list[str] = []
    cases = KnownCases(database_at(f"{server},{tmp_path}", heard.append), "my_model.py:build", Spec())
    cases.keep("accepts", CASE)

    def lost(*_, **__):
        raise redis.ConnectionError("Connection reset by peer")

    monkeypatch.setattr(redis.client.Pipeline, "execute", lost)
    cases.keep("accepts", OTHER)
    assert sorted(cases.of("accepts"), key=str) == sorted([CASE, OTHER], key=str)
    assert heard == [
        (
            "Known cases cannot be kept at redis://localhost:6379/0 (ConnectionError: Connection reset by peer): "
            "the run goes on without that place."
        )
    ]


def test_a_folder_that_cannot_be_written(tmp_path):
    """A folder in which nothing can be kept is reported once."""
    heard: list[str] = []
    (tmp_path / "known").write_text("no folder")
    cases = KnownCases(database_at(tmp_path, heard.append), "my_model.py:build", Spec())
    cases.keep("accepts", CASE)
    cases.keep("accepts", OTHER)
    assert len(heard) == 1
    assert heard[0].startswith(f"Known cases cannot be kept at {tmp_path} (")


def test_an_artifact_that_cannot_be_had(monkeypatch, tmp_path):
    """An artifact that cannot be fetched is reported, with the reason that Hypothesis warns of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(GitHubArtifactDatabase, "_get_bytes", lambda *_: None)
    heard: list[str] = []
    cases = KnownCases(database_at("github://somebody/models/known", heard.append), "my_model.py:build", Spec())
    assert cases.of("accepts") == []
    (message,) = heard
    assert message.startswith("Known cases cannot be read at github://somebody/models/known (OSError: ")
    assert "Couldn't acquire a new or existing artifact" in message
