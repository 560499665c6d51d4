"""What people usually run on one model: ``python -m tests.benchmarks.baselines TARGET`` prints one line of JSON.

``hypothesis`` is a hand-written property test: it draws sizes and a padded batch, builds the model in each example, and
runs forward, loss and gradient. ``fit`` is one step on a batch of 64 rows of length 10. Both are told how the model is
called, as fuzzseq found it out, so that they fail for the model's reasons alone.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzzseq.cases.boundary import first_setting
from fuzzseq.cases.case import Batch, Case, Pair, tokens_for_steps
from fuzzseq.cases.domain import encodings, padding_side
from fuzzseq.loading import parse
from fuzzseq.protocol.runs import Run
from fuzzseq.targets.spec import Spec
from fuzzseq.worker.build import LoadedFactory, ModelInstance
from fuzzseq.worker.execution import execute
from fuzzseq.worker.inference import infer
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.keras_api import KERAS
from fuzzseq.worker.loading import load
from fuzzseq.worker.stages import StageBeacon
from tests.specs import with_fields

EXAMPLES = 100


def tried(target: LoadedFactory, spec: Spec, case: Case) -> None:
    """Build the model, and run forward, loss and gradient; raise what it raises."""
    built = ModelInstance(target, spec, case.sizes(spec.contract, 0), case.seed, StageBeacon())
    run = Run(batches=case.batches, until="gradient" if spec.contract.has_labels else "forward", training=True)
    result = execute(built, case, run)
    if result.raised is not None:
        raise AssertionError(f"{result.raised.exception}: {result.raised.message}")


def rectangular(spec: Spec, sizes: dict[str, int], rows: int, source: int, target: int) -> Case:
    """Return a case of equal rows, as padded batches of a fixed length are."""
    low = {side: spec.contract.lowest_id(side) for side in ("source", "target")}  # type: ignore[arg-type]
    count = max(0, tokens_for_steps(target, spec.contract.tokens)) if spec.contract.has_target else source
    pair = Pair(
        source=(low["source"],) * source if spec.contract.has_source else (),
        target=(low["target"],) * count if spec.contract.has_labels else (),
    )
    batch = Batch(
        pairs=(pair,) * rows, target_encoding=encodings(spec.contract)[0], padding=padding_side(spec.contract)
    )
    return Case(dimensions=sizes, batches=(batch,))


def by_hypothesis(target: LoadedFactory, spec: Spec) -> str:
    """Return what the hand-written property test says."""
    widths = [
        name
        for name in spec.contract.build_dimensions()
        if spec.contract.range_of(name).min < spec.contract.range_of(name).max
    ]
    first = first_setting(spec.contract) or {}

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 4), st.integers(2, 8), st.sampled_from([8, 16]))
    def trains(rows: int, length: int, width: int) -> None:
        sizes = {**first, **{name: width for name in widths if "num_" not in name and "vocab" not in name}}
        sizes.update({name: 20 for name in widths if "vocab" in name})
        tried(target, spec, rectangular(spec, sizes, rows, length, length))

    return outcome(trains)


def by_fit(target: LoadedFactory, spec: Spec) -> str:
    """Return what one step on a batch of 64 rows of length 10 says."""
    sizes = first_setting(spec.contract) or {}
    return outcome(lambda: tried(target, spec, rectangular(spec, sizes, 64, 10, 10)))


def outcome(test: object) -> str:
    """Return how a test ended, in a word and its first line."""
    try:
        test()  # type: ignore[operator]
    except BaseException as error:  # noqa: BLE001 (a model may raise anything)
        return f"failed: {str(error).splitlines()[0][:60] if str(error) else type(error).__name__}"
    return "passed"


def main() -> None:
    """Print what both baselines say of the target that is named."""
    tracker = Tracker()
    KERAS.listen(tracker)
    target = next(iter(load(parse(sys.argv[1]), tracker).values()))
    spec = with_fields(infer(target, StageBeacon()), graph=False)
    print(json.dumps({"hypothesis": by_hypothesis(target, spec), "fit": by_fit(target, spec)}))


if __name__ == "__main__":
    main()
