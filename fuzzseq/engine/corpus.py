"""Cases that failed before: kept as JSON in any of Hypothesis' databases, and tried first next time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from hypothesis.database import ExampleDatabase

from fuzzseq.cases.case import Case, Domain
from fuzzseq.errors import UsageError
from fuzzseq.files.format_versions import CORPUS, KEY, other_version
from fuzzseq.files.input_files import NotJson, json_of
from fuzzseq.outgoing import called
from fuzzseq.protocol.serialization import dumps, from_data, to_data
from fuzzseq.targets.spec import Spec


class Corpus:
    """The corpus of one function, under a key for each check; a model that takes other input begins anew.

    An entry that cannot be read is left as it is: another version of fuzzseq may have written it.
    """

    def __init__(self, database: ExampleDatabase | None, target: str, spec: Spec) -> None:
        # A database may be shared: what has no identity is called there as in reports.
        self._database, self._identity = database, spec.identity or called(target)
        self._spec = hashlib.sha256(dumps(spec.contract).encode()).hexdigest()[:16]
        self._entries: dict[tuple[str, str], list[bytes]] = {}
        self._unreadable: dict[bytes, str] = {}

    def of(self, check: str) -> list[Case]:
        """Return the cases that once broke a check, in a fixed order."""
        found: list[Case] = []
        for data in sorted(self._database.fetch(self._key(check))) if self._database else ():
            try:
                case = _case_of(data)
            except UsageError as error:
                self._unreadable[data] = str(error)
                continue
            found += [] if case in found else [case]
            self._entries.setdefault((check, dumps(case)), []).append(data)
        return found

    def cases(self, checks: Sequence[str], domains: Sequence[Domain]) -> Iterator[Case]:
        """Yield the cases of some domains that once failed a check, each once."""
        yielded: set[str] = set()
        for check in checks:
            for case in self.of(check):
                if dumps(case) not in yielded and case.domain in domains:
                    yielded.add(dumps(case))
                    yield case

    def warnings(self) -> Iterator[str]:
        """Yield a sentence where there are entries that could not be read."""
        if self._unreadable:
            count, first = len(self._unreadable), next(iter(self._unreadable.values()))
            cases, are = ("1 case", "is") if count == 1 else (f"{count} cases", "are")
            yield f"{cases} of the corpus cannot be read and {are} left in place: an entry {first}"

    def keep(self, check: str, case: Case) -> None:
        """Remember a case that breaks a check."""
        if self._database:
            self._database.save(self._key(check), _entry_of(case))

    def forget(self, check: str, case: Case) -> None:
        """Drop a case that breaks its check no more."""
        if self._database:
            for data in {_entry_of(case), *self._entries.pop((check, dumps(case)), ())}:
                self._database.delete(self._key(check), data)

    def _key(self, check: str) -> bytes:
        return "\0".join((self._identity, check, self._spec)).encode(errors="surrogatepass")


def _entry_of(case: Case) -> bytes:
    entry = {KEY: CORPUS, "case": to_data(case)}
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


def _case_of(data: bytes) -> Case:
    """Return the case of an entry; raises :class:`UsageError`, which says what the entry is, for any other."""
    try:
        entry = json_of(data)
    except NotJson as error:
        raise UsageError(f"is not JSON ({error})") from None
    if not isinstance(entry, dict):
        raise UsageError("holds no case")
    if other := other_version(entry.get(KEY, CORPUS), CORPUS):
        raise UsageError(other)
    try:
        return from_data(entry["case"], Case)
    except Exception:  # noqa: BLE001 (what cattrs raises depends on what is wrong)
        raise UsageError("holds no case") from None
