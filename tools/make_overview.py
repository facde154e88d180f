"""Make docs/overview.png: the top of a training's report beside an explained photograph.

    python tools/make_overview.py

It draws pictures of five shapes, trains on them for a few minutes, and photographs the report with Chromium (Debian's,
driven by Playwright). With `--run RUN` it photographs the report of that run instead.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import googlenet

ROOT = Path(__file__).resolve().parents[1]
SHAPES = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "circle": 64}  # corners
PICTURES = 80  # of a shape
REPORT = (1000, 1220)  # px of the page that are shown
EXPLAINED = (0, 1, 2)  # panels of examples/cat-explained.jpg, from top to bottom
GAP, EDGE = 24, "#c9ccd1"


def draw_shapes(folder: Path) -> None:
    """Write a folder of class folders: shapes of any colour, size and angle on backgrounds of any colour, with noise."""
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


def photograph(page: Path) -> Image.Image:
    """The top of a page, as a browser shows it in its light colours."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox"])
        width, height = REPORT
        tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        tab.goto(page.resolve().as_uri())
        picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
        browser.close()
    return picture
