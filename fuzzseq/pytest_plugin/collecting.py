"""What ``--fuzz-seq2seq`` adds to a pytest run: an item for each check of each fuzz target."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from fuzzseq.errors import FuzzseqError
from fuzzseq.files import saved_models
from fuzzseq.loading import in_one_form, refuse_wrong
from fuzzseq.pytest_plugin.flag import FLAG, FuzzSeq2SeqWarning, is_worker
from fuzzseq.pytest_plugin.item import FuzzItem, TargetFile, TargetModule
from fuzzseq.pytest_plugin.judged import Wanted, offered
from fuzzseq.pytest_plugin.options import run_request, targets_given, usage_errors
from fuzzseq.pytest_plugin.processes import Processes
from fuzzseq.pytest_plugin.seen import conftest_targets, names_one
from fuzzseq.targets.declaration import declaration_of, declared_in


class Collecting:
    """Collects fuzz targets, and lends the items what runs them."""

    def __init__(self, config: pytest.Config) -> None:
        """Read what is asked for; raises :class:`pytest.UsageError` for what cannot be."""
        self._config = config
        self.request = run_request(config)
        self._processes = Processes(config, self.request)
        config.pluginmanager.register(self._processes, "fuzz_seq2seq_processes")
        self.running = self._processes.running
        self._given = targets_given(config)
        #: The checks of each target that was collected, by its file and its name there.
        self.collected: dict[tuple[Path, str], tuple[str, ...]] = {}

    def pytest_pycollect_makeitem(
        self, collector: pytest.Collector, name: str, obj: object
    ) -> list[pytest.Item] | None:
        """Collect a decorated factory of a test file, or one that is named as a target there."""
        if not isinstance(collector, pytest.Module):
            if declaration_of(obj) is not None:
                why = "@fuzz_target is for functions outside of a class"
                collector.warn(FuzzSeq2SeqWarning(f"{name} is not a fuzz target: {why}."))
            return None
        named = self._named.get((collector.path, name))
        if named is None and name not in declared_in(collector.obj):
            return None
        return list(self._items(collector, collector.path, name, obj, named or ""))

    @pytest.hookimpl(tryfirst=True)  # Before -k, -m and --lf choose among the items.
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the targets of the command line, of the conftest.py files and of the project's file."""
        for reference in self._given:
            items += self._items_or_error(session, reference)
        if names_one(session.config):
            return
        for file, name, factory in conftest_targets(session.config):
            items += self._items_of_file(session, file, name, factory)
        for reference in self.request.targets:
            items += self._items_or_error(session, reference)

    @pytest.hookimpl(tryfirst=True)  # Before xdist tells the process that began it what was collected.
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take note of what is to be run, and begin to import TensorFlow."""
        if session.config.getoption("collectonly"):
            return
        chosen: dict[str, list[FuzzItem]] = {}
        for item in session.items:
            if isinstance(item, FuzzItem):
                chosen.setdefault(item.target, []).append(item)
        wanted = {}
        for target, items in chosen.items():
            names, checks = offered(self.request, target, items[0].declared), {item.check for item in items}
            wanted[target] = Wanted(
                offered=names,
                chosen=tuple(name for name in names if name in checks),
                apart=any(items[0].get_closest_marker(name) for name in ("skip", "skipif", "xfail")),
            )
        self._processes.want(wanted, {item.nodeid: target for target, items in chosen.items() for item in items})

    @cached_property
    def _named(self) -> dict[tuple[Path, str], str]:
        found: dict[tuple[Path, str], str] = {}
        with usage_errors(f"{FLAG}: "):
            references = list(map(in_one_form, (*self._given, *self.request.targets)))
        for reference in references:
            place, _, name = reference.rpartition(":")
            if file := self._file(place):
                found.setdefault((file, name), reference)
        return found

    def _file(self, place: str) -> Path | None:
        """Return the file of a place, looked for and not imported; None for a module not below the root of the run."""
        if place.endswith(".py"):
            return (self._config.invocation_params.dir / place).resolve()
        parts = place.replace(".", "/")
        for folder in (self._config.invocation_params.dir, *map(Path, sys.path)):
            for file in (folder / f"{parts}.py", folder / parts / "__init__.py"):
                if place and file.is_file():
                    return file.resolve() if file.resolve().is_relative_to(self._config.rootpath) else None
        return None

    def _items(
        self, parent: pytest.Collector, file: Path, name: str, factory: object, target: str = ""
    ) -> Iterator[FuzzItem]:
        """Yield the items of a target in a file, once; it is called as it was named, or by its path from here."""
        if (file, name) in self.collected:
            return
        self.collected[file, name] = ()
        shown = os.path.relpath(file, self._config.invocation_params.dir)
        items = list(self._checks(parent, name, target or f"{shown}:{name}", factory))
        self.collected[file, name] = tuple(item.check for item in items)
        yield from items

    def _checks(self, parent: pytest.Collector, name: str, target: str, factory: object) -> Iterator[FuzzItem]:
        declared = declaration_of(factory)
        try:
            checks = offered(self.request, target, declared)
        except FuzzseqError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        code = getattr(factory, "__code__", None)
        line = code.co_firstlineno - 1 if code is not None and code.co_filename == str(parent.path) else 0
        for check in checks:
            item: FuzzItem = FuzzItem.from_parent(
                parent,
                name=f"{name}[{check}]",
                # As a text: pytest 9.2 takes it apart, and knows the check from the name as it does a parameter.
                nodeid=f"{parent.nodeid}::{name}[{check}]",
                target=target,
                check=check,
                declared=declared,
                line=line,
                running=self.running,
            )
            item.take(getattr(factory, "pytestmark", ()))
            if self._config.getoption("loadgroup", default=False) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(target))
            yield item

    def _items_of_file(
        self, session: pytest.Session, file: Path, name: str, factory: object = None, target: str = ""
    ) -> Iterator[pytest.Item]:
        making = partial(self._items, file=file, name=name, factory=factory, target=target)
        root = self._config.rootpath
        outside: dict[str, Any] = (
            {} if file.is_relative_to(root) else {"nodeid": os.path.relpath(file, root).replace(os.sep, "/")}
        )
        yield from session.genitems(TargetFile.from_parent(session, path=file, making=making, **outside))

    def _items_or_error(self, session: pytest.Session, reference: str) -> Iterator[pytest.Item]:
        """Yield the items of what a reference names: a usage error in a worker of xdist would break xdist itself."""
        try:
            yield from self._items_of_reference(session, reference)
        except pytest.UsageError as error:
            if not is_worker(self._config):
                raise
            refusal = pytest.Collector.CollectError(str(error))

            def refused(_: pytest.Collector) -> Iterator[pytest.Item]:
                raise refusal

            yield from session.genitems(
                TargetModule.from_parent(session, name=reference, nodeid=reference, making=refused)
            )

    def _items_of_reference(self, session: pytest.Session, reference: str) -> Iterator[pytest.Item]:
        with usage_errors(f"{FLAG}: "):
            reference = in_one_form(reference)
            place, colon, name = reference.rpartition(":")
            # A process of its own imports the file or module.
            targets = () if colon or reference.endswith(saved_models.SUFFIX) else self.running.targets_in(reference)
        if reference.endswith(saved_models.SUFFIX):
            making = partial(self._checks, name=Path(reference).stem, target=reference, factory=None)
            module = TargetModule.from_parent(session, name=reference, nodeid=reference, making=making)
            yield from session.genitems(module)
        elif not colon:
            for found in targets:
                yield from self._items_of_reference(session, found)
        elif file := self._file(place):
            if not file.is_file():
                raise pytest.UsageError(f"There is no file {place}, which {reference} names as a fuzz target.")
            with usage_errors(f"{FLAG}: "):
                refuse_wrong([reference])
            yield from self._items_of_file(session, file, name, target=reference)
        else:
            making = partial(self._checks, name=name, target=reference, factory=None)
            yield from session.genitems(TargetModule.from_parent(session, name=place, nodeid=place, making=making))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the layers that ran to the report of a failure, in sections of their own."""
        report = yield
        if isinstance(item, FuzzItem) and call.excinfo is not None:
            report.sections += item.sections(call.excinfo.value)
        return report
