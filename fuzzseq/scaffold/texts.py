"""The texts that ``fuzzseq init`` writes."""

from __future__ import annotations

from fuzzseq.scaffold.finding_models import Candidate

TARGETS_FILE = "fuzz_targets.py"
BASELINE_FILE = "fuzz-baseline.txt"


def targets_text(candidate: Candidate) -> str:
    """Return a file with a first fuzz target."""
    name = "model" if candidate.name.startswith(("build", "make", "create", "get")) else candidate.name
    dims = [f"    {parameter}=dim(1, 16),  # say what it may be\n" for parameter in candidate.unknown]
    imported = "dim, fuzz_target" if dims else "fuzz_target"
    head = f'"""What fuzzseq fuzzes here: fuzzseq run, or pytest --fuzz-seq2seq {TARGETS_FILE}."""\n\n'
    if candidate.built:
        own = f"{name}_as_it_is"
        return (
            f"{head}from fuzzseq import fuzz_target\n\n\n@fuzz_target\ndef {own}():\n"
            f"    from {candidate.module} import {candidate.name}\n\n    return {candidate.name}\n"
        )
    settings = "".join(dims)
    call = f"fuzz_target(\n    {candidate.name},\n{settings})" if settings else f"fuzz_target({candidate.name})"
    return f"{head}from fuzzseq import {imported}\nfrom {candidate.module} import {candidate.name}\n\n{name} = {call}\n"


def settings_text() -> str:
    """Return the section of pyproject.toml."""
    return (
        "[tool.fuzzseq]\n"
        "# JSON Schema of these keys, for editors: settings/pyproject.schema.json in the package fuzzseq\n"
        f'targets = ["{TARGETS_FILE}"]\n'
        'profile = "quick"  # while you write; --profile ci on every push, --profile nightly while you sleep\n'
    )


_RUN = f"fuzzseq run --profile nightly --baseline {BASELINE_FILE} --output reports/nightly"

GITHUB = f"""\
name: fuzz
on:
  schedule:
    - cron: "17 2 * * *"
  workflow_dispatch:
permissions:
  contents: read
  security-events: write
jobs:
  nightly:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
          cache: pip
      - name: What the models need
        run: |
          if [ -f requirements.txt ]; then pip install -r requirements.txt; fi
          if [ -f pyproject.toml ] && grep -q '^\\[project\\]' pyproject.toml; then pip install .; fi
          pip install fuzzseq
      - name: Restore the corpus and the history
        uses: actions/cache/restore@v4
        with:
          path: |
            .fuzzseq
            reports/history.jsonl
          key: fuzzseq-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: fuzzseq-
      - name: Fuzz
        run: {_RUN} --report json --report html --report sarif --report markdown --report github
      - name: New, open and fixed findings
        if: always()
        run: fuzzseq trend
      - name: Save the corpus and the history, findings or not
        if: always()
        uses: actions/cache/save@v4
        with:
          path: |
            .fuzzseq
            reports/history.jsonl
          key: fuzzseq-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: fuzzseq
          path: reports/nightly
      - uses: github/codeql-action/upload-sarif@v3
        if: always() && hashFiles('reports/nightly/report.sarif') != ''
        with:
          sarif_file: reports/nightly/report.sarif
"""

GITLAB = f"""\
fuzz:
  image: python:3.11
  timeout: 1h
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  cache:
    key: fuzzseq
    when: always
    paths:
      - .fuzzseq/
      - reports/history.jsonl
  before_script:
    - if [ -f requirements.txt ]; then pip install -r requirements.txt; fi
    - if [ -f pyproject.toml ] && grep -q '^\\[project\\]' pyproject.toml; then pip install .; fi
    - pip install fuzzseq
  script:
    - {_RUN} --report json --report html --report junit
  after_script:
    - fuzzseq trend
  artifacts:
    when: always
    paths:
      - reports/nightly/
    reports:
      junit: reports/nightly/junit.xml
"""

#: The nightly job of each host of code: its file, what stands in it, and what is left to do by hand.
JOBS = {
    "github": (".github/workflows/fuzz.yml", GITHUB, "it runs nightly once it is on the default branch"),
    "gitlab": (
        ".gitlab/fuzz.yml",
        GITLAB,
        "add 'include: .gitlab/fuzz.yml' to .gitlab-ci.yml, and a schedule in the project's settings",
    ),
}
