"""What the JSON Schemas of reports say of objects and their properties; an empty name stands for the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DESCRIPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "inspected_target": {
        "": "a target before anything is fuzzed",
        "model": "what the target is, and what model it gives, in a sentence",
        "dimensions": "by the names that the user gave them",
        "options": "of a declaration, those with their default too",
        "inputs": "and the output, whose role is scores",
        "checks": "those that will run, and the others with the reason",
    },
    "declared_line": {
        "name": "the option, or the dimension by its canonical name",
        "line": "an argument of @fuzz_target(...) that says the same",
        "source": "where it came from",
    },
    "check_line": {
        "reason": "why it will not run; empty where it will",
        "line": "what to declare, or to run, to have it run; empty where nothing helps",
    },
    "finding": {
        "id": "stable over runs: made of the identity of the target, family of check, cause and position",
        "check": "the first check that it broke",
        "checks": "all checks that it broke",
        "cause": "the slug of the cause, from 'fuzzseq list causes'",
        "exception": "null where a promise was broken without an exception",
        "exceptions": "the messages by mode, where eager and graph mode differ",
        "location": "the user's own line",
        "position": "the layer, weight or output that it is about",
        "case": "the minimal case",
        "sizes": "every dimension of the minimal case",
        "one_minimal": "whether every neighbor one step simpler was tried and passes",
        "executions": "what shrinking took",
        "runner_up": "the next best cause",
        "signature": "what shrinking stays inside",
        "flaky": "whether a fresh worker did not repeat it",
        "provisional": "whether the run ended before it was shrunk and confirmed",
        "spec": "what the model accepts and promises",
        "versions": "of fuzzseq, and of what the models ran with",
    },
    "case": {
        "dimensions": "the sizes that the model is built with",
        "seed": "fixes weights, random initial states and float features",
    },
    "batch": {
        "extra_source": "columns of padding beyond the longest source",
        "extra_target": "columns of padding beyond the longest target",
    },
    "raised": {
        "exception": "the name of its class",
        "message": "without ANSI codes and framework frames",
        "output": "the last output of a worker that died",
        "in_graph": "what the traced run said, where the eager one raised this",
        "known_shapes_pass": "of a failure in graph mode alone: whether the model can be traced for the very shapes",
    },
    "region": {
        "": "which cases fail: a Python expression over the facts of a case, empty where no simple one was found",
        "tried": "every case that was tried for it: same is the failure of this finding, other another one",
    },
    "shape_trace": {"": "the layers up to the failure with named shapes, beside the nearest passing case"},
    "report": {
        "versions": "of fuzzseq, and of what the models ran with",
        "asked": "the targets as they were given",
        "inconclusive": "checks that apply and were judged on no case: a run without findings shows nothing of them",
    },
    "target": {
        "spec_origins": "of each field of the Spec, who said it",
        "error": "why the target could not be used, or empty",
        "findings": "ids, in the order in which they were made",
        "acceptance": "how the model takes each kind of input that it ought to refuse",
        "never_ran": "checks that apply, were not skipped, and ran on no case",
    },
    "check_count": {
        "not_applicable": "the reason, or empty",
        "skipped": "the reason, or empty",
        "blocked_by": "what kept the check from being judged where it never was, or how its own code failed",
        "errored": "the cases on which the check's own code failed",
    },
    "settings": {
        "baseline": "the ids of known findings, which fail no run, with their targets and what inputs show them",
        "allow_inconclusive": "whether a check that was never judged leaves the exit code as it is",
        "blocks": "how many blocks the rounds of random cases are divided into",
    },
    "unjudged": {
        "check": "empty where nothing is known of any check of the target",
        "cases": "how many cases were tried of a target that nothing is known of",
        "reason": "what kept the check from being judged",
    },
}
