"""Cases per second, beside what people write by hand: ``python -m tests.benchmarks.throughput``.

One case is a full training step, forward, loss and gradient, of the attention translator of the examples. The parts are
measured in turns, each in a process of its own:

- *by hand*: a Hypothesis test that builds the model in each example, and does the step eagerly;
- *by fit*: one that builds it, compiles it, and calls ``fit`` on the batch;
- *floor*: the same step traced once, called in a bare loop on batches that are tensors already;
- *fuzzseq*: a run of the check ``trains``, with one worker, everything counted from its first case to its last;
- *one worker* and *two*: a run of all checks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fuzzseq.engine import start_campaign
from fuzzseq.engine.generation import random_cases
from fuzzseq.events import CaseExecuted, TargetLoaded
from fuzzseq.executors import forked
from fuzzseq.protocol.outcome import Outcome, Request
from fuzzseq.protocol.runs import Run
from fuzzseq.settings import Settings
from fuzzseq.targets.spec import Spec

_ROOT = Path(__file__).resolve().parents[2]
TARGET = f"{_ROOT}/fuzzseq/examples/attention_translator.py:attention_translator"


def example(step: Callable[[Any, Any, Any, Any], None], count: int) -> float:
    """Return the seconds that one example takes of a test as people write it; the first two are not counted."""
    import numpy as np

    from fuzzseq.examples.attention_translator import attention_translator

    times: list[float] = []

    @settings(
        max_examples=count + 2,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12), st.integers(2, 16), st.integers(0, 2**31))
    def test(rows: int, source_length: int, target_length: int, units: int, seed: int) -> None:
        began = time.monotonic()
        ids = np.random.default_rng(seed)
        source = ids.integers(1, 20, (rows, source_length)).astype("int32")
        target = ids.integers(1, 20, (rows, target_length + 1)).astype("int32")
        model = attention_translator(20, 20, units, units)
        step(model, source, target[:, :-1], target[:, 1:])
        times.append(time.monotonic() - began)

    test()
    return sum(times[2:]) / len(times[2:])


def by_hand(count: int) -> float:
    """Return the seconds of a case of the hand-written test."""
    import keras
    import tensorflow as tf

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(model: Any, source: Any, decoder_input: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss(labels, model([source, decoder_input], training=True))
        tape.gradient(value, model.trainable_variables)

    return example(step, count)


def by_fit(count: int) -> float:
    """Return the seconds of a case of the test that calls ``fit``."""
    import keras

    def step(model: Any, source: Any, decoder_input: Any, labels: Any) -> None:
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit([source, decoder_input], labels, batch_size=len(source), epochs=1, verbose=0)

    return example(step, count)


def floor(count: int) -> float:
    """Return the seconds of one call of the traced step on the cases of the first round, in a bare loop."""
    from fuzzseq.loading import parse
    from fuzzseq.worker import service
    from fuzzseq.worker.build import ModelInstance
    from fuzzseq.worker.execution import execute
    from fuzzseq.worker.inference import infer
    from fuzzseq.worker.instrumentation import Tracker
    from fuzzseq.worker.keras_api import KERAS
    from fuzzseq.worker.loading import load
    from fuzzseq.worker.stages import StageBeacon
    from fuzzseq.worker.tracing import Traced

    service.prefer_short_starts()
    tracker = Tracker()
    KERAS.listen(tracker)
    target = next(iter(load(parse(TARGET), tracker).values()))
    spec = infer(target, StageBeacon())
    cases = [case for case in random_cases(spec, 0, 0) if case.mode == "graph"]
    built = ModelInstance(target, spec, cases[0].sizes(spec.contract, 0), cases[0].seed, StageBeacon())
    calls: list[tuple[Any, tuple[Any, ...]]] = []
    called = Traced.__call__

    def kept(traced: Any, *arguments: Any) -> Any:
        calls.append((traced, arguments))
        return called(traced, *arguments)

    Traced.__call__ = kept  # type: ignore[method-assign]
    for case in cases:
        execute(built, case, Run(batches=case.batches, until="gradient", training=True, mode="graph"))
    began = time.monotonic()
    for number in range(count):
        traced, arguments = calls[number % len(calls)]
        called(traced, *arguments)
    return (time.monotonic() - began) / count


class Watched:
    """A run of fuzzseq, and how long each of its requests took."""

    def __init__(self, cases: int, workers: int, checks: tuple[str, ...]) -> None:
        self.spec: Spec | None = None
        self.requests: list[tuple[Request, float]] = []
        original, requests = forked.ForkedExecutor.run, self.requests

        def run(executor: Any, request: Request, limit: float | None = None) -> Outcome:
            began = time.monotonic()
            outcome = original(executor, request, limit)
            requests.append((request, time.monotonic() - began))
            return outcome

        forked.ForkedExecutor.run = run  # type: ignore[method-assign]
        asked = Settings(profile="ci", max_cases=cases, workers=workers, checks=checks)
        first = last = 0.0
        try:
            for event in start_campaign([TARGET], asked):
                if isinstance(event, TargetLoaded):
                    self.spec, first = event.spec, time.monotonic()
                elif isinstance(event, CaseExecuted):
                    last = time.monotonic()
        finally:
            forked.ForkedExecutor.run = original  # type: ignore[method-assign]
        self.seconds = (last - first) / cases

    def parts(self) -> dict[str, Any]:
        """Return where the time went: per case, and by what a case met."""
        kinds: dict[str, list[float]] = defaultdict(list)
        before: dict[str, int] = {}
        for request, seconds in self.requests:
            setting = str(sorted(request.case.dimensions.items()))
            met = before.setdefault(setting, 0)
            # The first eager case of a setting builds the model, the first traced one traces it.
            new = not met or (request.case.mode == "graph" and before.get(setting + " traced") is None)
            before[setting] += 1
            if request.case.mode == "graph":
                before[setting + " traced"] = 1
            kinds["builds and traces" if new else request.case.mode].append(seconds)
        count = len(self.requests)
        return {
            "seconds": self.seconds,
            "settings": len([name for name in before if not name.endswith(" traced")]),
            "changed": len(kinds["builds and traces"]) / count,
            "builds": sum(kinds["builds and traces"]) / count,
            "eager": sum(kinds["eager"]) / count,
            "traced": sum(kinds["graph"]) / count,
            "a traced case": sum(kinds["graph"]) / max(1, len(kinds["graph"])),
            "controller": self.seconds - sum(seconds for _, seconds in self.requests) / count,
        }


def measured(part: str, count: int) -> Any:
    """Return what one part gives, from a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.throughput", "--part", part, "--count", str(count)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


PARTS: dict[str, Callable[[int], Any]] = {
    "hand": by_hand,
    "fit": by_fit,
    "floor": floor,
    "fuzzseq": lambda count: Watched(count, 1, ("trains",)).parts(),
    "one": lambda count: Watched(count, 1, ()).seconds,
    "two": lambda count: Watched(count, 2, ()).seconds,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--cases", type=int, default=5000)
    asked = parser.parse_args()
    if asked.part:
        print(json.dumps(PARTS[asked.part](asked.count)))
        return
    counts = {"hand": 20, "fit": 8, "floor": 600, "fuzzseq": asked.cases, "one": 400, "two": 400}
    turns: dict[str, list[Any]] = defaultdict(list)
    for _ in range(asked.turns):
        for part, count in counts.items():
            turns[part].append(measured(part, count))
    runs = turns.pop("fuzzseq")
    best = min(runs, key=lambda run: run["seconds"])
    seconds = {part: min(values) for part, values in turns.items()}
    print(f"the best of {asked.turns} turns each")
    for part in ("hand", "fit", "floor"):
        print(f"{part:8} {1 / seconds[part]:8.1f} cases/s")
    print(f"fuzzseq  {1 / best['seconds']:8.1f} cases/s over {asked.cases}, {best['settings']} settings, ", end="")
    print(f"{best['changed']:.1%} of the cases built or traced")
    for name in ("builds", "eager", "traced", "controller"):
        print(f"         {best[name] * 1000:8.2f} ms a case: {name}")
    print(f"over by hand {seconds['hand'] / best['seconds']:.1f}x, over by fit {seconds['fit'] / best['seconds']:.1f}x")
    print(f"a traced case over the floor {best['a traced case'] / seconds['floor']:.2f}x, ", end="")
    print(f"any case {best['seconds'] / seconds['floor']:.2f}x")
    print(f"two workers over one, all checks {seconds['one'] / seconds['two']:.2f}x ", end="")
    print(f"({1 / seconds['one']:.1f} and {1 / seconds['two']:.1f} cases/s)")


if __name__ == "__main__":
    main()
