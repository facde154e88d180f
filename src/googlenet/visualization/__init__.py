"""Images made to excite the units of a layer: feature visualisation, caricatures, dreams; and sheets of them.

Everything is imported on first use, because most of it needs torch.
"""

from __future__ import annotations

from googlenet.lazy import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "aims": ("Aim", "aims_of_directions", "aims_of_units"),
        "dreaming": ("dream",),
        "making": ("MadeImage", "Making", "make_images"),
        "objectives": ("OBJECTIVES",),
        "request": ("DREAM_STEPS", "STEPS", "Request", "visualize"),
        "sheet": ("draw_made_images",),
    },
)
