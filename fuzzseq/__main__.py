"""Runs the command line as ``python -m fuzzseq``."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Python puts the current folder first, and with it whatever is called click.py or random.py there.
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    from fuzzseq.cli import main

    main(prog_name="fuzzseq")
