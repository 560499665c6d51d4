"""How xdist deals out the items of a run: those of one fuzz target together, all others one by one."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from fuzzseq.checks import CHECKS

_CHECKS = {check.name for check in CHECKS}


class TargetScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives all items of a target to one worker, and is xdist's usual way otherwise."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what goes to one worker as a whole with a test: ``file.py::target`` for ``file.py::target[check]``."""
        name, _, rest = nodeid.partition("[")
        return name if rest.removesuffix("]") in _CHECKS else nodeid
