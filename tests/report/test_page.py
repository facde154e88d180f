"""The frame of a page: escaping, the policy, numbers as people read them, thumbnails, what is missing."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.errors import MissingExtraError
from googlenet.images import BadImage
from googlenet.quantities import count
from googlenet.report import check_installed, render, thumbnail
from googlenet.report.page import TEMPLATES, percent
from googlenet.runs import duration


class _Attributes(HTMLParser):
    """Collects the names of all attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names |= {name for name, _ in attrs}


def test_only_the_script_of_the_page_itself_may_run(page: Path) -> None:
    text = page.read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    attributes = _Attributes()
    attributes.feed(text)
    assert "href" in attributes.names
    assert {name for name in attributes.names if name.startswith("on")} == set()


def test_what_is_rendered_is_escaped_and_printable() -> None:
    text = render("base.html.j2", title="</title><script>\x1b\u202e", contents=[])
    assert r"<title>&lt;/title&gt;&lt;script&gt;\x1b\u202e</title>" in text


def test_a_template_that_lacks_its_data_is_an_error_and_not_a_gap() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError, match="title"):
        render("base.html.j2", contents=[])


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (percent(0.9344), "93.4%"),
        (percent(1, 0), "100%"),
        (percent(None), "\N{EN DASH}"),
        (count(1, "picture"), "1 picture"),
        (count(2000, "picture"), "2,000 pictures"),
        (count(2, "class", "classes"), "2 classes"),
        (count(0), "0"),
        (duration(89.4), "89 s"),
        (duration(90), "2 min"),
        (duration(3900), "1 h 05 min"),
    ],
)
def test_numbers_as_people_read_them(shown: str, text: str) -> None:
    assert shown == text


@pytest.mark.parametrize(
    ("height", "width", "size"), [(300, 400, (80, 60)), (20, 10, (10, 20)), (1, 3000, (80, 1)), (80, 80, (80, 80))]
)
def test_a_thumbnail_fits_its_square_and_is_never_enlarged(height: int, width: int, size: tuple[int, int]) -> None:
    thumb = thumbnail(np.full((height, width, 3), 90, np.uint8), 80)
    assert (thumb.width, thumb.height) == size
    kind, _, data = (thumb.uri or "").partition(",")
    assert kind in ("data:image/webp;base64", "data:image/jpeg;base64")
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert picture.size == size
        assert abs(int(np.asarray(picture.convert("RGB"))[0, 0, 0]) - 90) < 6


def test_a_bad_picture_is_a_thumbnail_with_its_reason(tmp_path: Path) -> None:
    assert thumbnail(BadImage("truncated file"), 80).reason == "truncated file"
    assert thumbnail(tmp_path / "none.png", 80).reason == "cannot be read (No such file or directory)"
    assert thumbnail(b"", 80).uri is None


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_extra_is_one_sentence_with_the_command(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(MissingExtraError) as caught:
        check_installed()
    assert str(caught.value) == f'a report needs {package}, which is not installed: pip install "googlenet[report]"'


def test_templates_and_style_lie_where_the_package_looks_for_them() -> None:
    names = {path.name for path in TEMPLATES.iterdir()}
    assert {"base.html.j2", "parts.html.j2", "style.css", "page.js"} <= names
