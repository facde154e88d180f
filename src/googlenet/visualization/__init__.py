"""Looks inside a network: images made to excite its units, the pictures that do so most, filters, a picture's tour.

Everything is imported on first use, because most of it needs torch.
"""

from __future__ import annotations

from googlenet.lazy import lazy_exports

__getattr__ = lazy_exports(
    __name__,
    {
        "aims": ("Aim", "aims_of_directions", "aims_of_units"),
        "beside": ("draw_beside",),
        "dreaming": ("dream",),
        "exciting": ("ExcitingPicture", "ExcitingPictures", "cut_patches", "find_exciting"),
        "filters": ("draw_filters",),
        "making": ("MadeImage", "Making", "make_images"),
        "objectives": ("OBJECTIVES",),
        "request": ("DREAM_STEPS", "STEPS", "Request", "visualize"),
        "search": ("Searched", "open_pictures", "search_pictures"),
        "sheet": ("draw_made_images",),
        "tour": ("draw_tour", "most_active"),
        "units": ("unit_layers",),
    },
)
