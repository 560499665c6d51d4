"""The zoo through the plugin: what is found there is what a run of the engine finds."""

from __future__ import annotations

import json

import pytest

from fuzzseq.protocol.serialization import to_data
from tests.engine.running import events, findings
from tests.zoo import bugs

pytest_plugins = ["pytester"]

#: Few of them, from every corner; ``tests.benchmarks.plugin --every 1`` takes all.
TARGETS = bugs()[4::18]


@pytest.mark.slow
def test_the_same_findings_under_xdist(pytester: pytest.Pytester, root, monkeypatch) -> None:
    """Two workers of xdist find what one run does: the same ids, minimal cases and causes."""
    monkeypatch.chdir(root)
    expected = findings(events([f"{root}/{target}" for target in TARGETS], max_cases=40, workers=2))
    monkeypatch.chdir(pytester.path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    given = [f"--fuzz-seq2seq-target={root}/{target}" for target in TARGETS]
    usual = ["--fuzz-seq2seq", "--fuzz-seq2seq-max-cases=40", "--fuzz-seq2seq-report=out", "-n", "2"]
    pytester.runpytest_subprocess(*usual, *given)
    found = json.loads((pytester.path / "out" / "report.json").read_text())["findings"]
    assert expected
    assert {finding["id"]: (finding["cause"], finding["case"]) for finding in found} == {
        finding.id: (finding.cause, json.loads(json.dumps(to_data(finding.case)))) for finding in expected
    }
