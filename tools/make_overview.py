"""Make docs/overview.png: what the report of a training and the explanation of a picture look like.

    python tools/make_overview.py [RUN]

Without RUN (a run folder) it draws pictures of five shapes and trains on them for 80 seconds. Chromium (Debian's,
driven by Playwright) photographs two parts of the report, its top and its worst mistakes, and lays all out.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Browser, sync_playwright

import googlenet

ROOT = Path(__file__).resolve().parents[1]
SHAPES = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "circle": 64}  # corners
PICTURES = 80  # of each shape
MINUTES = 1.3
WIDTH, REPORT_WIDTH, MISTAKES_HEIGHT = 1600, 1090, 665  # px
PAGE = """<!doctype html><style>
  body { margin: 0; display: flex; font: 17px "DejaVu Sans", sans-serif; color: #1d1d22; background: #fcfcfa }
  body { border: 1px solid #b9bdc4; box-sizing: border-box }
  .command { font: 17px "DejaVu Sans Mono", monospace; padding: 12px 20px; background: #eceef0; margin: 0 }
  .report img { display: block } .explained { flex: 1; border-left: 1px solid #b9bdc4 }
  .panel { padding: 16px 20px 0 } .panel img { display: block; width: 100%; margin-top: 8px }
  .note { color: #5d5d66; padding: 18px 20px; line-height: 1.5; margin: 0 }
</style>"""


def draw_shapes(folder: Path) -> None:
    """Write a folder of class folders: shapes of any colour, size and angle on any background, with noise."""
    generator = np.random.default_rng(0)
    for name, corners in SHAPES.items():
        (folder / name).mkdir(parents=True)
        for number in range(PICTURES):
            picture = Image.new("RGB", (240, 180), tuple(generator.integers(0, 256, 3)))
            x, y, radius, angle = generator.uniform((60, 60, 18, 0), (180, 120, 55, 360))
            colour = tuple(generator.integers(0, 256, 3))
            ImageDraw.Draw(picture).regular_polygon((x, y, radius), corners, angle, fill=colour)
            blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.5)))
            noisy = blurred + generator.normal(0, 12, blurred.shape)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / name / f"{number:02}.jpg")


def photograph_report(browser: Browser, page: Path) -> str:
    """The top of a report down to its navigation, and its worst mistakes, as HTML."""
    tab = browser.new_page(viewport={"width": REPORT_WIDTH, "height": 4000}, color_scheme="light")
    tab.goto(page.resolve().as_uri())
    end = tab.locator("nav").bounding_box()
    mistakes = tab.locator("#mistakes").bounding_box()
    assert end is not None
    assert mistakes is not None
    tab.locator("#mistakes img").first.wait_for()
    parts = ((0.0, end["y"] + end["height"]), (mistakes["y"], MISTAKES_HEIGHT))
    clips = [{"x": 0.0, "y": y, "width": REPORT_WIDTH, "height": height} for y, height in parts]
    return "".join(inline(tab.screenshot(clip=clip, full_page=True)) for clip in clips)


def explained() -> str:
    """The photograph of the cat, and the overlays of its two most probable classes, as HTML."""
    explanation = googlenet.load("bvlc").explain(ROOT / "examples" / "cat.jpg")
    panels = [("cat.jpg", Image.fromarray(explanation.seen_picture().picture))]
    for one in explanation.classes:
        panels.append((f"{one.name}: {one.probability:.1%}", explanation.overlay(one.name)))
    return "".join(f'<div class="panel">{title}{inline(_png(picture))}</div>' for title, picture in panels)


def inline(png: bytes) -> str:
    """An <img> that holds the picture."""
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def make_overview(run: Path, out: Path) -> None:
    """Lay out the top of the report of `run` beside the explained photograph."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"])
        report = photograph_report(browser, run / "report.html")
        page = Path(folder) / "overview.html"
        page.write_text(
            f'{PAGE}<div class="report"><p class="command">googlenet train {run.name}/</p>{report}</div>'
            f'<div class="explained"><p class="command">googlenet explain bvlc cat.jpg</p>{explained()}'
            '<p class="note">Bright: what speaks for the class. The mean of a map, plus a bias, is exactly the logit '
            "of the class.</p></div>",
            encoding="utf-8",
        )
        tab = browser.new_page(viewport={"width": WIDTH, "height": 100})
        tab.goto(page.as_uri())
        picture = Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB")
        browser.close()
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(out, optimize=True)


def main() -> None:
    """Train if no run is given, and make the picture."""
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            run = Path(sys.argv[1])
        else:
            draw_shapes(Path(folder) / "data")
            run = googlenet.train(Path(folder) / "data", minutes=MINUTES, out=Path(folder) / "shapes").folder
        make_overview(run, ROOT / "docs" / "overview.png")


if __name__ == "__main__":
    main()
