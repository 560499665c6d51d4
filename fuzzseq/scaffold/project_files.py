"""The files of a project that may hold a model of its owner's: code, notebooks and saved models, and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fuzzseq.files import saved_models
from fuzzseq.files.notebooks import SUFFIX as NOTEBOOK
from fuzzseq.reporting.run_files import NAME as RUN

#: What ``fuzzseq init`` writes the first target to.
TARGETS_FILE: Final = "fuzz_targets.py"
#: Folders of other people's code, of what was built, and of tests.
_SKIPPED: Final = {"site-packages", "dist-packages", "node_modules", "build", "dist", "tests", "test", "venv", "env"}
#: What stands in a folder that is an environment, or the results of a run.
_MARKS: Final = {"pyvenv.cfg", "conda-meta", RUN}
#: Files of Python that set something up, or test it.
_NO_MODELS: Final = {"conftest.py", "setup.py", "noxfile.py", TARGETS_FILE}


def project_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that a model may be in, in the order of their names; links are not followed."""
    for here, folders, files in os.walk(folder):
        held = {*folders, *files}
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED and not name.endswith(".egg-info")
        )
        if held & _MARKS and Path(here) != folder:
            folders.clear()
            continue
        # What cannot be printed cannot be named on a command line either.
        for name in sorted(name for name in files if name.isprintable() and not name.startswith(".")):
            path = Path(here, name)
            test = path.stem.startswith("test_") or path.stem.endswith("_test")
            of_models = path.suffix == ".py" and name not in _NO_MODELS and not test
            if of_models or path.suffix in (NOTEBOOK, saved_models.SUFFIX):
                yield path.relative_to(folder)
