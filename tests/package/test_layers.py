"""Who imports whom. ARCHITECTURE.md draws the same picture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: The controller, lowest layer first. A module may import its own layer and those below it, lazily or not.
LAYERS = (
    {"fuzzseq.errors", "fuzzseq.machine", "fuzzseq.object_text", "fuzzseq.process_tree", "fuzzseq.sanitize"}
    | {"fuzzseq.seeds", "fuzzseq.shown_paths", "fuzzseq.files", "fuzzseq.grammar", "fuzzseq.stop_reason"},
    {"fuzzseq.causes", "fuzzseq.targets"},
    {"fuzzseq.cases", "fuzzseq.profiles"},
    {"fuzzseq.protocol"},
    {"fuzzseq.checks"},
    {
        "fuzzseq.signatures",
        "fuzzseq.findings",
        "fuzzseq.events",
        "fuzzseq.failures",
        "fuzzseq.baseline",
        "fuzzseq.history",
        "fuzzseq.outgoing",
        "fuzzseq.replay_file",
        "fuzzseq.settings",
    },
    {"fuzzseq.strategies", "fuzzseq.shrink", "fuzzseq.diagnosis"},
    {"fuzzseq.engine", "fuzzseq.executors", "fuzzseq.loading", "fuzzseq.reporting", "fuzzseq.reproduce"},
    {"fuzzseq.runner", "fuzzseq.interrupts", "fuzzseq.finished_runs", "fuzzseq.scaffold"},
    {"fuzzseq.api"},
    {"fuzzseq.cli", "fuzzseq.pytest_plugin", "fuzzseq.__main__"},
)

#: What the worker may import of the controller: plain data, and checks that need numpy alone.
WORKER_MAY_IMPORT = {
    "fuzzseq",
    "fuzzseq.cases",
    "fuzzseq.checks",
    "fuzzseq.errors",
    "fuzzseq.files",
    "fuzzseq.grammar",
    "fuzzseq.object_text",
    "fuzzseq.process_tree",
    "fuzzseq.protocol",
    "fuzzseq.sanitize",
    "fuzzseq.seeds",
    "fuzzseq.targets",
}

#: Who may import the worker, and why. A worker process is started by name (python -m fuzzseq.worker), not imported.
MAY_IMPORT_WORKER = {
    "fuzzseq.executors.in_process": "--in-process runs the worker in the controller's own process, for a debugger",
}

#: What a script pastes and the worker runs: nobody else imports it, for it loads TensorFlow.
RUNTIME = {"fuzzseq.reproduce.runtime", "fuzzseq.reproduce.script_only"}

#: Modules that name TensorFlow inside a function, for a caller that has loaded it anyway.
MAY_IMPORT_TENSORFLOW_LAZILY = ("fuzzseq.cases", "fuzzseq.strategies")

#: Modules that are longer than 300 lines, with their limit; a reason stands beside each.
LONG = {
    "fuzzseq.causes.catalog": 520,  # the catalog: one entry after another
    "fuzzseq.targets.contract": 330,  # one value, with what follows from it alone
    "fuzzseq.worker.runs": 315,  # one class: a method for each kind of run
}

FRAMEWORKS = {"tensorflow", "keras", "tf_keras", "keras_hub"}


def sources() -> dict[str, Path]:
    """Return every module of the package with its file."""
    found = {}
    for folder, package in ((ROOT / "fuzzseq", "fuzzseq"), (ROOT / "strategies", "fuzzseq.strategies")):
        for file in sorted(folder.rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            found[".".join((package, *(part for part in parts if part != "__init__")))] = file
    return found


SOURCES = sources()
CONTROLLER = sorted(name for name in SOURCES if not name.startswith(("fuzzseq.worker", "fuzzseq.examples")))


def top(module: str) -> str:
    """Return the part of a module's name that has a place in the layers: fuzzseq.checks.finite is fuzzseq.checks."""
    return ".".join(module.split(".")[:2])


def layer(module: str) -> int | None:
    """Return the number of a module's layer; None where it has none."""
    return next((number for number, names in enumerate(LAYERS) if top(module) in names), None)


def for_type_checkers(node: ast.AST) -> bool:
    """Say whether a node is a block that never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(module: str) -> Iterator[tuple[str, bool, int]]:
    """Yield what a module imports: its name, whether only inside a function, and the line."""
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, lazy = pending.pop()
        if for_type_checkers(node):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, lazy, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively: write the whole name"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in SOURCES else str(node.module), lazy, node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                yield str(argument.value), lazy, node.lineno
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending.extend((child, inside) for child in ast.iter_child_nodes(node))


def test_every_module_has_a_layer() -> None:
    """A new module is given its place in the table above before anything else, and one that has gone loses it."""
    lost = {top(name) for name in CONTROLLER if name != "fuzzseq" and layer(name) is None}
    assert not lost, f"put {sorted(lost)} into LAYERS, here and in ARCHITECTURE.md"
    gone = set().union(*LAYERS, WORKER_MAY_IMPORT, MAY_IMPORT_WORKER, LONG) - set(SOURCES)
    assert not gone, f"take {sorted(gone)} out of the tables, here and in ARCHITECTURE.md"


@pytest.mark.parametrize("module", CONTROLLER)
def test_lower_never_imports_higher(module: str) -> None:
    """A module imports its own layer and lower ones, and the package itself imports nothing when it is imported."""
    own = layer(module)
    for name, lazy, line in imports(module):
        if module == "fuzzseq":
            assert lazy or not name.startswith("fuzzseq."), f"fuzzseq/__init__.py:{line} loads {name} at once"
        elif name.startswith("fuzzseq.") and top(name) != top(module) and top(name) != "fuzzseq.worker":
            theirs = layer(name)
            assert theirs is not None, f"{SOURCES[module]}:{line}: {name} has no layer"
            assert own is not None
            assert theirs <= own, f"{SOURCES[module]}:{line}: {module} (layer {own}) imports {name} (layer {theirs})"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """There is no cycle, lazy imports counted; a name for type checkers alone is no import, for it is never run."""
    left = {
        module: {name for name, _, _ in imports(module) if name in SOURCES and name != module} for module in SOURCES
    }
    while free := {module for module, names in left.items() if not names & set(left)}:
        left = {module: names for module, names in left.items() if module not in free}
    circling = {module: sorted(names & set(left)) for module, names in left.items()}
    assert not circling, f"a cycle, with what leads to it: {circling}"


@pytest.mark.parametrize("module", CONTROLLER)
def test_nobody_imports_the_worker(module: str) -> None:
    """The worker is started as a process; the controller never imports it."""
    for name, lazy, line in imports(module):
        assert name not in RUNTIME, f"{SOURCES[module]}:{line}: {module} imports {name}, which loads TensorFlow"
        if name == "fuzzseq.worker" or name.startswith("fuzzseq.worker."):
            assert module in MAY_IMPORT_WORKER, f"{SOURCES[module]}:{line}: {module} imports {name}"
            assert lazy, f"{SOURCES[module]}:{line}: imports {name} before anyone asked for it"


@pytest.mark.parametrize("module", sorted(name for name in SOURCES if name.startswith("fuzzseq.worker")))
def test_worker_imports_plain_data_only(module: str) -> None:
    """The worker knows plain data and checks, and nothing of the controller that sends them."""
    for name, _, line in imports(module):
        if name.split(".")[0] == "fuzzseq" and top(name) != "fuzzseq.worker":
            assert top(name) in WORKER_MAY_IMPORT or name in RUNTIME, (
                f"{SOURCES[module]}:{line}: {module} imports {name}"
            )


@pytest.mark.parametrize("module", CONTROLLER)
def test_only_the_worker_names_tensorflow(module: str) -> None:
    """TensorFlow is imported by the body and the examples; elsewhere by methods that give tensors on request."""
    for name, lazy, line in imports(module):
        if name.split(".")[0] in FRAMEWORKS:
            allowed = module in RUNTIME or (lazy and top(module) in MAY_IMPORT_TENSORFLOW_LAZILY)
            assert allowed, f"{SOURCES[module]}:{line}: {module} imports {name}"


@pytest.mark.parametrize(
    "module", [name for name in CONTROLLER if top(name) in ("fuzzseq.reporting", "fuzzseq.executors")]
)
def test_those_beside_the_engine_do_not_know_it(module: str) -> None:
    """Reporters see events alone; executors take requests and give outcomes. Neither knows who asks."""
    strangers = {"fuzzseq.engine", "fuzzseq.reporting", "fuzzseq.executors"} - {top(module)}
    for name, _, line in imports(module):
        assert top(name) not in strangers, f"{SOURCES[module]}:{line}: {module} imports {name}"


@pytest.mark.parametrize("module", [name for name in SOURCES if name.startswith("fuzzseq.examples")])
def test_examples_import_what_a_user_can(module: str) -> None:
    """An example imports the public names of fuzzseq, and nothing from inside."""
    for name, _, line in imports(module):
        inside = name.startswith("fuzzseq.") and not name.startswith(("fuzzseq.strategies", "fuzzseq.examples"))
        assert not inside, f"{SOURCES[module]}:{line}: imports {name}"


QUIET = ("fuzzseq.engine", "fuzzseq.shrink", "fuzzseq.diagnosis", "fuzzseq.strategies", "fuzzseq.checks")


@pytest.mark.parametrize("module", [name for name in CONTROLLER if top(name) in QUIET])
def test_the_engine_neither_prints_nor_writes(module: str) -> None:
    """The engine yields events and does nothing else: no printing, no files, no colors."""
    assert not {name for name, _, _ in imports(module)} & {"rich", "click", "logging"}
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            writes = called in ("print", "open") or called.endswith((".write_text", ".write_bytes", ".open"))
            assert not writes, f"{SOURCES[module]}:{node.lineno}: {called}()"


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_modules_are_of_a_size_to_read(module: str) -> None:
    """No module is longer than 300 lines, and none is named after nothing."""
    lines = SOURCES[module].read_text(encoding="utf-8").count("\n")
    limit = LONG.get(module, 300)
    assert lines <= limit, f"{SOURCES[module]} has {lines} lines, and may have {limit}"
    assert module.rsplit(".", 1)[-1] not in ("utils", "common", "helpers", "types", "constants")
