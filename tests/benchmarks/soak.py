"""A run of half an hour, watched: ``python -m tests.benchmarks.soak``. It is to end as it began.

A healthy translator by every check, and models whose worker dies or hangs, are fuzzed as ``fuzzseq run`` does it until
the time is over. Each line says what was tried in its span, and what the processes of the run held at its end.
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

import psutil

from tests.zoo import bugs

_ROOT = Path(__file__).resolve().parents[2]
TARGETS = (
    "fuzzseq/examples/attention_translator.py:attention_translator",
    *(name for name in bugs() if "/process_" in name),
)
_MIB = 2**20
_ENDLESS = 1_000_000


def cases_of(log: Path, offset: int) -> tuple[int, int]:
    """Return how many cases a log tells of after an offset, and the offset of its last whole line."""
    if not log.exists():
        return 0, 0
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read()
    whole = text[: text.rfind(b"\n") + 1]
    return sum(json.loads(line)["event"] == "CaseExecuted" for line in whole.splitlines()), offset + len(whole)


def held(controller: psutil.Process) -> tuple[int, int, int, int]:
    """Return MiB of the controller, of its largest other process, how many of those there are, and its own files."""
    sizes = []
    for process in controller.children(recursive=True):
        try:
            sizes.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return controller.memory_info().rss // _MIB, max(sizes, default=0) // _MIB, len(sizes), controller.num_fds()


def main() -> None:
    """Run, and print a line for each span."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--span", type=float, default=60, help="seconds between two lines")
    parser.add_argument("--workers", default="auto")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "tmp")
        temporary.mkdir()
        command = [sys.executable, "-m", "fuzzseq", "run", *TARGETS, "--workers", asked.workers, "--no-corpus"]
        command += ["--budget", f"{round(asked.minutes * 60)}s", "--max-cases", str(_ENDLESS)]
        command += ["--output", f"{folder}/report"]
        environment = {**os.environ, "TMPDIR": str(temporary), "TF_CPP_MIN_LOG_LEVEL": "3"}
        log = Path(folder, "report", "events.ndjson")
        run = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        controller, began, offset, total, before = psutil.Process(run.pid), time.monotonic(), 0, 0, 0.0
        print("minute   cases  cases/s  controller MiB  worker MiB  processes  files  temporary", flush=True)
        while run.poll() is None:
            try:
                run.wait(asked.span)
            except subprocess.TimeoutExpired:
                new, offset = cases_of(log, offset)
                total, now = total + new, time.monotonic() - began
                rate, before = new / (now - before), now
                mine, worker, processes, files = held(controller)
                line = f"{now / 60:6.1f} {total:7} {rate:8.1f} {mine:10} {worker:11} {processes:10} {files:6}"
                print(f"{line} {len(list(temporary.iterdir())):10}", flush=True)
        told = run.communicate()[0]
        left = [process.pid for process in psutil.process_iter(["environ"]) if _of_run(process, temporary)]
        print(f"exit code {run.returncode}; left: {len(left)} processes, {len(list(temporary.iterdir()))} files")
        print(told)


def _of_run(process: psutil.Process, temporary: Path) -> bool:
    """Say whether a process was begun by the run."""
    environment = process.info["environ"]
    return bool(environment) and environment.get("TMPDIR") == str(temporary)


if __name__ == "__main__":
    main()
