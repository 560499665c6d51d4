"""Where cases are kept that failed before: folders, servers, artifacts; a run goes on without one that fails."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, TypeVar

from hypothesis.database import (
    DirectoryBasedExampleDatabase,
    ExampleDatabase,
    GitHubArtifactDatabase,
    MultiplexedDatabase,
    ReadOnlyDatabase,
)
from hypothesis.errors import HypothesisWarning

from fuzzseq.engine.generation import WARNING_FILTERS
from fuzzseq.errors import UsageError
from fuzzseq.files.output_files import keep_out_of_git
from fuzzseq.sanitize import masked
from fuzzseq.settings import USUAL_CORPUS

T = TypeVar("T")

#: A URL that lacks a slash: as a folder it would show the password that it may hold.
_HALF_A_URL: Final = re.compile(r"[a-z]{2,}:/?[^/]*@")
#: How many seconds a server may take to answer.
_PATIENCE: Final = 5.0


class Forgiving(ExampleDatabase):
    """A database that may fail: the first time is reported, and nothing is asked of it any more."""

    def __init__(self, place: str, database: ExampleDatabase, report: Callable[[str], None], *, kept: bool) -> None:
        """Keep the database of a place; what becomes of it goes to ``report``, in a sentence.

        ``kept`` says that what is saved can be fetched again: this one keeps quiet where it cannot save.
        """
        super().__init__()
        self._place, self._database, self._report, self._kept = place, database, report, kept
        self._failed = False
        self._lock = threading.Lock()

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the values under a key; none where the database fails."""
        return self._attempt(lambda: list(self._database.fetch(key)), "be read", [])

    def save(self, key: bytes, value: bytes) -> None:
        """Keep a value under a key, where that is possible."""

        def store() -> None:
            self._database.save(key, value)
            if self._kept and value not in self._database.fetch(key):
                raise OSError("the folder cannot be written, or has no room")

        self._attempt(store, "be stored", None)

    def delete(self, key: bytes, value: bytes) -> None:
        """Drop a value under a key, where that is possible."""
        self._attempt(lambda: self._database.delete(key, value), "be dropped", None)

    def _attempt(self, action: Callable[[], T], what: str, otherwise: T) -> T:
        """Return what an action gives; once it has failed, ``otherwise`` from then on."""
        if self._failed:
            return otherwise
        try:
            return action()
        except Exception as error:  # noqa: BLE001 (each kind of database has errors of its own)
            with self._lock:
                first, self._failed = not self._failed, True
            if first:
                why = f"{type(error).__name__}: {error}".rstrip(".")
                lost = f"The corpus cannot {what} at {self._place} ({why})"
                self._report(masked(f"{lost}: the run continues without it."))
        return otherwise


class _Artifact(ReadOnlyDatabase):
    """The artifact of a workflow; where it cannot be had, that is raised."""

    def fetch(self, key: bytes) -> Iterable[bytes]:
        """Return the values under a key; raises OSError with what Hypothesis warned of where it has none."""
        with WARNING_FILTERS, warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always", HypothesisWarning)
            found = list(super().fetch(key))
        if heard and not found:
            raise OSError(" ".join(str(each.message).strip() for each in heard))
        return found


class _Folder(DirectoryBasedExampleDatabase):
    """A folder of cases, made on first use; git leaves the usual one out, another may be meant for a repository."""

    def __init__(self, place: Path) -> None:
        super().__init__(place / "corpus")
        self._place = place

    def save(self, key: bytes, value: bytes) -> None:
        """Keep a value under a key."""
        new = self._place.name == USUAL_CORPUS and not self._place.exists()
        super().save(key, value)
        if new:
            keep_out_of_git(self._place)


def database_at(places: str | Path | None, report: Callable[[str], None] = lambda _: None) -> ExampleDatabase | None:
    """Return the database of a place, or of several with commas between them, which is all of them at once.

    A place is a folder, which is made on first use, or a URL: ``redis://host:6379/0`` (``rediss://`` too), or
    ``github://owner/repository/artifact``, the artifact of a GitHub workflow, which is read only and takes a token from
    ``GITHUB_TOKEN``. A place that fails is reported once, in a sentence, and left. Raises :class:`UsageError` for a URL
    that is none of these.
    """
    if not places:
        return None
    named = [place.strip() for place in str(places).split(",") if place.strip()]
    found = [Forgiving(place, _database(place), report, kept="://" not in place) for place in named]
    return found[0] if len(found) == 1 else MultiplexedDatabase(*found)


def _database(place: str) -> ExampleDatabase:
    scheme, there, rest = place.partition("://")
    if not there and _HALF_A_URL.match(place):
        raise UsageError(f"The corpus cannot be stored at {place}: it is neither a folder nor a URL, SCHEME://HOST.")
    if not there:
        return _Folder(Path(place))
    if scheme in ("redis", "rediss"):
        try:
            from hypothesis.extra.redis import RedisExampleDatabase  # noqa: PLC0415 (only who names a server has it)
            from redis import Redis  # noqa: PLC0415
        except ImportError:
            raise UsageError(f"A corpus at {place} requires the package redis: pip install redis.") from None
        try:
            server = Redis.from_url(place, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE)
        except ValueError:  # What it says of a port may be a piece of the password.
            raise UsageError(
                f"The corpus cannot be stored at {place}, which is not a server URL: write redis://HOST:PORT/NUMBER."
            ) from None
        return RedisExampleDatabase(server)
    owner, _, named = rest.partition("/")
    repository, _, artifact = named.partition("/")
    if scheme != "github" or not (owner and repository and artifact):
        raise UsageError(
            f"The corpus cannot be stored at {place}: give a folder, redis://HOST:PORT/NUMBER, or "
            "github://OWNER/REPOSITORY/ARTIFACT, or several separated by commas."
        )
    return _Artifact(GitHubArtifactDatabase(owner, repository, artifact_name=artifact))
