"""The settings of a run, each with all that its front ends need: adding one is one line here.

The options of ``fuzzseq run`` and of pytest, the keys of ``[tool.fuzzseq]``, the keywords of :func:`fuzzseq.fuzz` and
what an editor knows of them come from the fields of these classes; ``python -m tests.generated`` writes the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import attrs

from fuzzseq.baseline import BaselineEntry
from fuzzseq.cases.case import Domain
from fuzzseq.files.report_formats import FORMATS
from fuzzseq.grammar import AtLeastOne, CheckName, Count, FindingId, Limit, Line, Reference, Seed, WorkerCount
from fuzzseq.protocol.outcome import Severity
from fuzzseq.settings import kinds
from fuzzseq.settings.option import Option, option, options_of

if TYPE_CHECKING:
    from fuzzseq.findings import Finding

#: What can fail a run: a severity, the worst first, or nothing.
FailOn = Literal[Severity, "never"]
FAIL_ON: Final[tuple[FailOn, ...]] = get_args(FailOn)
#: What inputs can be asked for, the ordinary ones always.
DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)
_MORE_FORMATS: Final = [name for name in FORMATS if name != "json"]
Device = Literal["cpu", "gpu"]
#: What one source gives of the settings, options, a file or a call: their values by their names, read.
Given = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Settings:
    """What a run was asked for, resolved; it stands in the report.

    ``maxfail`` ends the work on a target at so many findings of severity error. Findings of severity ``fail_on`` or
    worse fail the run, but for those of the ``baseline``, which holds ids with what is known of them. With
    ``allow_inconclusive`` a check that was never judged changes no exit code; it is reported all the same. The rounds
    of random cases are divided into ``blocks``, each of which rests on the first cases of its target alone.
    """

    profile: Line = option(
        kinds.PROFILE,
        'the name of a profile, e.g. "ci"',
        "Named settings: quick (the default), ci or nightly.",
    )
    max_cases: Count = option(
        kinds.POSITIVE,
        "a positive integer, e.g. 400",
        "Cases per target, including boundary cases.",
        usual={"quick": 60, "ci": 400, "nightly": 5000},
    )
    maxfail: AtLeastOne | None = option(
        kinds.POSITIVE,
        "a positive integer, e.g. 1",
        "Stop fuzzing a target after N errors.",
        default=None,
        pytest="",
    )
    budget: Limit | None = option(
        kinds.DURATION,
        'a duration, e.g. "2m"',
        "Time limit for the whole run, e.g. 90s, 2m or 1h30m.",
        default=None,
        usual={"nightly": "30m"},
        pytest_help="Time limit for all targets together, e.g. 90s, 2m or 1h30m.",
        on_resume=True,
    )
    seed: Seed = option(
        kinds.SEED,
        "a non-negative integer, e.g. 7",
        "Random seed; fixes cases and weights.",
        default=0,
        usual={"quick": 0, "ci": 0},
        pytest_help="Random seed; defaults to --hypothesis-seed if given.",
    )
    checks: tuple[CheckName, ...] = option(
        kinds.CHECKS,
        'a list of checks, e.g. ["accepts", "trains"]',
        "Run only this check; repeatable.",
        default=(),
        flag="--check",
        pytest="check",
        pytest_help="Collect only this check; repeatable.",
    )
    skip: tuple[CheckName, ...] = option(
        kinds.CHECKS,
        'a list of checks, e.g. ["deterministic"]',
        "Skip this check; repeatable.",
        default=(),
    )
    custom_checks: tuple[Reference, ...] = option(
        kinds.REFERENCES,
        'a list of functions, e.g. ["my_checks.py:rows_sum_to_one"]',
        "Also run this custom check; repeatable.",
        default=(),
        flag="--custom-check",
        pytest="",
    )
    custom_objects: Reference | None = option(
        kinds.PATH,
        'a Python file, e.g. "my_layers.py"',
        "The Python file that defines the layers and functions of a saved .keras model which Keras does not know.",
        metavar="FILE",
        default=None,
        pytest="",
        in_replay=True,
    )
    in_process: bool = option(
        kinds.FLAG,
        "true or false",
        "Run the model in this process (for a debugger); a crash ends the run.",
        default=False,
        pytest="",
        in_replay=True,
    )
    case_timeout: Limit = option(
        kinds.DURATION,
        'a duration, e.g. "30s"',
        "Time limit per case, e.g. 30s.",
        default=30.0,
        pytest="",
        in_replay=True,
    )
    memory: AtLeastOne = option(
        kinds.MEMORY,
        'a size, e.g. "4GiB"',
        "Memory limit per worker, beyond what it needs to start, e.g. 4GiB.",
        default=4 * 1024**3,
        pytest="",
        in_replay=True,
    )
    max_shrinks: Count = 1500
    blocks: AtLeastOne = 1
    device: Device = option(
        kinds.one_of(Device),
        '"cpu" or "gpu"',
        "Device to run the model on; the GPU is hidden by default.",
        default="cpu",
        pytest="",
        in_replay=True,
    )
    workers: WorkerCount = option(
        kinds.WORKERS,
        'a number of workers, e.g. 2, or "auto"',
        "Worker processes.  [default: auto, one per core, at most 4]",
        default=1,
        usual="auto",
        pytest="",
        on_resume=True,
    )
    domains: tuple[Domain, ...] = option(
        kinds.texts(Domain),
        'a list of domains, e.g. ["ordinary", "edge"]',
        "Input domain: ordinary, edge or invalid; repeatable.",
        default=("ordinary",),
        usual={"ci": ("ordinary", "invalid"), "nightly": DOMAINS},
        flag="--domain",
        pytest="domain",
    )
    fail_on: FailOn = option(
        kinds.one_of(FailOn),
        f"one of {', '.join(FAIL_ON)}",
        "Lowest severity that fails the run: error (the default), warning, note or never.",
        metavar="SEVERITY",
        default="error",
        pytest_help="Lowest severity that fails a test: error (the default), warning, note or never; others become "
        "warnings.",
        in_fuzz=False,
    )
    baseline: Mapping[FindingId, BaselineEntry] = option(
        kinds.PATH,
        'a file, e.g. "fuzz-baseline.txt"',
        "Ignore the findings listed in this file.",
        metavar="FILE",
        default=attrs.Factory(dict),
        in_fuzz=False,
    )
    allow_inconclusive: bool = option(
        kinds.FLAG,
        "true or false",
        "Exit with 0 instead of 4 when a check was never judged.",
        default=False,
        pytest_help="Keep the exit status 0 when a check was never judged; it is still reported.",
    )

    @property
    def custom_names(self) -> tuple[str, ...]:
        """The names of the custom checks."""
        return tuple(reference.rpartition(":")[2].strip() for reference in self.custom_checks)

    @property
    def files(self) -> tuple[str, ...]:
        """What is imported beside the targets."""
        return (*self.custom_checks, *filter(None, [self.custom_objects]))

    def fails(self, finding: Finding) -> bool:
        """Say whether a finding fails the run."""
        return self.fail_on != "never" and not self.knows(finding) and finding.at_least(self.fail_on)

    def knows(self, finding: Finding) -> bool:
        """Say whether the baseline holds a finding; what an edge case showed does not stand for ordinary ones."""
        known = self.baseline.get(finding.id)
        return known is not None and known.domain in ("ordinary", finding.domain)


@attrs.frozen(kw_only=True)
class RunRequest:
    """A run as it was asked for: its settings, and what does not stand in its report.

    ``given`` is what all of it was made of.
    """

    targets: tuple[Reference, ...] = option(
        kinds.REFERENCES,
        'a list of targets, e.g. ["my_model.py:build"]',
        "The fuzz targets: file.py:function, package.module:function, or a whole file or module.",
        default=(),
        flag="",
        pytest="",
        in_fuzz=False,
    )
    settings: Settings
    report: tuple[str, ...] = option(
        kinds.FORMATS,
        'a list of formats, e.g. ["json", "junit"]',
        f"Report format: json (the default), {', '.join(_MORE_FORMATS[:-1])} or {_MORE_FORMATS[-1]}; repeatable.",
        default=(),
        pytest="format",
        pytest_help="Report format, as --report of fuzzseq run: json (the default), junit, sarif, ...; repeatable.",
        in_fuzz=False,
        on_resume=True,
    )
    output: str | None = option(
        kinds.PATH,
        'a folder, e.g. "fuzz-report"',
        "Output folder.  [default: reports/<time>]",
        metavar="DIR",
        default=None,
        pytest="report",
        pytest_help="Output folder for findings and reports.  [default: reports/<time>]",
    )
    corpus: str | None = option(
        kinds.PLACES,
        'a folder or a URL, e.g. ".fuzzseq"',
        "Where to keep cases that failed: a folder, a server, or A,B.  [default: .fuzzseq]",
        default=None,
        pytest="",
        on_resume=True,
    )
    given: Given


#: Every setting by its name.
OPTIONS: Final[Mapping[str, Option]] = {each.key: each for each in options_of(RunRequest)}
