"""The page about a run: what it says, what it says about what is missing, and how large it becomes."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.errors import InputError
from googlenet.evaluation import Answers, Counts
from googlenet.report import report_line, write_run_report
from googlenet.runs import RunFolder
from tests.report.conftest import CLASSES, fill_run, random_answers


@pytest.fixture(scope="module")
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_the_verdict_is_the_evaluation_in_whole_pictures(text: str, answers: Answers) -> None:
    counts = Counts(len(answers.classes))
    counts.add(answers.labels, answers.probabilities)
    evaluation = counts.result(answers.classes, split="val")
    low, high = evaluation.top1_interval
    heading = re.sub(r"<[^>]+>", "", text[text.index("<h1>") : text.index("</h1>")])
    assert heading == (
        f"Of 100 new pictures like these, it classifies about {100 * evaluation.top1:.0f} correctly "
        f"({100 * low:.0f} to {100 * high:.0f})."
    )
    assert f"{evaluation.top1:.1%}" in text
    assert "It is the best of 3 evaluations" in text


def test_it_has_every_section(text: str) -> None:
    sections = re.findall(r'<section id="(\w+)" class="section"', text)
    assert sections == ["training", "classes", "confusion", "mistakes", "uncertain", "calibration", "data", "settings"]
    for section in sections:
        assert f'<a href="#{section}">' in text


def test_it_says_what_the_run_was_and_cost(text: str) -> None:
    for words in ("812 pictures a second", "75 s", "a processor", "400 train, 60 val", "4 epochs, 40 steps"):
        assert words in text
    assert "--recipe smoke --seed 0 --val-share 0.2 --split-seed 4 --from-scratch " in text
    assert "--from-scratch --set mirror=false --set learning_rate=0.02<" in text


def test_names_are_text_and_never_markup(text: str) -> None:
    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=document.title=&#39;broken&#39;&gt;" in text
    assert CLASSES[1] in text
    assert "{{ class }} $x_1$" in text


def test_names_that_turn_the_text_around_or_are_no_text_are_written_out(tmp_path: Path) -> None:
    classes = ("abc\u202ecba", "plain")
    answers = random_answers([0, 1, 0, 1], classes)
    text = write_run_report(fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", answers)).read_text("utf-8")
    assert "\u202e" not in text
    assert r"abc\u202ecba" in text


def test_nothing_is_loaded_from_elsewhere(text: str) -> None:
    assert set(re.findall(r'(?:src|href)="(?!#)([a-z]+:[a-z/]*)', text)) <= {"data:image/webp", "data:image/jpeg"}
    assert not re.search(r'(?:src|href|url\()=?["\']?(?:https?:)?//', text)
    assert "default-src 'none'" in text


def test_ids_are_unique_although_there_are_several_charts(text: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert len(re.findall(r"<svg ", text)) == 5


def test_a_picture_that_is_gone_or_bad_is_a_placeholder_with_its_reason(text: str) -> None:
    assert "no longer in the data" in text
    assert "not a picture" in text


def test_a_class_without_pictures_and_bad_pictures_are_named(text: str) -> None:
    assert "1 class without pictures of val" in text
    assert "torn.png" in text
    assert "truncated file" in text
    assert "no pictures</td>" in text


def test_every_mistake_is_behind_its_cell(text: str, answers: Answers) -> None:
    given = answers.probabilities.argmax(axis=1)
    for truth, answer in {*zip(answers.labels.tolist(), given.tolist(), strict=True)}:
        panel = text[text.index(f'id="cell-{truth}-{answer}"') :]
        panel = panel[: panel.index("</section>")]
        behind = [
            name for name, a, b in zip(answers.names, answers.labels, given, strict=True) if (a, b) == (truth, answer)
        ]
        if truth != answer:
            shown = [name for name in behind if name.rpartition("/")[2] in panel]
            assert shown == behind
        assert f"{len(behind)} picture" in panel


def test_cards_have_the_maps_of_the_answer_and_of_the_true_class(text: str) -> None:
    mistakes = text[text.index('id="mistakes"') : text.index('id="uncertain"')]
    assert mistakes.count("<figcaption>evidence for ") == 2 * mistakes.count("<figcaption>picture</figcaption>") > 0


def test_the_pictures_for_those_who_want_a_file(page: Path, run: RunFolder) -> None:
    for path in (run.curves, run.confusion, run.mistakes):
        with Image.open(path) as picture:
            assert min(picture.size) > 300


def test_a_page_elsewhere_leaves_the_run_alone(run: RunFolder, page: Path, tmp_path: Path) -> None:
    before = run.report.stat().st_mtime_ns
    assert write_run_report(run, out=tmp_path / "other.html").read_text("utf-8") == page.read_text("utf-8")
    assert run.report.stat().st_mtime_ns == before


def test_pictures_that_moved_are_found_with_data(tmp_path: Path) -> None:
    answers = random_answers([0, 1] * 6, ("a", "b"))
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", answers)
    (tmp_path / "data").rename(tmp_path / "moved")
    gone = write_run_report(folder).read_text("utf-8")
    assert "does not exist" in gone
    assert "data:image" not in gone
    assert "data:image" in write_run_report(folder, data=str(tmp_path / "moved")).read_text("utf-8")


def test_a_run_without_answers_says_what_it_needs(tmp_path: Path) -> None:
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", random_answers([0, 1], ("a", "b")))
    folder.answers.unlink()
    with pytest.raises(InputError, match=r"has no answers\.npz.*with --data"):
        write_run_report(folder)


def test_a_run_without_its_model_has_a_report_without_maps(tmp_path: Path) -> None:
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", random_answers([0, 1] * 8, ("a", "b")))
    folder.model.unlink()
    text = write_run_report(folder).read_text("utf-8")
    assert "Without activation maps: " in text
    assert "evidence for" not in text


def test_a_perfect_run_of_two_classes(tmp_path: Path) -> None:
    answers = random_answers([0, 1] * 30, ("a", "b"), accuracy=1.0)
    sure = np.where(np.eye(2, dtype=bool)[answers.labels], 0.9, 0.1).astype(np.float32)
    perfect = Answers(answers.names, answers.labels, sure, answers.classes, "test")
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", perfect)
    folder.metrics.unlink()
    text = write_run_report(folder).read_text("utf-8")
    assert "There are none: every picture was classified correctly." in text
    assert 'id="training"' not in text
    assert "that it had never seen" in text
    assert not folder.curves.exists()


def test_a_run_with_a_single_picture_to_validate_with_says_true_sentences(tmp_path: Path) -> None:
    wrong = Answers(("val/a/1.png",), np.array([0]), np.array([[0.4, 0.6]], np.float32), ("a", "b"), "val")
    text = write_run_report(fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", wrong)).read_text("utf-8")
    assert "Measured on 1 picture of val that was held back" in text
    assert "on this 1 picture." in text
    assert "They are the mistakes above." in text


def test_of_a_thousand_classes_the_matrix_shows_those_confused_most(tmp_path: Path) -> None:
    classes = tuple(f"class {place}" for place in range(1000))
    answers = random_answers([*range(40)] * 2, classes, accuracy=0.5)
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", answers)
    text = write_run_report(folder).read_text("utf-8")
    assert "Of 1,000 classes, these are the 30 that are confused most with each other" in text
    assert text.count('<tr>\n<th scope="row" title=') == 30
    assert "960 classes without pictures of val" in text
    assert folder.report.stat().st_size < 8e6


def test_a_finished_training_gets_a_line_about_its_report_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", random_answers([0, 1] * 8, ("a", "b")))
    assert report_line(folder) == f"report: {folder.report}"
    folder.metrics.write_text("damaged")
    assert report_line(folder).startswith("warning: no report: ")
    assert report_line(folder).endswith(f"`googlenet report {folder.path}` tries again")
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert report_line(folder).startswith("no report: a report needs matplotlib")


@pytest.mark.parametrize("name", ["metrics.csv", "settings.json", "evaluation.json", "answers.npz"])
def test_a_damaged_file_of_the_run_is_named(name: str, tmp_path: Path) -> None:
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", random_answers([0, 1] * 8, ("a", "b")))
    (folder.path / name).write_bytes(b'{"damaged')
    with pytest.raises(InputError, match=rf"{re.escape(str(folder.path / name))} is damaged"):
        write_run_report(folder)
    assert not folder.report.exists()


def test_what_is_wrong_with_the_data_is_said(tmp_path: Path) -> None:
    answers = random_answers([0] * 24 + [1] * 2, ("a", "b"))
    folder = fill_run(RunFolder(tmp_path / "run"), tmp_path / "data", answers)
    (tmp_path / "data" / "train" / "a").mkdir(parents=True)
    shutil.copy(tmp_path / "data" / answers.names[0], tmp_path / "data" / "train" / "a" / "copy.png")
    text = write_run_report(folder).read_text("utf-8")
    assert "error: leak: " in text
    assert "error: missing_class: " in text
    assert "1 class with fewer than 10 pictures of val" in text
