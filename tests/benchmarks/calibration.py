"""How often causes were right on how strong evidence: ``python -m tests.benchmarks.calibration soak.ndjson``.

The file is one that ``python -m tests.benchmarks.detection --soak FILE`` left. Findings are put together by the band
of their evidence (``fuzzseq/diagnosis/confidence.py``); of each band the share of right causes is printed, with one
right and one wrong finding added so that no band is certain. Every finding is then given the share of its band without
the findings of its own model, and that is compared with whether its cause was right: what a model that nobody has seen
would be told, and how far that is off.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

from fuzzseq.protocol.serialization import from_data
from tests.benchmarks.detection import Row
from tests.zoo import bug_of, bugs


def share(right: list[bool]) -> float:
    """Return the share of right ones, with one of each kind added."""
    return (sum(right) + 1) / (len(right) + 2)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    lines = Path(parser.parse_args().file).read_text(encoding="utf-8").splitlines()
    bands: dict[float, list[tuple[str, bool]]] = defaultdict(list)
    known = set(bugs())
    for row in (from_data(json.loads(line), Row) for line in lines):
        if row.target not in known:
            continue
        meant = bug_of(row.target).cause
        # What else a bug shows under other checks has causes of its own, which nobody has stated.
        told = [f for f in row.findings if f.cause == meant] or row.findings
        for finding in told[:1]:
            bands[finding.diagnosis.confidence].append((row.target, finding.cause == meant))
    errors, sums = [], [0, 0.0]
    for confidence, seen in sorted(bands.items(), reverse=True):
        right = [ok for _, ok in seen]
        print(f"said {confidence:.2f}: {sum(right)} of {len(right)} right, the band's share {share(right):.3f}")
        for target, ok in seen:
            alone = share([other for name, other in seen if name != target])
            errors.append((alone - ok) ** 2)
            sums[0] += ok
            sums[1] += alone
    count = max(len(errors), 1)
    print(f"leaving one model out: said {sums[1] / count:.3f} on the average, right {sums[0] / count:.3f}", end="; ")
    print(f"mean squared error {sum(errors) / count:.4f}")


if __name__ == "__main__":
    main()
