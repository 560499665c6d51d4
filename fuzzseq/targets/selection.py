"""What a user chose for a target: the `Selection` of its checks."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fuzzseq.grammar import CheckName


@attrs.frozen(kw_only=True)
class Selection:
    """The checks of a target: all where ``checks`` is empty, but for those in ``skip``, each with its reason.

    ``custom_checks`` are the user's own, each with its description.
    """

    checks: tuple[CheckName, ...] = ()
    skip: Mapping[CheckName, str] = attrs.field(factory=dict)
    custom_checks: Mapping[CheckName, str] = attrs.field(factory=dict)
