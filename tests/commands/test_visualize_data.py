"""`googlenet visualize` with pictures beside made images, as a page, and its figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from googlenet.model import save_model
from tests.artifacts.exported_models import small_model
from tests.commands.conftest import Run, paint

pytest.importorskip("torch", reason="no torch: pip install torch")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("visualize") / "small.safetensors"
    save_model(small_model(), path)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three pictures in two classes of the model, and one that cannot be read."""
    for number, (name, colour) in enumerate((("n01/a", "red"), ("n01/b", "green"), ("n02/c", "blue"))):
        paint(tmp_path / "data" / f"{name}.png", colour, number)
    (tmp_path / "data" / "n02" / "torn.png").write_text("torn")
    return tmp_path / "data"


def test_pictures_stand_beside_made_images_on_a_sheet_and_on_a_page(
    googlenet: Run, model: Path, data: Path, tmp_path: Path
) -> None:
    sheet, page = tmp_path / "sheet.png", tmp_path / "atlas.html"
    made = ("visualize", model, "4a:1,0", "--steps", "1", "--data", data, "--pictures", "2")
    done = googlenet(*made, "--out", sheet, "--html", page, "--json")
    assert done.code == 1  # one picture cannot be read
    assert "n02/torn.png: " in done.err
    assert [image["unit"] for image in done.json["images"]] == [1, 0]
    assert (done.json["out"], done.json["html"]) == (str(sheet), str(page))
    for image in done.json["images"]:
        values = [one["value"] for one in image["pictures"]]
        assert values == sorted(values, reverse=True)
        assert 0 < len(values) <= 2
        assert {one["image"] for one in image["pictures"]} <= {"n01/a.png", "n01/b.png", "n02/c.png"}
        assert all(one["label"] in ("n01", "n02") and len(one["box"]) == 4 for one in image["pictures"])
    with Image.open(sheet) as drawn:
        assert drawn.size == (380, 670)  # two cards, with a made image and two patches each
    text = page.read_text(encoding="utf-8")
    assert text.count('class="unit"') == 2
    assert "cassette player" in text or "tench" in text  # what the model calls the classes
    assert "torn.png" in text
    again = googlenet(*made, "--html", page)
    assert f"{page} already exists; use --html to write another file" in again.error


def test_a_page_of_made_images_alone_needs_no_pictures(googlenet: Run, model: Path, tmp_path: Path) -> None:
    page = tmp_path / "atlas.html"
    done = googlenet("visualize", model, "linear:tench", "--steps", "1", "--html", page)
    assert done.code == 0, done.err
    text = page.read_text(encoding="utf-8")
    assert "tench" in text
    assert text.count("data:image/") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("4a:0",), "name what to write: --out FILE.png, --out FOLDER or --html FILE.html"),
        (("4a:0", "--html", "a.png"), "the report is an HTML file, so its name must end in .html"),
        (("4a:0", "--html", "a.html", "--negative"), "--html and --negative contradict each other"),
        (("4a:0", "--out", "a.png", "--data", "x", "--diversity", "2"), "--data and --diversity contradict each other"),
        (("4a", "--out", "a.png", "--data", "x", "--from", "y.png"), "--data and --from contradict each other"),
        (("4a:0", "--out", "folder", "--data", "x"), "--data needs a sheet or a page to show its pictures on"),
        (("4a:0", "--out", "a.png", "--pictures", "3"), "--pictures needs --data: give both, or neither"),
        (("filters", "--out", "a.png", "--steps", "3"), "--steps has no effect on filters: leave it out"),
        (("filters", "--out", "a.jpg"), "a figure is a PNG file, so its name must end in .png"),
        (("filters", "--out", "a.png", "--from", "y.png"), "the filters depend on the model alone: leave out --from"),
        (("tour", "--out", "a.png"), "a tour needs a picture: name it with --from IMAGE"),
        (("tour", "--from", "y.png"), "name the file for the tour: --out FILE.png"),
        (("tour", "--from", "y.png", "--out", "a.png"), "y.png: cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(
    googlenet: Run,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in googlenet("visualize", model, *arguments).error
    assert list(tmp_path.iterdir()) == []


def test_the_filters_and_a_tour_are_one_figure_each(googlenet: Run, model: Path, data: Path, tmp_path: Path) -> None:
    filters, tour = tmp_path / "filters.png", tmp_path / "tour.png"
    done = googlenet("visualize", model, "filters", "--out", filters)
    assert (done.code, done.out) == (0, f"saved: {filters}\n")
    told = googlenet("visualize", model, "tour", "--from", data / "n01" / "a.png", "--out", tour, "--json").json
    assert [layer["name"] for layer in told["layers"]] == ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    for layer in told["layers"]:
        values = [one["activation"] for one in layer["units"]]
        assert values == sorted(values, reverse=True)
    for path in (filters, tour):
        with Image.open(path) as drawn:
            assert drawn.format == "PNG"
    assert "already exists" in googlenet("visualize", model, "filters", "--out", filters).error
