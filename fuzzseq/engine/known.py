"""Cases that failed before: kept as JSON in any of Hypothesis' databases, and tried first next time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import attrs
from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)

from fuzzseq.case import Case
from fuzzseq.errors import UsageError
from fuzzseq.outgoing import called
from fuzzseq.serialization import dumps, loads
from fuzzseq.spec import Spec


class KnownCases:
    """The known cases of one fuzz target, under a key for each check; a changed Spec begins anew."""

    def __init__(self, database: ExampleDatabase | None, target: str, spec: Spec) -> None:
        """Look into a database; None remembers nothing."""
        # A database may be shared: a target is called there as in reports.
        self._database, self._target = database, called(target)
        # Whoever mends a number in the code wants its known cases tried, and not forgotten.
        kept = attrs.evolve(spec, code_numbers=())
        self._spec = hashlib.sha256(dumps(kept).encode()).hexdigest()[:16]

    def of(self, check: str) -> list[Case]:
        """Return the cases that once broke a check, in a fixed order; what cannot be read is dropped."""
        found = []
        for data in sorted(self._database.fetch(self._key(check))) if self._database else ():
            try:
                found.append(loads(data, Case))
            except Exception:  # noqa: BLE001 (whatever an older version or a broken disk left: it is no case of ours)
                self._database.delete(self._key(check), data)  # type: ignore[union-attr]
        return found

    def keep(self, check: str, case: Case) -> None:
        """Remember a case that breaks a check."""
        if self._database:
            self._database.save(self._key(check), dumps(case).encode())

    def forget(self, check: str, case: Case) -> None:
        """Drop a case that breaks its check no more."""
        if self._database:
            self._database.delete(self._key(check), dumps(case).encode())

    def _key(self, check: str) -> bytes:
        """Return the key of a check."""
        return "\0".join((self._target, check, self._spec)).encode()


def database_at(places: str | Path | None) -> ExampleDatabase | None:
    """Return the database of a place, or of several with commas between them, which is all of them at once.

    A place is a folder, which is made on first use, or a URL: ``redis://host:6379/0`` (``rediss://`` too), or
    ``github://owner/repository/artifact``, the artifact of a GitHub workflow, which is read only and takes a token from
    ``GITHUB_TOKEN``. Raises :class:`UsageError` for a URL that is none of these.
    """
    if not places:
        return None
    found = [_database(place.strip()) for place in str(places).split(",") if place.strip()]
    return found[0] if len(found) == 1 else MultiplexedDatabase(*found)


def _database(place: str) -> ExampleDatabase:
    """Return the database of one place."""
    scheme, there, rest = place.partition("://")
    if not there:
        return DirectoryBasedExampleDatabase(Path(place) / "known")
    if scheme in ("redis", "rediss"):
        return _redis(place)
    owner, _, named = rest.partition("/")
    repository, _, artifact = named.partition("/")
    if scheme != "github" or not (owner and repository and artifact):
        raise UsageError(
            f"Known cases cannot be kept at {place}: give a folder, redis://HOST:PORT/NUMBER, or "
            "github://OWNER/REPOSITORY/ARTIFACT, several of them with commas."
        )
    return ReadOnlyDatabase(GitHubArtifactDatabase(owner, repository, artifact_name=artifact))


def _redis(url: str) -> ExampleDatabase:
    """Return the database of a Redis server."""
    try:
        from hypothesis.extra.redis import RedisExampleDatabase  # noqa: PLC0415 (only who names a server has it)
        from redis import Redis  # noqa: PLC0415
    except ImportError:
        raise UsageError(f"Known cases at {url} take the package redis: pip install redis.") from None
    try:
        server = Redis.from_url(url)
        server.ping()
    except Exception as error:  # noqa: BLE001 (redis has errors for a wrong URL, a host that is not there, a password)
        raise UsageError(f"Known cases cannot be kept at {url}: {error}.") from None
    return RedisExampleDatabase(server)
