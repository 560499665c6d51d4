"""What a model changes of its process: what of that is put back, and what is named."""

from __future__ import annotations

import builtins
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from fuzzseq.worker.untouched import Surroundings, listed, replaced


def test_what_is_put_back(tmp_path, monkeypatch):
    """Where it is, what it imports from, how deep it may go, its masks and its warnings are as they were before."""
    monkeypatch.chdir(tmp_path)
    before = Surroundings.now()
    try:
        os.chdir("/")
        os.umask(0o777)
        sys.path.clear()
        sys.setrecursionlimit(400)
        np.seterr(all="raise")
        warnings.simplefilter("error")
    finally:
        before.put_back()
    assert Surroundings.now() == before
    assert Path.cwd() == tmp_path


def test_a_folder_that_is_gone(tmp_path, monkeypatch):
    """A folder that was deleted is neither asked for nor gone back to."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    before = Surroundings.now()
    assert before.folder is None
    before.put_back()


def test_what_was_replaced(monkeypatch):
    """Each function of Python's own that is another one is named, and a module that is taken away; no time zone is."""
    time.tzset()
    assert replaced() == []
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(json, "dumps", None)
    monkeypatch.delattr(builtins, "open")
    monkeypatch.delitem(sys.modules, "json")
    assert sorted(replaced()) == ["builtins.open", "json.dumps", "os.getpid", "sys.modules['json']"]


def test_some_names():
    """A few names are given, and how many more there are."""
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"
