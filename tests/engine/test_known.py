"""Where known cases are kept: every place holds what it is given, and several places are one."""

from __future__ import annotations

import fakeredis
import pytest
import redis
from hypothesis.database import GitHubArtifactDatabase

from fuzzseq.case import Batch, Case, Pair
from fuzzseq.engine.known import KnownCases, database_at
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
    monkeypatch.setattr(redis.Redis, "from_url", lambda _: fakeredis.FakeRedis(server=there))
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


@pytest.mark.parametrize("place", ["ftp://somewhere", "github://somebody/models", "redis://nowhere.invalid:1/0"])
def test_misuse(place):
    """A place that cannot be one is a sentence."""
    with pytest.raises(UsageError, match="Known cases cannot be kept at"):
        database_at(place)
