"""The look of all charts, and the two forms in which matplotlib draws them: SVG for a page, PNG for a file.

A page's charts are drawn in colours that stand for roles, which become the page's CSS variables, so that they follow
light and dark. Their text stays text, in the page's own font.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from googlenet.printable import printable
from googlenet.report.page import check_installed

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TEXT = 11.5  # px in a chart of its natural width, which is what a telephone shows
DOTS = 72  # so that a unit of the chart is a px


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a chart by their role."""

    ink: str
    muted: str
    rule: str
    paper: str
    wrong: str
    series: tuple[str, ...]


ON_PAGE = Palette(
    "#000001",
    "#000002",
    "#000003",
    "#000004",
    "#000005",
    ("#000011", "#000012", "#000013", "#000014", "#000015", "#000016"),
)
"""Colours that stand for the variables of `style.css`."""

ON_PAPER = Palette(
    "#1b1e22",
    "#59616a",
    "#e4e4df",
    "#fbfbf9",
    "#a83f14",
    ("#0a6c6c", "#4453b5", "#96650a", "#8a3f85", "#a83f14", "#3d7434"),
)
"""The light colours of `style.css`, for files."""

_VARIABLES = {
    ON_PAGE.ink: "--ink",
    ON_PAGE.muted: "--muted",
    ON_PAGE.rule: "--rule",
    ON_PAGE.paper: "--paper",
    ON_PAGE.wrong: "--wrong",
} | {colour: f"--series-{number}" for number, colour in enumerate(ON_PAGE.series, start=1)}

_FAMILIES = (
    *("Inter", "Helvetica Neue", "Segoe UI", "Noto Sans", "DejaVu Sans"),
    *("Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", "Noto Sans CJK JP", "Hiragino Sans"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai"),
)
"""Fonts of files, as far as they are installed; those of later lines have what the first ones lack."""


@contextmanager
def drawing(*, salt: str = "") -> Iterator[None]:
    """Within the block, matplotlib draws in this package's style; `salt` tells the ids of a page's charts apart.

    Raises MissingExtraError without the extra `report`.
    """
    check_installed()
    import matplotlib as mpl
    from matplotlib import font_manager

    installed = {*font_manager.fontManager.get_font_names()}
    style: dict[Any, Any] = {
        "font.family": [family for family in _FAMILIES if family in installed] or ["sans-serif"],
        "font.size": TEXT,
        "svg.fonttype": "none",
        "svg.hashsalt": salt or "chart",
        "text.parse_math": False,  # a class may be called $x$
        "axes.unicode_minus": True,
        "lines.solid_capstyle": "round",
        "path.simplify": True,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph")  # a script that no installed font has
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many px, without pyplot, which would keep it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width / DOTS, height / DOTS), dpi=DOTS)


def plain_axes(figure: Figure, box: Sequence[float], palette: Palette, *, grid: str = "y") -> Axes:
    """Axes at `box` (left, bottom, width, height in px) without a frame, with faint lines across an axis."""
    width, height = figure.get_size_inches() * DOTS
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    axes.set_facecolor("none")
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=TEXT, labelcolor=palette.muted, pad=6)
    if grid:
        axes.grid(axis=grid, color=palette.rule, linewidth=1)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    return axes


def to_svg(figure: Figure, description: str) -> Markup:
    """The figure as an element of a page; `description` is what a screen reader says in its place."""
    from markupsafe import Markup, escape

    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
    )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font(-family)?: [^;\"]*'[^;\"]*; ?", "", text)  # the page's own
    used = {*re.findall(r"#([\w-]+)", text)}
    text = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", text)
    text = re.sub(r"\n\s*", "\n", text)
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>',
        rf'<svg viewBox="\1" role="img" aria-label="{escape(printable(description))}">',
        text,
        count=1,
    )
    return Markup(text)


def to_png(figure: Figure, *, scale: float = 2) -> bytes:
    """The figure as the bytes of a PNG, `scale` dots a px."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS * scale, facecolor=ON_PAPER.paper)
    return buffer.getvalue()


def shortened(text: str, most: int) -> str:
    """A printable name of at most `most` columns, an ellipsis for the rest; East Asian characters take two."""
    text, width = printable(text), 0
    for place, character in enumerate(text):
        width += columns(character)
        if width > most:
            return text[: max(1, place - 1)].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return text


def columns(text: str) -> int:
    """How many columns a text takes, as in a terminal: two for an East Asian character."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def as_number(value: float, position: Any = None) -> str:
    """A number as the label of a tick: 20000, 0.15, 2.5e-5; never a factor or a sum at the end of the axis."""
    mantissa, exponential, exponent = f"{value:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponential else mantissa


def as_percent(value: float, position: Any = None) -> str:
    """A share as the label of a tick."""
    return f"{100 * value:g}%"
