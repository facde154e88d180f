"""The page in a real browser: nothing fails, nothing leaves the file, everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from PIL import Image

from googlenet.checks import find
from googlenet.dataset import open_dataset
from googlenet.evaluation import Answers
from googlenet.report import compared_run, write_check_report, write_comparison
from googlenet.runs import RunFolder
from tests.report.conftest import CLASSES, changed, fill_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((390, "dark"), (1440, "light"))


class Watched:
    """A page that was opened from its file, and what went wrong on it."""

    def __init__(self, browser: Browser, path: Path, **settings: Any) -> None:
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())


@pytest.fixture(scope="module")
def comparison(run: RunFolder, page: Path, answers: Answers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("other")
    other = fill_run(RunFolder(root / "other"), root / "data", changed(answers, accuracy=0.9, seed=5), seed=9)
    return write_comparison([compared_run(run), compared_run(other)], root / "comparison.html")


@pytest.fixture
def checked(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    for name in ("<img src=x onerror=document.title='broken'>", "plain"):
        (data / name).mkdir(parents=True)
        (data / name / "empty.jpg").write_bytes(b"")
        for number in range(40):
            Image.new("RGB", (60, 40), (number, 90, 200)).save(data / name / f"{number:02}.png")
    dataset = open_dataset(data, split_rule=None)
    write_check_report(find(dataset), dataset, tmp_path / "check.html", command="googlenet train data")
    return tmp_path / "check.html"


@pytest.fixture
def opened(browser: Browser, page: Path) -> Iterator[Watched]:
    watched = Watched(browser, page, viewport={"width": 1440, "height": 900})
    yield watched
    watched.context.close()
    assert watched.problems == []


@pytest.mark.parametrize("which", ["page", "comparison", "checked", "atlas"])
def test_it_fits_breaks_no_rule_of_accessibility_and_loads_nothing(
    which: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    axe_module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: pip install axe-playwright-python"
    )
    path: Path = request.getfixturevalue(which)
    watched = Watched(browser, path)
    for width, scheme in LOOKS:
        watched.page.set_viewport_size({"width": width, "height": 900})
        watched.page.emulate_media(color_scheme=scheme)
        inner, outer = watched.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert inner <= outer == width
        found = axe_module.Axe().run(watched.page).response["violations"]
        grave = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        assert [(fault["id"], [node["html"] for node in fault["nodes"][:3]]) for fault in grave] == []
    assert watched.page.evaluate("[...document.images].every((one) => one.loading === 'lazy' || one.complete)")
    assert watched.page.title() != "broken"  # the name of a class would set it
    assert [url for url in watched.requests if not url.startswith("data:")] == [path.as_uri()]
    assert watched.problems == []
    watched.context.close()


def test_a_cell_shows_its_pictures_with_the_mouse(opened: Watched) -> None:
    page = opened.page
    cell = page.locator('table.matrix a[href="#cell-1-2"]')
    cell.click()
    panel = page.locator("#cell-1-2")
    assert panel.is_visible()
    assert page.locator(".panel:visible").count() == 1
    assert panel.locator("li").count() == int(cell.inner_text()) > 0
    assert panel.locator("img").first.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    assert cell.get_attribute("aria-expanded") == "true"
    panel.get_by_text("Close").click()
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.hash") == "#cell-1-2"


def test_the_matrix_works_with_the_keyboard_alone(opened: Watched) -> None:
    page = opened.page
    page.locator("#order").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # over the scrolling region
    assert page.evaluate("document.activeElement.hash") == "#cell-0-0"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.hash") == "#cell-0-1"
    page.keyboard.press("Enter")
    assert page.locator("#cell-0-1").is_visible()
    assert page.evaluate("document.activeElement.id") == "cell-0-1-heading"
    page.keyboard.press("Escape")
    assert not page.locator("#cell-0-1").is_visible()
    assert page.evaluate("document.activeElement.hash") == "#cell-0-1"


def test_the_classes_of_the_matrix_can_be_ordered(opened: Watched) -> None:
    page = opened.page

    def rows() -> list[str]:
        return page.locator("table.matrix tbody th").all_inner_texts()

    def diagonal() -> int:
        on_it = "(rows) => rows.map((row, place) => row.cells[place + 1].className).filter((one) => one !== 'miss')"
        return len(page.locator("table.matrix tbody tr").evaluate_all(on_it))

    before = rows()
    page.select_option("#order", label="lowest recall first")
    assert sorted(rows()) == sorted(before)
    assert rows() != before
    assert diagonal() == len(CLASSES)
    page.select_option("#order", label="original order")
    assert rows() == before


def test_a_table_is_sorted_by_its_headings(opened: Watched) -> None:
    page = opened.page
    table = page.locator("table.sortable").first
    heading = table.get_by_role("button", name="pictures")
    heading.click()
    counts = [int(text) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    heading.press("Enter")
    counts = [int(text) for text in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
    assert counts == sorted(counts)
    assert table.locator("th[aria-sort]").count() == 1


def test_without_scripts_a_cell_still_shows_its_pictures(browser: Browser, page: Path) -> None:
    watched = Watched(browser, page, java_script_enabled=False)
    assert not watched.page.locator("#order").is_visible()
    watched.page.locator('table.matrix a[href="#cell-2-3"]').click()
    assert watched.page.locator("#cell-2-3").is_visible()
    assert watched.page.locator(".panel:visible").count() == 1
    watched.context.close()


def test_on_paper_it_is_light_and_complete(browser: Browser, page: Path) -> None:
    watched = Watched(browser, page, color_scheme="dark")
    watched.page.emulate_media(media="print", color_scheme="dark")
    background = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert not watched.page.locator("nav").is_visible()
    heights = "[...document.querySelectorAll('.scroller')].map((one) => [one.scrollHeight, one.clientHeight])"
    assert all(inner <= outer + 1 for inner, outer in watched.page.evaluate(heights))
    watched.context.close()
