"""Cases that failed before: kept as JSON in any of Hypothesis' databases, and tried first next time."""

from __future__ import annotations

import hashlib

import attrs
from hypothesis.database import ExampleDatabase

from fuzzseq.case import Case
from fuzzseq.serialization import dumps, loads
from fuzzseq.spec import Spec


class KnownCases:
    """The known cases of one fuzz target, under a key for each check; a changed Spec begins anew."""

    def __init__(self, database: ExampleDatabase | None, target: str, spec: Spec) -> None:
        """Look into a database; None remembers nothing."""
        self._database, self._target = database, target
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
