"""A classifier as a card in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from googlenet.notebook import card, name_some

if TYPE_CHECKING:
    from googlenet.classifier.classifier import Classifier


def classifier_card(classifier: Classifier) -> str:
    """HTML: what a classifier answers, what it was made from, and how it was scored."""
    preprocessing = classifier.preprocessing
    size, cut = preprocessing.resize_size, preprocessing.input_size
    names = dict.fromkeys(source.name for source in classifier.sources)
    about = classifier.origins
    rows = {
        "classes": name_some([one.name for one in classifier.classes]),
        "pictures": f"{preprocessing.fit} to {size} px" + (f", centre {cut} px" if cut < size else ""),
        "engine": classifier.engine.name,
    }
    if sources := dict.fromkeys(one.source for one in about if one.source):
        rows["source"] = "; ".join(sources)
    if len(about) == 1 and isinstance(top1 := about[0].scores.get("top1"), float):
        rows["score"] = f"{top1:.1%} top-1 on {about[0].scores.get('split', 'unknown pictures')}"
    return card(f"Classifier {', '.join(names)}".rstrip(), rows.items())
