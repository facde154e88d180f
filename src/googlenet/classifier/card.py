"""A classifier as a card in a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from googlenet.classifier.sources import ModelSource
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel
from googlenet.notebook import card, name_some


def classifier_card(
    classes: Sequence[ClassLabel], preprocessing: Preprocessing, sources: Sequence[ModelSource], *, engine: str
) -> str:
    """HTML: what a classifier answers, what it was made from, and how it was scored."""
    size, cut = preprocessing.resize_size, preprocessing.input_size
    names = dict.fromkeys(source.name for source in sources)
    about = [one for source in sources for one in source.origins]
    rows = {
        "classes": name_some([one.name for one in classes]),
        "pictures": f"{preprocessing.fit} to {size} px" + (f", centre {cut} px" if cut < size else ""),
        "engine": engine,
    }
    if origins := dict.fromkeys(one.source for one in about if one.source):
        rows["source"] = "; ".join(origins)
    if len(about) == 1 and isinstance(top1 := about[0].scores.get("top1"), float):
        rows["score"] = f"{top1:.1%} top-1 on {about[0].scores.get('split', 'unknown pictures')}"
    return card(f"Classifier {', '.join(names)}".rstrip(), rows.items())
