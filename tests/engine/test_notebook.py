"""A notebook is run by a real kernel: what its outputs hold, and where the findings of its cells are."""

from __future__ import annotations

import subprocess
import sys

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install nbclient ipykernel")
nbformat = pytest.importorskip("nbformat", reason="nbclient is not installed: pip install nbclient ipykernel")

CELLS = (
    "import {keras} as keras\nfrom {keras} import layers\n\nimport fuzzseq",
    """\
def embed(tokens, rows, units):
    # A helper, in another cell.
    return layers.Embedding(rows, units)(tokens)""",
    """\
def tagger(vocab_size, units, fewer):
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = embed(tokens, vocab_size - fewer, units)
    return keras.Model(tokens, layers.Dense(vocab_size)(x))


def build(vocab_size, units=4):
    return tagger(vocab_size, units, 1)""",
    'result = fuzzseq.fuzz(build, max_cases=20, output="out")\nresult',
    "fuzzseq.fuzz(lambda vocab_size, units: tagger(vocab_size, units, 0), max_cases=20)",
    """\
frame = result.findings[0].location
print(frame.place, frame.function, frame.source[frame.start : frame.end])""",
    "fuzzseq.fuzz(build, max_cases=5, progress=False).raise_for_findings()",
)


@pytest.fixture(params=["keras", "tf_keras"])
def notebook(request, tmp_path, monkeypatch):
    """A notebook that fuzzes a wrong and a right model, as a kernel leaves it."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    cells = [nbformat.v4.new_code_cell(cell.replace("{keras}", request.param)) for cell in CELLS]
    book = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(book, timeout=600, allow_errors=True, resources={"metadata": {"path": tmp_path}})
    return client.execute()


@pytest.mark.slow
def test_a_notebook(notebook, tmp_path):
    """A result is shown as HTML below one line of progress; a finding is at its cell and line; nothing else is said."""
    first, second, third, wrong, right, told, raised = (cell.outputs for cell in notebook.cells)
    assert (first, second, third) == ([], [], [])
    for outputs, outcome in ((wrong, "1 finding in 20 cases"), (right, "no findings in 20 cases")):
        progress, shown = outputs
        assert progress.output_type == "display_data"
        assert set(progress.data) == {"text/plain"}
        assert outcome in progress.data["text/plain"]
        assert progress.data["text/plain"].count("\n") == 0
        assert shown.output_type == "execute_result"
        assert outcome in shown.data["text/html"]
        assert shown.data["text/plain"].startswith("<FuzzResult of ")
    place = "In [2], line 3 embed"
    caret = "layers.Embedding(rows, units)(tokens)" if sys.version_info >= (3, 11) else "return layers.Embedding"
    assert told[0].text.startswith(f"{place} {caret}")
    assert "In [2], line 3" in wrong[1].data["text/html"].replace("<wbr>", "")
    (error,) = raised
    assert (error.output_type, error.ename) == ("error", "InputVocabulary")
    (script,) = (tmp_path / "out").glob("*.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "InvalidArgumentError" in done.stderr
