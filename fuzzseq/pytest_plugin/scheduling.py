"""How xdist deals out the items of a run: those of one fuzz target together, all others one by one."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from xdist.scheduler import LoadScopeScheduling

from fuzzseq.pytest_plugin.exchange import Exchange


class TargetScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives all items of a target to one worker, and is xdist's usual way otherwise."""

    def __init__(self, config: Any, log: Any, exchange: Exchange) -> None:
        super().__init__(config, log)
        self._exchange = exchange

    @cached_property
    def _targets(self) -> dict[str, str]:
        return self._exchange.items()  # Every worker has collected its items by then.

    def _split_scope(self, nodeid: str) -> str:
        target = self._targets.get(nodeid)
        return nodeid if target is None else f"fuzz target {target}"
