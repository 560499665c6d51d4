"""The texts that ``fuzzseq init`` writes."""

from __future__ import annotations

from fuzzseq.scaffold.finding_models import Candidate

TARGETS_FILE = "fuzz_targets.py"
BASELINE_FILE = "fuzz-baseline.txt"


def targets_text(candidate: Candidate) -> str:
    """Return a file with a first fuzz target."""
    name = "model" if candidate.name.startswith(("build", "make", "create", "get")) else candidate.name
    head = f'"""What fuzzseq fuzzes here: fuzzseq run, or pytest --fuzz-seq2seq {TARGETS_FILE}."""\n\n'
    if candidate.built:
        return (
            f"{head}from fuzzseq import fuzz_target\n\n\n@fuzz_target\ndef {name}_as_it_is():\n"
            f"    from {candidate.module} import {candidate.name}\n\n    return {candidate.name}\n"
        )
    settings = "".join(f"    {parameter}=dim(1, 16),  # say what it may be\n" for parameter in candidate.unknown)
    imported = "dim, fuzz_target" if settings else "fuzz_target"
    call = f"fuzz_target(\n    {candidate.name},\n{settings})" if settings else f"fuzz_target({candidate.name})"
    return f"{head}from fuzzseq import {imported}\nfrom {candidate.module} import {candidate.name}\n\n{name} = {call}\n"


#: The section of pyproject.toml.
SETTINGS = f"""\
[tool.fuzzseq]
# JSON Schema of these keys, for editors: settings/pyproject.schema.json in the package fuzzseq
targets = ["{TARGETS_FILE}"]
profile = "quick"  # while you write; --profile ci on every push, --profile nightly while you sleep
"""

#: The nightly job of each host of code, ``HOST.yml`` beside this file: where it goes, and what is left to do by hand.
JOBS = {
    "github": (".github/workflows/fuzz.yml", "it runs nightly once it is on the default branch"),
    "gitlab": (
        ".gitlab/fuzz.yml",
        "add 'include: .gitlab/fuzz.yml' to .gitlab-ci.yml, and a schedule in the project's settings",
    ),
}
