"""The plugin beside the command, on the same targets and cases: ``python -m tests.benchmarks.plugin``.

``fuzzseq run``, ``pytest --fuzz-seq2seq`` and the same with two workers of xdist are run in turns, each in an empty
folder, and have to find the same. Seconds are those of the whole process, the import of TensorFlow included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.zoo import bugs

_ROOT = Path(__file__).resolve().parents[2]


def command_of(way: str, targets: list[str], cases: int) -> list[str]:
    """Return the command of one way of fuzzing targets."""
    if way == "run":
        return [sys.executable, "-m", "fuzzseq", "run", *targets, "--max-cases", str(cases), "--output", "out"]
    given = [f"--fuzz-seq2seq-target={target}" for target in targets]
    usual = ["--fuzz-seq2seq", f"--fuzz-seq2seq-max-cases={cases}", "--fuzz-seq2seq-report=out", "-q", "empty"]
    workers = ["-n", "2"] if way == "xdist" else []
    return [sys.executable, "-m", "pytest", "-p", "no:randomly", "-p", "no:cacheprovider", *usual, *given, *workers]


def measured(way: str, targets: list[str], cases: int) -> tuple[float, dict[str, str]]:
    """Return the seconds of one way, and the minimal cases that it found by the ids of their findings."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "empty").mkdir()
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        began = time.monotonic()
        done = subprocess.run(
            command_of(way, targets, cases), cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - began
        report = Path(folder, "out", "report.json")
        if not report.exists():
            raise RuntimeError(f"{way} ended without a report:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        found = json.loads(report.read_text(encoding="utf-8"))["findings"]
        return seconds, {finding["id"]: json.dumps([finding["case"], finding["cause"]]) for finding in found}


def main() -> None:
    """Print the ratios, and what was not found alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=9, help="take one model of the zoo out of so many")
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--beside", nargs="+", choices=["pytest", "xdist"], default=["pytest", "xdist"])
    asked = parser.parse_args()
    targets = [str(_ROOT / target) for target in bugs()[:: asked.every]]
    times: dict[str, list[float]] = {way: [] for way in ("run", *asked.beside)}
    found: dict[str, dict[str, str]] = {}
    for _ in range(asked.turns):
        for way, taken in times.items():
            seconds, found[way] = measured(way, targets, asked.cases)
            taken.append(seconds)
            print(f"{way:7} {seconds:7.1f} s, {len(found[way])} findings", flush=True)
    best = {way: min(taken) for way, taken in times.items()}
    for way in asked.beside:
        unlike = {each for each in {*found["run"], *found[way]} if found["run"].get(each) != found[way].get(each)}
        print(f"{way} over run {best[way] / best['run']:.2f}x on {len(targets)} targets, ", end="")
        print(f"{len(unlike)} findings unlike {sorted(unlike)}")


if __name__ == "__main__":
    main()
