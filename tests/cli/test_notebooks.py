"""The part of a notebook that a name needs: nothing that trains, and never less than what the model is made of."""

from __future__ import annotations

import ast
import json
import runpy
import sys
from textwrap import dedent

import pytest

from fuzzseq.errors import UsageError
from fuzzseq.files.notebooks import cells_of, source_of
from fuzzseq.files.slicing import needed
from fuzzseq.worker.instrumentation import Tracker
from fuzzseq.worker.loading import load


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Return a function that writes a notebook of such cells, and gives its path."""
    monkeypatch.chdir(tmp_path)

    def write(*cells, name="model.ipynb"):
        codes = [{"cell_type": "code", "source": dedent(cell)} for cell in cells]
        (tmp_path / name).write_text(json.dumps({"nbformat": 4, "cells": codes}))
        return tmp_path / name

    return write


def values(path, name="build"):
    """Run what a name needs; return what is bound then."""
    code = path.with_name("code.py")
    code.write_text("\n".join(source_of(needed(cells_of(path, path.name), name))))
    return runpy.run_path(str(code))


#: Cells that IPython runs, and the value of ``build`` after them.
READ = {
    "a question in brackets": ("build = [\n    64,  # why 64?\n]", [64]),
    "a question inside of a function": ("def f():\n# really?\n    return 1\nbuild = f()", 1),
    "a format on a line of its own": ('build = ("a %s"\n     % 3)', "a 3"),
    "a format behind a continuation": ('build = "a %s" \\\n% 3', "a 3"),
    "lines of a string": ('!ls\nbuild = """\n%a\n!b\nwhy?\n"""', "\n%a\n!b\nwhy?\n"),
    "a quote in a command": ("!echo don't (\nbuild = 1", 1),
    "a command over two lines": ("!pip install a \\\n    b\nbuild = 1", 1),
    "pip without a mark": ("pip install -q a\nbuild = 1", 1),
    "help": ("build = 1\nbuild?\nbuild.real??\n?build", 1),
    "a command in a block": ("if True:\n    !ls\n    build = 1", 1),
    "the output of a command": ("files = !ls\nbuild = 1", 1),
    "a magic behind a bracket in a string": ('a = "("  # (\n%time\nbuild = 1', 1),
    "a cell that is timed": ("%%time\nbuild = 1", 1),
    "line ends of Windows": ("!ls\r\nbuild = 1\r\n", 1),
}


@pytest.mark.parametrize("case", READ)
def test_what_ipython_reads(notebook, case):
    """What is for IPython is left out where a statement can begin, and what is Python stays as it is."""
    source, expected = READ[case]
    assert values(notebook(source))["build"] == expected


def test_another_language(notebook):
    """A cell of another language is left out, and a real error is told with its place."""
    assert values(notebook("%%bash\nbuild = (", "build = 2"))["build"] == 2
    with pytest.raises(UsageError, match="model.ipynb, cell 2, line 3 cannot be read as Python: "):
        cells_of(notebook("1", "%time\n\nbuild = = 1"), "model.ipynb")


#: Statements that nothing needs of those that make ``build``; each of them would raise.
LEFT = {
    "a column": 'df["t"] = 1',
    "an attribute": "df.columns = [1]",
    "a method called set": "ax.set_title(df)",
    "weights": "model.set_weights(df)",
    "a name inside of a function": "size = df",
    "a name inside of a comprehension": "each = df",
    "a name that is bound again": "number = df",
    "a name that is bound again while it trains": "for number in df:\n    other.fit(number, epochs=1)",
    "all of a module": "from not_there import *",
    "training": "build.fit(df, epochs=3)",
    "a loop that trains": "for x in df:\n    build.train_on_batch(x)",
    "a picture": "plot_model(build, df)",
    "a use": "ids = sizes.count(df)\nprint(sizes, df)",
    "a function that only uses": "look(sizes, df)",
}


@pytest.mark.parametrize("case", LEFT)
def test_what_nothing_needs(notebook, case):
    """What neither binds nor changes what is read is not run, and no data for it are loaded."""
    cells = """
        number = 3
        sizes = [number]
        def look(of, data):
            total = []
            total.append(of)
        def build():
            size = [each for each in sizes]
            return size
    """
    path = notebook("df = open('not there')", cells, LEFT[case])
    assert values(path)["build"]() == [3]


#: Cells that fill what ``build`` is made of after it was bound, and what it is then.
FILLED = {
    "a method": ("tok = set()\ntok.update('abc')\nbuild = len(tok) + 1", 4),
    "a loop": ("chars, lines = set(), ['ab', 'c']\nfor line in lines:\n    chars.add(line)\nbuild = len(chars)", 2),
    "a comprehension": ("chars = set()\n[chars.add(c) for c in 'abc']\nbuild = len(chars)", 3),
    "a comprehension that is kept": ("chars = set()\n_ = [chars.add(c) for c in 'abc']\nbuild = len(chars)", 3),
    "a map": ("chars = set()\nlist(map(chars.add, 'abc'))\nbuild = len(chars)", 3),
    "layers": ("class Model(list): add = list.append\nbuild = Model()\nbuild.add(1)\nbuild.add(2)", [1, 2]),
    "an item": ("build = {}\nbuild['a'] = 1", {"a": 1}),
    "an item that goes": ("build = {1: 2, 3: 4}\ndel build[1]", {3: 4}),
    "a count": ("build = 0\nfor _ in range(3):\n    build += 1", 3),
    "what a loop counts with": ("n = 1\nbuild = []\nfor i in range(2):\n    n += 1\n    build.append(n)", [2, 3]),
    "a with": ("import io\nwith io.StringIO('ab') as file:\n    text = file.read()\nbuild = len(text)", 2),
    "a function that fills a name": ("build = []\ndef fill():\n    build.append(1)\nfill()", [1]),
    "a function that fills what it gets": ("build = []\ndef fill(n, what):\n    what.append(n)\nfill(1, build)", [1]),
    "its value is used": ("build = []\ndef fill(what):\n    what.append(1)\n    return 1\nx = fill(build)", [1]),
    "a function that binds": ("build = 1\ndef set_it():\n    global build\n    build = 2\nset_it()", 2),
    "one calls another": ("build = []\ndef a(x):\n    b(x)\ndef b(y):\n    y.append(1)\na(build)", [1]),
    "somebody else's function": ("import heapq\nbuild = []\nheapq.heappush(build, 1)", [1]),
    "a decorator": ("build = {}\ndef known(f):\n    build[1] = 2\n    return f\n@known\ndef g(): ...", {1: 2}),
    "another name for it": ("build = []\nother = build\nother.append(1)", [1]),
    "a part of it": ("build = [[], []]\nfor each in build:\n    each.append(1)", [[1], [1]]),
    "one of two on a line": ("a = []; a.append(1); print(not_there)\nbuild = a", [1]),
    "a pop": ("a = [1, 2]\nlast = a.pop()\nbuild = a", [1]),
    "a part of it in a function": (
        "build = [[]]\ndef fill(what):\n    for each in what:\n        each.append(1)\nfill(build)",
        [[1]],
    ),
    "a method that fills a name": (
        "build = []\nclass Reader:\n    def read(self): build.append(1)\nReader().read()",
        [1],
    ),
    "what it is called with later": ("n = 1\ndef f(): return n\nn = 2\nbuild = f()\nn = 1 + 1", 2),
    "all of a module": ("from collections import *\nbuild = Counter('aa')", {"a": 2}),
    "a function called like what only shows": ("build = []\ndef show(x): x.append(1)\nshow(build)", [1]),
    "a fit that trains no model": (
        "class Coder:\n    def fit(self, x): self.n = len(x)\ncoder = Coder()\ncoder.fit('abc')\nbuild = coder.n",
        3,
    ),
}


@pytest.mark.parametrize("case", FILLED)
def test_what_is_filled_later(notebook, case):
    """What changes a needed value is run as well: it would be another model without."""
    source, expected = FILLED[case]
    path = notebook(source)
    assert values(path)["build"] == expected
    (whole := path.with_name("whole.py")).write_text(source.replace("print(not_there)", ""))
    assert runpy.run_path(str(whole))["build"] == expected


def test_data_are_loaded_where_they_fill(notebook):
    """Where data fill a needed value, they are loaded, and an error of that is the user's own."""
    path = notebook("lines = open('not there')", "chars = set()\nfor l in lines: chars.add(l)", "build = len(chars)")
    with pytest.raises(FileNotFoundError):
        values(path)


def test_what_a_module_makes_is_no_part_of_it(notebook):
    """What fills a value that nothing reads is not run, though the module that made the value is needed."""
    path = notebook("import math", "table = math.nan\ntable.fill(data)", "def build():\n    return math.floor(2.5)")
    assert values(path)["build"]() == 2


@pytest.mark.parametrize(
    "source",
    [
        "build = search.fit(1, epochs=2)[0]",
        "for n in (1, 2):\n    build.add(n)\n    build.fit(n, epochs=1)",
        "if True:\n    build.fit(1, epochs=1)\nelse:\n    build.load_weights('a')",
    ],
)
def test_training_that_makes_the_model(notebook, source):
    """A statement that trains and also makes what is needed is one sentence: neither half of it would be right."""
    path = notebook("build = []\nbuild.compile()", source)
    with pytest.raises(UsageError, match="build cannot be taken .*: cell 2, line 1 trains and also changes build."):
        values(path)


def test_settings(notebook):
    """What is set on something imported holds for all that follows."""
    path = notebook(
        """
        import json, os, random, sys
        os.environ["FUZZSEQ_NOTEBOOK"] = str(1)
        sys.path.append("there")
        random.seed(3)
        os.getcwd(not_there)
        """,
        "build = 1",
    )
    code = "\n".join(source_of(needed(cells_of(path, path.name), "build")))
    assert [*ast.unparse(ast.parse(code)).splitlines()] == [
        "import json, os, random, sys",
        "os.environ['FUZZSEQ_NOTEBOOK'] = str(1)",
        "sys.path.append('there')",
        "random.seed(3)",
        "build = 1",
    ]


def test_its_module(notebook, monkeypatch, tmp_path):
    """A notebook is no module that others import by its name, and its code has no future of ours."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "beside_it.py").write_text("VALUE = 1\n")
    path = notebook("from beside_it import VALUE", "def build(size: VALUE): ...", name="beside_it.ipynb")
    target = load({"file": str(path), "name": "build"}, Tracker())[f"{path}:build"]
    assert target.factory.__annotations__ == {"size": 1}
    assert sys.modules["beside_it"].VALUE == 1
