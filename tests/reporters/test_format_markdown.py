"""``report.md``, rendered by a Markdown library that is not ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from markdown_it import MarkdownIt

from fuzzseq.baseline import BaselineEntry
from fuzzseq.events import TargetFinished
from fuzzseq.reporting import markdown_report
from fuzzseq.reporting.markdown_escape import code, fenced, prose
from fuzzseq.settings import Settings

OURS = {
    *("h2", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "p"),
    *("details", "summary", "strong", "ul", "li", "sub"),
}


class Seen(HTMLParser):
    """The tags of a page, how deep they nest, and its text without code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words = ""

    def handle_starttag(self, tag, attrs):
        """Take a tag."""
        assert not attrs or tag == "code", (tag, attrs)
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        """Take the end of a tag."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Take text."""
        if "code" not in self.open:
            self.words += data


def seen(text):
    """Return what a page is made of."""
    page = Seen()
    page.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    page.close()
    assert page.open == []
    return page


def test_the_page(reported, run_events, crash_finding, leak_finding):
    """The verdict comes first, then the findings, each with its details, and warnings and targets after them."""
    text = reported("markdown", "report.md", run_events(crash_finding, leak_finding, error="There is no file."))
    lines = text.splitlines()
    assert lines[0] == "## fuzzseq: 2 findings (1 error, 1 warning), 1 unclassified; completed"
    assert lines[2] == "| finding | severity | cause | target | minimal sizes |"
    assert lines[4].startswith(
        f"| `{crash_finding.id}` | error | An embedding is smaller than its vocabulary | `my_model.py:build` | "
        "`batch_size=2, source_length=3, "
    )
    assert lines[5].startswith(f"| `{leak_finding.id}` | warning |")
    first = text[text.index("<details>") : text.index("</details>")]
    for said in (
        "The source embedding has 5 rows for a vocabulary of 6: id 5 lies one row past its end.",
        "source_vocab_size     6",
        "**At** `my_model.py:12 in build`\n\n```python\nx = Embedding(vocab - 1, dim)(source)  # [bold]\n```",
        "InvalidArgumentError: indices[0,0] = 5 is not in [0, 5)",
        "**Fails when** `max_source_id >= source_vocab_size - 1",
        "**Fix** Set Embedding(input\\_dim=...) to the vocabulary size",
        f"```console\nfuzzseq replay DIR/{crash_finding.id}.json\n```",
    ):
        assert said in first
    rest = text[text.rindex("</details>") :]
    assert "- **unusable target** `gone.py:build`: There is no file." in rest
    assert "- warning `my_model.py:build`: the model was rebuilt 3 times" in rest
    assert "| `my_model.py:build` | 60 | 2 | completed |" in rest
    assert "profile quick, seed 0" in rest
    assert set(seen(text).tags) <= OURS


def test_nothing_found(reported, run_events):
    """A run without findings is its verdict and its targets."""
    text = reported("markdown", "report.md", run_events())
    assert text.startswith("## fuzzseq: no findings in 60 cases; completed\n\n- warning")
    assert "<details>" not in text


def test_what_the_baseline_holds(reported, run_events, crash_finding):
    """A finding that the baseline holds is said to be known."""
    settings = Settings(profile="quick", max_cases=60, baseline={crash_finding.id: BaselineEntry("my_model.py:build")})
    text = reported("markdown", "report.md", run_events(crash_finding, settings=settings))
    assert f"| `{crash_finding.id}` | error, in the baseline |" in text


def test_what_a_model_says_is_no_markup(reported, hostile_events):
    """Whatever a model says, tags, tables, links and mentions are ours alone."""
    text = reported("markdown", "report.md", hostile_events())
    page = seen(text)
    assert set(page.tags) <= OURS
    assert page.tags.count("details") == 1
    assert [page.tags.count(tag) for tag in ("table", "tr", "td")] == [2, 2 + 3, 5 + 2 * 5]
    assert "<img src=x onerror=alert(1)>" in page.words
    assert not re.search(r"[@][a-z]", re.sub(r"(?s)(`+).*?\1", "", text))


@pytest.mark.parametrize(
    "said",
    [
        *("# a", "- a", "1. a", "+ a", "=== a", "> a", "| a | b |", "~~a~~", "*a* _b_ **c**", "`a`", "``a` b", "&lt;"),
        *("<b>a</b>", "[a](b)", "![a](b)", "\\", "a\\", "http://x.test", "$a$", "<!-- a", "```"),
    ],
)
def test_text_stays_text(said):
    """Text is shown with every character that it has, in words, in code, and in a block of code."""
    page = seen(prose(said))
    assert (set(page.tags), page.words.strip()) == ({"p"}, said)
    for marked in (f"x {code(said)} y", fenced(said)):
        shown = MarkdownIt("commonmark").parse(marked)
        flat = [token for block in shown for token in (block.children or [block])]
        assert [token.content.strip() for token in flat if token.type in ("code_inline", "fence")] == [said]


def test_links_and_mentions_are_broken():
    """An address is no link by itself, and nobody is called."""
    assert prose("see https://x.test, www.x.test or ask @someone") == (
        "see https\\://x.test, www\\.x.test or ask @<!-- -->someone"
    )


def test_step_summary(reported, run_events, crash_finding, monkeypatch):
    """On GitHub the report is added to the summary of the step, once, and only its tables where it is too long."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    text = reported("markdown", "report.md", run_events(crash_finding))
    summary = Path("summary.md")
    assert summary.read_text(encoding="utf-8") == text
    monkeypatch.setattr(markdown_report, "MOST_BYTES", len(text.encode()) - 1)
    assert reported("markdown", "report.md", run_events(crash_finding), folder="long") == text
    added = summary.read_text(encoding="utf-8").removeprefix(text)
    assert "| `input-vocabulary-" in added
    assert "<details>" not in added
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/folder")
    assert reported("markdown", "report.md", run_events(crash_finding), folder="third") == text


def test_how_wrong_input_is_taken(reported, run_events, crash_finding):
    """What was found of input that a model ought to refuse is a table, a line for each kind that was tried."""
    taken = {"source_rank": "crashed", "state_units": "rejected"}
    events = [
        attrs.evolve(event, report=attrs.evolve(event.report, acceptance=taken))
        if isinstance(event, TargetFinished)
        else event
        for event in run_events(crash_finding)
    ]
    text = reported("markdown", "report.md", events)
    assert "| source ids with an extra axis | crashed |" in text
    assert "| a state with one extra unit | rejected |" in text
    assert "invalid input" not in reported("markdown", "report.md", run_events(crash_finding))
