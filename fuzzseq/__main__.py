"""Runs the command line as ``python -m fuzzseq``."""

from __future__ import annotations

from fuzzseq.cli import main

if __name__ == "__main__":
    main(prog_name="fuzzseq")
