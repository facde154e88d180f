"""Bars as a PNG, for notebooks and consoles that show pictures but no HTML."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from googlenet.images.encode import png_bytes
from googlenet.images.lettering import count_missing, font_for
from googlenet.notebook import shortened
from googlenet.printable import printable

SIZE = 26  # px: height of the text; twice what is shown on most screens
ROW, MARGIN, BAR, NUMBER = 40, 24, 280, 110  # px
LONGEST = 48  # characters of a name
INK, TRACK, FILL = "#1f2328", "#e4e6e9", "#3b82d6"


def bars_png(title: str, rows: Sequence[tuple[str, float]]) -> bytes | None:
    """A title above rows of a name, a share from 0 to 1 as a bar, and as a percentage; on white.

    None if no installed font has all letters of the names: they are then better shown as text.
    """
    texts = [shortened(printable(text), LONGEST) for text in (title, *(name for name, _ in rows))]
    letters = "".join((*texts, "0123456789.%"))
    font = font_for(letters, SIZE)
    if count_missing(font, letters):
        return None
    column = round(max(map(font.getlength, texts[1:]), default=0)) + MARGIN
    width = max(column + BAR + NUMBER, round(font.getlength(texts[0]))) + 2 * MARGIN
    page = Image.new("RGB", (width, ROW * (1 + len(rows)) + 2 * MARGIN), "white")
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN, MARGIN + ROW / 2), texts[0], INK, font, anchor="lm")
    for place, (name, (_, share)) in enumerate(zip(texts[1:], rows, strict=True), start=1):
        middle, left = MARGIN + ROW * (place + 0.5), MARGIN + column
        draw.text((MARGIN, middle), name, INK, font, anchor="lm")
        for length, colour in ((1.0, TRACK), (min(max(share, 0.0), 1.0), FILL)):
            if round(BAR * length) > 1:
                draw.rounded_rectangle((left, middle - 9, left + BAR * length, middle + 9), 9, colour)
        draw.text((left + BAR + NUMBER, middle), f"{share:.1%}", INK, font, anchor="rm")
    return png_bytes(page)
