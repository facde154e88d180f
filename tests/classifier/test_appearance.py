"""How results look: one short line as text, a small table in a notebook, plain values as JSON, all text escaped."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import googlenet
from googlenet.classifier import Classifier, Prediction, Ranked
from googlenet.dataset import dataset_from_lists
from googlenet.engines import FunctionEngine
from googlenet.evaluation import Answers, Calibration, Counts, reliability
from googlenet.explanation import Explanation
from googlenet.images import Preprocessing
from googlenet.images.bars import MARGIN, ROW
from googlenet.model import ClassLabel, load_model
from googlenet.pretrained import find_model
from googlenet.recipes import RECIPES
from googlenet.workflow import TrainingResult

EVIL = "<script>alert('x')</script>&amp;\x1b[2J\u202e\udcff" + "long " * 2000
SQUARE = np.random.default_rng(0).integers(0, 256, (30, 30, 3), np.uint8)
LONGEST = 200


def evil_classifier() -> Classifier:
    engine = FunctionEngine(lambda squares: np.tile(np.array([[0.75, 0.25]]), (len(squares), 1)))
    preprocessing = Preprocessing(8, 8, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
    return Classifier(engine, preprocessing, (ClassLabel(EVIL, EVIL), ClassLabel("b", "b")))


def evaluation() -> Any:
    counts = Counts(2)
    counts.add(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32))
    return counts.result((EVIL, "b"), split="val", bad_pictures=(("x.png", "not a picture"),))


OBJECTS: dict[str, Any] = {
    "classifier": lambda: googlenet.load("bvlc"),
    "classifier with evil classes": evil_classifier,
    "prediction": lambda: evil_classifier().predict(SQUARE),
    "prediction of many classes": lambda: googlenet.load("bvlc").predict(SQUARE, top=1000),
    "bad picture": lambda: Prediction(EVIL, (), EVIL),
    "ranked": lambda: Ranked(EVIL, EVIL, 0.5),
    "model": lambda: load_model(find_model("bvlc")),
    "known answer": lambda: load_model(find_model("bvlc")).known_answer,
    "about": lambda: load_model(find_model("bvlc")).about,
    "preprocessing": lambda: evil_classifier().preprocessing,
    "dataset": lambda: googlenet.open_dataset("digits"),
    "samples": lambda: googlenet.open_dataset("digits").splits["val"],
    "source": lambda: googlenet.open_dataset("digits").splits["val"].source,
    "dataset from lists": lambda: dataset_from_lists([SQUARE] * 4, [EVIL, "b"] * 2, name=EVIL),
    "run": lambda: googlenet.RunFolder("runs/demo"),
    "recipe": lambda: RECIPES["finetune"],
    "architecture": lambda: googlenet.PAPER,
    "spec": lambda: googlenet.ArchitectureSpec(),
    "evaluation": evaluation,
    "answers": lambda: Answers((EVIL,), np.array([0]), np.array([[0.5, 0.5]], np.float32), ("a", "b"), "val"),
    "reliability": lambda: reliability(np.array([[0.5, 0.5]], np.float32), np.array([0])),
    "calibration": lambda: Calibration(1.0, 1, 1, OBJECTS["reliability"](), OBJECTS["reliability"]()),
    "outputs": lambda: evil_classifier().engine.run(SQUARE[np.newaxis]),
    "explanation": lambda: googlenet.load("bvlc").explain(SQUARE),
    "explained class": lambda: googlenet.load("bvlc").explain(SQUARE, top=9).classes[0],
    "seen picture": lambda: googlenet.load("bvlc").explain(SQUARE).seen,
    "explanation of a bad picture": lambda: Explanation(EVIL, (), None, error=EVIL),
    "training": lambda: TrainingResult(Path("runs/demo"), Path("runs/demo/model.safetensors"), {"top1": 0.5}),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_the_text_of_everything_is_one_short_line(name: str) -> None:
    text = repr(OBJECTS[name]())
    assert len(text) <= LONGEST
    assert text.isprintable()


class Page(HTMLParser):
    """Collects tags, and what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", [name for name in OBJECTS if hasattr(OBJECTS[name](), "_repr_html_")])
def test_in_a_notebook_all_text_is_escaped_and_every_tag_closed(name: str) -> None:
    html = OBJECTS[name]()._repr_html_()
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    assert {*page.tags} <= {"div", "table", "tr", "td", "th", "span"}
    assert not {"\x1b", "\u202e"} & {*html}
    html.encode()  # no half characters, which a notebook cannot store


def test_a_prediction_is_a_table_of_bars() -> None:
    page = Page()
    page.feed(Prediction("photo.jpg", (Ranked("a", "cat & dog", 0.75), Ranked("b", "bird", 0.25)))._repr_html_())
    for shown in ("photo.jpg", "cat & dog", "75.0%", "bird", "25.0%"):
        assert shown in page.text


def test_a_prediction_is_a_picture_where_the_font_has_its_letters() -> None:
    ranking = (Ranked("a", "cat & dog", 0.75), Ranked("b", "bird", 0.25))
    data = Prediction("photo.jpg", ranking)._repr_png_()
    assert data is not None
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    filled = (pixels == (59, 130, 214)).all(axis=2).sum(axis=1)
    middles = [round(MARGIN + ROW * (place + 0.5)) for place in (1, 2)]
    assert filled[middles[0]] == pytest.approx(3 * filled[middles[1]], rel=0.05)
    assert Prediction("\U0010fffd.jpg", ranking)._repr_png_() is None
    assert Prediction("broken.jpg", (), "not a picture")._repr_png_() is None


def test_a_card_says_what_a_classifier_is() -> None:
    page = Page()
    page.feed(googlenet.load("bvlc")._repr_html_())
    for shown in ("Classifier bvlc", "(1,000 in all)", "squash to 256 px, centre 224 px", "BVLC GoogLeNet", "68.7%"):
        assert shown in page.text


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("prediction", {"image", "predictions", "error"}),
        ("bad picture", {"image", "predictions", "error"}),
        ("ranked", {"label", "name", "probability"}),
        ("dataset", {"name", "classes", "pictures", "held_back", "ignored", "fingerprint"}),
        ("evaluation", {"top1", "top1_interval", "classes", "confusion", "bad_pictures"}),
        ("model", {"architecture", "classes", "preprocessing", "scores", "licence"}),
        ("recipe", {"epochs", "learning_rate"}),
        ("preprocessing", {"input_size", "mean"}),
        ("spec", {"variant", "classes"}),
    ],
)
def test_results_become_json(name: str, keys: set[str]) -> None:
    fields = OBJECTS[name]().to_dict()
    assert keys <= fields.keys()
    assert json.loads(json.dumps(fields)) == fields
