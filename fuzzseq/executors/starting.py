"""How the zygote is started: our own modules and the standard library come before what lies in the user's folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from fuzzseq.errors import MachineError

#: What ``python -m fuzzseq.worker`` would do if the current folder did not come first there. The arguments are the
#: descriptor of a socket and the folder of this package, which is the one to be imported, wherever others are.
_CODE: Final = """\
import sys

if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]
home = sys.argv[2]
first = sys.modules["fuzzseq.worker.user_imports"] = type(sys)("fuzzseq.worker.user_imports")
first.__file__ = home + "/worker/user_imports.py"
exec(compile(open(first.__file__, encoding="utf-8").read(), first.__file__, "exec"), vars(first))
first.USER_IMPORTS.install()

from importlib import util

found = util.spec_from_file_location("fuzzseq", home + "/__init__.py", submodule_search_locations=[home])
sys.modules["fuzzseq"] = util.module_from_spec(found)
found.loader.exec_module(sys.modules["fuzzseq"])

from fuzzseq.worker.__main__ import main

main()
"""


def starting(descriptor: int) -> list[str]:
    """Return the command of a zygote that serves the socket of a descriptor.

    Raises :class:`MachineError` where TensorFlow would abort, which would look like a crash of every model.
    """
    if sys.platform.startswith("linux") and not Path("/proc/self").exists():
        raise MachineError("There is no /proc here, and TensorFlow does not start without it: mount it.")
    return [sys.executable, "-c", _CODE, str(descriptor), str(Path(__file__).resolve().parents[1])]
