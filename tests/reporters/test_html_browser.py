"""The page in a browser: what the script does, what the policy keeps out, and who can use it."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from fuzzseq.findings import Diagnosis, ProbedCase, Region
from fuzzseq.reporting.dispatcher import Dispatcher
from fuzzseq.reporting.folder import Folder
from fuzzseq.reporting.html import HtmlReport
from fuzzseq.reporting.run_state import RunState
from tests.benchmarks.html import run_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser():
    """Return a browser without a window."""
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Watched:
    """A page that is open, with all that its console said and all that it asked for."""

    def __init__(self, tab, file: Path) -> None:
        self.tab = tab
        self.said: list[str] = []
        self.asked: list[str] = []
        tab.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: self.said.append(str(error)))
        tab.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.goto(file.as_uri())

    def shown(self) -> list[str | None]:
        """Return the findings that can be seen."""
        return [one.get_attribute("id") for one in self.tab.locator("article.finding").all() if one.is_visible()]


@pytest.fixture
def opened(browser, tmp_path):
    """Return what writes the page of some events and opens it."""
    contexts = []

    def open_(events, **how) -> Watched:
        record = RunState()
        with closing(Folder(tmp_path)) as folder:
            fan = Dispatcher(record, [HtmlReport(record, folder)])
            for number, event in enumerate(events):
                fan.on_event(event, number / 10)
        contexts.append(browser.new_context(**how))
        return Watched(contexts[-1].new_page(), tmp_path / "report.html")

    yield open_
    for context in contexts:
        context.close()


def test_nothing_leaves_the_page(opened, run_events, crash_finding, leak_finding):
    """The page asks for itself alone, and its console has nothing to say, whatever is done to it."""
    page = opened(run_events(crash_finding, leak_finding))
    page.tab.fill("#search", "embedding")
    page.tab.click("#theme")
    page.tab.click("#unfold")
    page.tab.emulate_media(media="print")
    assert page.asked == [page.tab.url]
    assert page.said == []


@pytest.mark.parametrize(
    "text",
    [
        "</script><img src=x onerror=\"alert('in')\">",
        "<script>alert('in')</script>",
        "\"><svg onload=alert('in')>",
        "' onfocus=alert('in') autofocus '",
        "javascript:alert('in')",
        "<style>body{display:none}</style>",
        "<base href=http://example.invalid/>",
        "<a href=\"javascript:alert('in')\">here</a>",
    ],
)
def test_foreign_text_does_nothing(opened, run_events, crash_finding, text):
    """A name or a message of a model that is written as a page would be is read, and not obeyed."""
    line = attrs.evolve(crash_finding.location, source=text, file=text, start=None, end=None)
    region = Region(
        expression=text,
        failing=1,
        passing=1,
        tried=tuple(ProbedCase(facts={text: value, "units": 2}, result="same") for value in (1, text)),
    )
    finding = attrs.evolve(
        crash_finding,
        message=text,
        position=text,
        location=line,
        exception=attrs.evolve(crash_finding.exception, message=text, exception=text, frames=(line,)),
        diagnosis=Diagnosis(
            cause="input-vocabulary", explanation=text, region=region, symbolic_message=text, evidence=(text,)
        ),
        sizes={text: 2},
    )
    page = opened(run_events(finding, error=text))
    page.tab.locator("figure.map button").first.focus()
    page.tab.locator("button.copy").first.click()
    page.tab.wait_for_timeout(200)
    assert (page.said, page.asked) == ([], [page.tab.url])
    assert page.tab.locator("article p.explanation").text_content() == text
    assert page.tab.locator("main img, main script, main style, main base, main a").count() == 0
    assert page.tab.locator("h1").is_visible()


def test_search_and_filter(opened):
    """The box finds words anywhere in a finding, all of them; boxes choose by severity and group; the count is told."""
    page = opened(run_of(30))
    status = page.tab.locator("#shown")
    assert status.text_content() == "30 of 30 findings shown"
    page.tab.fill("#search", "decoder#7")
    assert page.shown() == [
        one.get_attribute("id") for one in page.tab.locator("article", has_text="Translator/decoder#7").all()
    ]
    page.tab.fill("#search", "models/translator_3 DECODE")
    assert status.text_content() == "2 of 30 findings shown"
    page.tab.fill("#search", "no such thing")
    assert status.text_content() == "0 of 30 findings shown"
    page.tab.fill("#search", "")
    page.tab.uncheck("input[value=error]")
    assert status.text_content() == "20 of 30 findings shown"
    page.tab.uncheck("input[value=input]")
    inside = page.tab.locator("article:not([data-severity=error]):not([data-group=input])")
    assert len(page.shown()) == inside.count()
    assert status.text_content() == f"{inside.count()} of 30 findings shown"


def test_failure_map(opened, run_events, crash_finding):
    """A cell that is pointed at, or that arrow keys come to, tells its cases; one cell at a time takes the tab key."""
    tried = tuple(
        ProbedCase(
            facts={"source_length": s, "target_length": t, "ragged": s == 2, "units": 2},
            result="passes" if s == t else "same",
        )
        for s, t in ((1, 1), (1, 3), (2, 2), (3, 1), (3, 3))
    )
    region = Region(
        expression="source_length != target_length",
        conditions=(("source_length", "target_length"),),
        failing=2,
        passing=3,
        tried=tried,
    )
    diagnosis = attrs.evolve(crash_finding.diagnosis, region=region)
    page = opened(run_events(attrs.evolve(crash_finding, diagnosis=diagnosis)))
    told, cells = page.tab.locator("figure.map .told"), page.tab.locator("figure.map button")
    cells.nth(0).hover()
    assert told.text_content() == ("target_length = 1, source_length = 1: passes with not ragged.")
    cells.nth(0).focus()
    page.tab.keyboard.press("ArrowRight")
    assert told.text_content() == "target_length = 1, source_length = 3: fails with not ragged."
    page.tab.keyboard.press("ArrowDown")
    assert told.text_content() == "target_length = 3, source_length = 3: passes with not ragged."
    page.tab.keyboard.press("ArrowLeft")
    assert told.text_content() == "target_length = 3, source_length = 1: fails with not ragged."
    assert [cell.get_attribute("tabindex") for cell in cells.all()].count("0") == 1


def test_closed_findings_open(opened):
    """Many findings are closed but for the first; a link to one opens it, and its map is there then."""
    page = opened(run_of(10))
    assert page.tab.locator("article details[open]").count() == 1
    page.tab.evaluate("location.hash = 'finding-5'")
    page.tab.wait_for_selector("#finding-5 details[open]")
    page.tab.locator("#finding-5 figure.map button").first.focus()
    assert " = " in str(page.tab.locator("#finding-5 .told").text_content())
    page.tab.click("#unfold")
    assert page.tab.locator("article details[open]").count() == 10


def test_commands_are_copied(opened, run_events, crash_finding):
    """The button beside a command puts it on the clipboard, or selects it where there is none."""
    page = opened(run_events(crash_finding))
    button = page.tab.locator("button.copy").first
    button.click()
    page.tab.wait_for_function("document.querySelector('button.copy').textContent !== 'Copy'")
    if button.text_content() == "Selected":
        assert page.tab.evaluate("String(getSelection())").strip() == f"fuzzseq replay {crash_finding.id}.json"


def test_light_and_dark(opened, run_events, crash_finding):
    """The page is as dark as the system, until its button is pressed."""
    for system, other in (("dark", "light"), ("light", "dark")):
        page = opened(run_events(crash_finding), color_scheme=system)
        ground = "getComputedStyle(document.body).backgroundColor"
        before = page.tab.evaluate(ground)
        assert page.tab.locator("#theme").text_content() == other.capitalize()
        page.tab.click("#theme")
        after = page.tab.evaluate(ground)
        dark = [int(color[4:].split(",")[0]) < 128 for color in (before, after)]
        assert dark == [system == "dark", other == "dark"]


def test_on_paper_all_is_open(opened):
    """What is closed on the screen is printed, and nothing that is for the screen alone."""
    page = opened(run_of(5))
    page.tab.emulate_media(media="print")
    page.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert all(one.is_visible() for one in page.tab.locator("article .explanation").all())
    assert not page.tab.locator("#filter").is_visible()
    page.tab.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.tab.locator("article details[open]").count() == 1
    assert len(page.tab.pdf()) > 10_000


@pytest.mark.parametrize("width", [320, 400, 1300])
def test_fits_any_width(opened, width):
    """The page itself never scrolls sideways: tables do."""
    page = opened(run_of(6), viewport={"width": width, "height": 800})
    page.tab.click("#unfold")
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_keeps_nobody_out(opened, scheme):
    """axe-core finds nothing serious: names, roles, headings, tables, contrast, in the light and in the dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = opened(run_of(6), color_scheme=scheme, bypass_csp=True)
    page.tab.click("#unfold")
    for target in page.tab.locator("details.target").all()[:2]:
        target.evaluate("one => { one.open = true; }")
    found = axe.Axe().run(page.tab).response["violations"]
    bad = [
        (one["id"], one["impact"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not bad, json.dumps(bad, indent=2)


def test_opens_with_many_findings(opened):
    """Two hundred findings open within seconds; how many, tests.benchmarks.html tells: two is what is asked for."""
    page = opened(run_of(200))
    took = page.tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    assert page.tab.locator("article").count() == 200
    assert took < 10, "ten is for a machine that others work on"
