"""The atlas of a layer: what is on it, its size, and its search in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.report import atlas as atlas_page
from googlenet.report.atlas import Atlas, Tier, write_atlas
from googlenet.visualization.units import unit_layers
from tests.report.test_browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_it_names_units_layers_pictures_and_what_could_not_be_read(atlas: Path) -> None:
    text = atlas.read_text(encoding="utf-8")
    assert "The units of 4a/5x5_reduce" in text
    assert "model &lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text  # the name of a class
    assert text.count('class="unit"') == 16
    assert "No picture excites this unit." in text
    assert "of data &amp; more could not be read and are left out" in text
    assert "tabby, tabby cat" in text


def noise_atlas(units: int) -> Atlas:
    """Made images that no format makes small."""
    layers = unit_layers(build_architecture(ArchitectureSpec("paper")), "5b")
    noise = np.random.default_rng(1).integers(0, 256, (units, 128, 128, 3), np.uint8)
    return Atlas("model", layers[0], layers, tuple(range(units)), dict(enumerate(noise)))


@pytest.mark.parametrize(("most", "tier"), [(10_000_000, 0), (150_000, 1)])
def test_pictures_are_made_smaller_until_the_page_has_room(
    most: int, tier: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas_page, "PAGE_BYTES", most)
    monkeypatch.setattr(atlas_page, "TIERS", (Tier(128, 60, 60), Tier(48, 30, 40)))
    path = tmp_path / "atlas.html"
    write_atlas(noise_atlas(40), path)
    text = path.read_text(encoding="utf-8")
    assert text.count('class="unit"') == 40
    assert f'width="{(128, 48)[tier]}"' in text
    assert text.count("data:image/") == 40
    assert len(text) < most + 60_000  # the style and the script


@pytest.fixture
def opened(browser: Browser, atlas: Path) -> Iterator[Watched]:
    watched = Watched(browser, atlas, viewport={"width": 1440, "height": 900})
    yield watched
    watched.context.close()
    assert watched.problems == []


def visible_units(watched: Watched) -> list[str]:
    return watched.page.locator(".unit:visible").evaluate_all("(units) => units.map((unit) => unit.id)")  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", ["7", "unit 7", "#07", " 7 "])
def test_a_unit_is_found_by_its_number(opened: Watched, text: str) -> None:
    opened.page.fill("#query", text)
    assert visible_units(opened) == ["unit-7"]
    assert opened.page.inner_text("#found") == "1 of 16 units"


def test_units_are_found_by_the_class_of_their_pictures(opened: Watched) -> None:
    page = opened.page
    page.fill("#query", "TABBY cat")
    found = visible_units(opened)
    assert 0 < len(found) < 16
    assert page.inner_text("#found") == f"{len(found)} of 16 units"
    marked = page.locator(".unit:visible figure.fits")
    assert marked.count() >= len(found)
    assert {*marked.evaluate_all("(all) => all.map((one) => one.dataset.label)")} == {"tabby, tabby cat"}
    page.keyboard.press("Escape")
    assert len(visible_units(opened)) == 16
    assert page.locator("figure.fits").count() == 0


def test_what_no_unit_has_says_so_and_can_be_cleared(opened: Watched) -> None:
    opened.page.fill("#query", "<b>nothing</b>")
    assert visible_units(opened) == []
    opened.page.get_by_role("button", name="Show all units").click()
    assert len(visible_units(opened)) == 16
    assert opened.page.evaluate("document.activeElement.id") == "query"


def test_the_keyboard_reaches_the_search_and_walks_over_the_units_that_are_shown(opened: Watched) -> None:
    page = opened.page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type("4a/5x5")  # a slash in the search is a slash
    assert page.input_value("#query") == "4a/5x5"
    page.locator("#unit-3 h3 a").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.hash") == "#unit-4"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.hash") == "#unit-2"


def test_a_link_to_a_unit_leads_there_whatever_was_searched_for(opened: Watched) -> None:
    page = opened.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    page.fill("#query", "7")
    page.evaluate("location.hash = '#unit-9'")
    page.wait_for_function("!document.getElementById('unit-9').hidden")
    assert page.input_value("#query") == ""
    heading, search = page.locator("#unit-9 h3").bounding_box(), page.locator(".search").bounding_box()
    assert heading is not None
    assert search is not None
    assert 0 <= search["y"] < 60  # stays in sight
    assert search["y"] + search["height"] <= heading["y"] < 300


def test_without_scripts_all_units_are_shown_without_a_search(browser: Browser, atlas: Path) -> None:
    watched = Watched(browser, atlas, java_script_enabled=False)
    assert not watched.page.locator("#query").is_visible()
    assert watched.page.locator(".unit:visible").count() == 16
    watched.context.close()
