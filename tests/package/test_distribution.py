"""What ships: the wheel and the sdist hold the package, whole, and nothing else."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def settings(root: Path) -> dict[str, object]:
    """Return pyproject.toml."""
    toml: ModuleType = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    read: dict[str, object] = toml.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def shipped(root: Path) -> set[str]:
    """Return every file of the package, under the name that it is installed as."""
    names = set()
    for folder, package in ((root / "fuzzseq", "fuzzseq"), (root / "strategies", "fuzzseq/strategies")):
        for file in folder.rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                names.add(f"{package}/{file.relative_to(folder).as_posix()}")
    return names


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and the wheel from it, in a copy of the tree; return the folder with both."""
    copy = tmp_path_factory.mktemp("tree")
    for folder in ("fuzzseq", "strategies"):
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / file, copy)
    output = tmp_path_factory.mktemp("built")
    command = [sys.executable, "-m", "build", "--outdir", str(output), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def members(wheel: Path) -> set[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_packages_are_listed_whole(root: Path, settings: dict) -> None:
    """The list of packages that is kept by hand names every folder with Python in it, in order."""
    listed = settings["tool"]["setuptools"]["packages"]
    there = {"fuzzseq.strategies"}
    for file in (root / "fuzzseq").rglob("*.py"):
        there.add(".".join(file.parent.relative_to(root).parts))
    assert listed == sorted(there)
    for package in there - {"fuzzseq.strategies"}:
        assert (root.joinpath(*package.split(".")) / "__init__.py").is_file(), f"{package} has no __init__.py"
    assert not [folder for folder in (root / "strategies").iterdir() if folder.is_dir() and any(folder.glob("*.py"))]


def test_the_top_level_stays_as_it_is(root: Path) -> None:
    """The root of the repository holds what a reader expects there, and nothing more."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    top = {name.split("/")[0] for name in done.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= {
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "fuzzseq",
        "pyproject.toml",
        "reports",
        "strategies",
        "tests",
    }
    assert [name for name in done.stdout.splitlines() if name.startswith("reports/")] == ["reports/.gitkeep"]


def test_every_dependency_is_argued_for(root: Path, settings: dict) -> None:
    """CONTRIBUTING says of each runtime dependency why it is there."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for requirement in settings["project"]["dependencies"]:
        name = requirement.split(">")[0]
        assert f"| {name} |" in text, f"CONTRIBUTING.md does not argue for {name}"


def test_architecture_fits_a_page(root: Path) -> None:
    """ARCHITECTURE.md has at most 60 lines, and names every part of the package."""
    text = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    parts = [
        path.stem for path in (root / "fuzzseq").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    for part in {"strategies", *parts} - {"__init__", "__main__"}:
        assert part in text, f"ARCHITECTURE.md does not place fuzzseq.{part}"


def test_the_version_is_in_the_changelog(root: Path) -> None:
    """The changelog's newest section is the version that the package has."""
    import fuzzseq

    sections = [line for line in (root / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line[:3] == "## "]
    assert sections[0].startswith(f"## {fuzzseq.__version__}")


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone(built: Path, shipped: set[str]) -> None:
    """The wheel's top level is exactly fuzzseq, and every file of the package is in it: types, schemas, strategies."""
    (wheel,) = built.glob("*.whl")
    names = members(wheel)
    information = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert {name.split("/")[0] for name in names - information} == {"fuzzseq"}
    assert names - information == shipped
    assert {"fuzzseq/py.typed", "fuzzseq/strategies/__init__.py"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in information)


@pytest.mark.slow
def test_the_sdist_holds_all_that_building_needs(built: Path, shipped: set[str]) -> None:
    """The sdist holds every file of the package where the tree has it; the wheel above was built from it."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {name.replace("fuzzseq/strategies/", "strategies/") for name in shipped} <= names
    assert {"LICENSE", "README.md", "pyproject.toml"} <= names


@pytest.mark.slow
def test_the_wheel_works_where_the_tree_is_not(built: Path, tmp_path: Path) -> None:
    """Unpacked far from the tree, the package, its strategies and its command line can be imported."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 (built above)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); "
        "import fuzzseq, fuzzseq.cli, fuzzseq.strategies; print(fuzzseq.strategies.__file__)"
    )
    command = [sys.executable, "-P" if sys.version_info >= (3, 11) else "-s", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
