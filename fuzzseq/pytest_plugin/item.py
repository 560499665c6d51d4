"""One check of one fuzz target, as pytest runs and reports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from fuzzseq.failures import failure_of
from fuzzseq.pytest_plugin.flag import FuzzSeq2SeqWarning
from fuzzseq.pytest_plugin.inconclusive import call_inconclusive
from fuzzseq.pytest_plugin.judged import Judged
from fuzzseq.pytest_plugin.options import warn, warning_of
from fuzzseq.pytest_plugin.running import Running
from fuzzseq.reporting.text import finding_text, trace_text
from fuzzseq.sanitize import inert
from fuzzseq.targets.declaration import Declaration
from fuzzseq.targets.spec import Spec

Making = Callable[[pytest.Collector], Iterable[pytest.Item]]


class TargetModule(pytest.Collector):
    """A module that holds a fuzz target and is no test file; pytest does not import it."""

    def __init__(self, *, making: Making, **node: Any) -> None:
        super().__init__(**node)
        self._making = making

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Return the items of the target."""
        return list(self._making(self))


class TargetFile(TargetModule, pytest.File):
    """A file that holds a fuzz target and is no test file; pytest does not import it."""


class FuzzItem(pytest.Item):
    """A check of a fuzz target: ``translator[padding_invariant]``."""

    def __init__(
        self, *, target: str, check: str, declared: Declaration | None, line: int, running: Running, **node: Any
    ) -> None:
        super().__init__(**node)
        self.target, self.check, self.declared, self._line, self._running = target, check, declared, line, running
        self._expected: list[pytest.Mark] = []
        self._judged: Judged | None = None
        self._failure: BaseException | None = None

    def take(self, marks: Iterable[pytest.Mark]) -> None:
        """Take the marks of a target. An ``xfail`` is kept for the check that fails: the others are not expected to."""
        for mark in marks:
            if mark.name == "parametrize":
                self.warn(FuzzSeq2SeqWarning(f"{self.target} is parametrized, and fuzzing draws its arguments itself."))
            elif mark.name == "xfail" and mark.kwargs.get("run", True):
                self._expected.append(mark)
            else:
                self.add_marker(getattr(pytest.mark, mark.name)(*mark.args, **mark.kwargs))

    def runtest(self) -> None:
        """Wait until the target is done, and fail, skip or pass by what came of this check."""
        judged = self._running.judged(self.target, self.check)
        self._judged = judged
        self.user_properties.append(("fuzz_seq2seq_seed", str(self._running.seed)))
        self.user_properties.append(("fuzz_seq2seq_judged", str(judged.cases)))
        warn(self, [*judged.warnings, *map(warning_of, judged.minor_findings)], failing=bool(judged.sentence))
        usual = bool(self.config.getini("xfail_strict"))
        if judged.sound_target and any(mark.kwargs.get("strict", usual) for mark in self._expected):
            self._expect()  # A failure of the target is expected, and its absence is one.
        if judged.inconclusive:
            call_inconclusive(self, judged.inconclusive)
        if judged.skipped:
            raise pytest.skip.Exception(judged.skipped, _use_item_location=True)
        if judged.sentence:
            for finding in judged.findings:
                self.user_properties.append(("fuzz_seq2seq_cause", finding.cause))
                self.user_properties.append(("fuzz_seq2seq_finding", finding.id))
            self._expect()
            found = judged.findings
            self._failure = failure_of(judged.sentence, found) if found else pytest.fail.Exception(judged.sentence)
            raise self._failure

    def _expect(self) -> None:
        for mark in self._expected:
            self.add_marker(pytest.mark.xfail(*mark.args, **mark.kwargs))

    def reportinfo(self) -> tuple[Any, int, str]:
        """Return where the target begins."""
        return self.path, self._line, self.name

    @property
    def _style(self) -> str:
        return str(self.config.getoption("tbstyle", "auto"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the findings as the command line shows them; the traceback of a failure is ours, and says nothing."""
        if self._judged is not None and excinfo.value is self._failure:
            sentence, text = self._judged.sentence, self._text(self._judged)
        elif isinstance(excinfo.value, pytest.fail.Exception):  # Another plugin's: time is up.
            sentence = f"{excinfo.value} {self._running.progress(self.target)}"
            text = f"{sentence}\n"
        else:
            return super().repr_failure(excinfo, style)
        crash = ReprFileLocation(str(self.path), self._line + 1, inert(sentence))
        if self._style == "line":
            text = ""  # The place and its sentence are the line.
        return ReprExceptionInfo(ReprTraceback([ReprEntryNative([text])], None, "native"), crash)

    def _text(self, judged: Judged) -> str:
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        width = self.config.get_terminal_writer().fullwidth if terminal else 80
        spec = judged.spec or Spec()
        shown = [
            finding_text(finding, spec, number, judged.replays.get(finding.id), width)
            for number, finding in enumerate(judged.findings, 1)
        ]
        if not judged.findings:
            shown.append(f"{judged.sentence}\n")
        if self._style == "long":
            for finding in judged.findings:
                lines = [f"the whole message of {finding.id}:", finding.message, ""]
                for frame in finding.exception.frames if finding.exception else ():
                    # As Python has it, and editors read it, where there is such a line.
                    place = f'File "{frame.file}", line {frame.line}' if frame.cell is None else frame.place
                    lines += [f"  {place}, in {frame.function}", f"    {frame.source}"]
                shown.append("\n".join(lines) + "\n")
        return inert("\n".join(shown))

    def sections(self, failure: BaseException) -> Iterable[tuple[str, str]]:
        """Yield the sections of the report of a failure of ours: every layer that ran, with its shapes."""
        if self._judged is None or failure is not self._failure or self._style == "line":
            return
        found = self._judged.findings
        for number, finding in enumerate(found, 1):
            if text := trace_text(finding):
                many = f" of finding {number}" if len(found) > 1 else ""
                yield f"shape trace{many}", text
