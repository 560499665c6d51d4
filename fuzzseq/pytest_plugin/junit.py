"""What pytest's own ``--junitxml`` says of a test that is neither passed nor failed."""

from __future__ import annotations

import pytest
from _pytest.junitxml import xml_key


def call_error(config: pytest.Config, report: pytest.TestReport) -> None:
    """Have it be an error of type ``inconclusive``: one that was skipped counts as fine wherever such files are read.

    There is no public way to this; where pytest keeps its report in another form, the test stays skipped there, with
    the reason.
    """
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for node in getattr(xml.node_reporter(report), "nodes", ()):
        if node.tag == "skipped":
            node.tag = "error"
            node.set("type", "inconclusive")
            xml.stats["skipped"] -= 1
            xml.stats["error"] += 1
