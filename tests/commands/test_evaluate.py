"""`googlenet evaluate`: every picture of one split exactly once, and never unasked those that were trained on."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from googlenet.model import ClassLabel, load_model, save_model

if TYPE_CHECKING:
    from tests.commands.conftest import Run


@pytest.fixture
def splits(photos: Path, tmp_path: Path) -> Path:
    """DATA with folders for train, val and test, of 4, 3 and 2 pictures a class."""
    numbers = iter(range(12))
    for split, count in (("train", 4), ("val", 3), ("test", 2)):
        for number in [next(numbers) for _ in range(count)]:
            for colour in ("blue", "green", "red"):
                (tmp_path / "data" / split / colour).mkdir(parents=True, exist_ok=True)
                shutil.copy(photos / colour / f"{number:02}.png", tmp_path / "data" / split / colour)
    return tmp_path / "data"


def renamed(photos: Path, to: Path) -> Path:
    """The same pictures by other names, which makes them other data than those that were trained on."""
    for path in photos.rglob("*.png"):
        (to / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to / path.parent.name / f"other-{path.name}")
    return to


def test_json_has_the_promised_figures_and_they_belong_together(googlenet: Run, trained: Path, splits: Path) -> None:
    figures = googlenet("evaluate", trained, splits, "--json").json
    wanted = ("split", "pictures", "top1", "top1_interval", "top5", "loss", "macro_recall", "classes", "confusion")
    assert set(wanted) <= figures.keys()
    assert figures["pictures"] == sum(map(sum, figures["confusion"])) == 6
    right = sum(figures["confusion"][index][index] for index in range(3))
    assert figures["top1"] == right / 6
    assert figures["top5"] == 1.0  # 3 classes: the best 5 are all of them
    low, high = figures["top1_interval"]
    assert low <= figures["top1"] <= high
    assert figures["loss"] > 0
    for index, one in enumerate(figures["classes"]):
        assert one["label"] == ("blue", "green", "red")[index]
        assert one["pictures"] == sum(figures["confusion"][index]) == 2
        assert one["recall"] == figures["confusion"][index][index] / 2
    assert figures["macro_recall"] == pytest.approx(sum(one["recall"] for one in figures["classes"]) / 3)
    assert figures["bad_pictures"] == []


def test_the_pairs_confused_most_are_said(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    data = renamed(photos, tmp_path / "mixed")
    for path in sorted((data / "green").iterdir())[:7]:
        path.rename(data / "red" / path.name.replace("other", "green"))
    figures = googlenet("evaluate", trained, data, "--json").json
    labels = [one["label"] for one in figures["classes"]]
    pairs = figures["confused_pairs"]
    assert pairs
    for pair in pairs:
        row = figures["confusion"][labels.index(pair["label"])]
        assert pair["pictures"] == row[labels.index(pair["predicted"])]
        assert pair["of"] == sum(row)
    lines = googlenet("evaluate", trained, data).out.splitlines()
    shown = lines[lines.index("confused most often") + 1 :]
    assert len(shown) == min(5, len(pairs))
    first = pairs[0]
    assert (
        shown[0]
        == f"  {first['label']} predicted as {first['predicted']}: {first['pictures']} of {first['of']} pictures"
    )


def test_without_mistakes_no_pairs_are_named(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    data, rows = renamed(photos, tmp_path / "others"), tmp_path / "rows.jsonl"
    googlenet("evaluate", trained, data, "--output", rows)
    for row in map(json.loads, rows.read_text().splitlines()):
        if row["predictions"][0]["label"] != row["class"]:
            (data / row["image"]).unlink()
    done = googlenet("evaluate", trained, data)
    assert "top-1  100.00%" in done.out
    assert "confused" not in done.out


def test_rows_are_at_the_models_temperature_and_counts_are_not(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    model = load_model(trained / "model.safetensors")
    figures, rows = {}, {}
    for temperature in (1.0, 3.0):
        path, out = tmp_path / f"{temperature}.safetensors", tmp_path / f"{temperature}.jsonl"
        save_model(replace(model, temperature=temperature), path)
        figures[temperature] = googlenet("evaluate", path, splits, "--json", "--output", out).json
        rows[temperature] = [json.loads(line) for line in out.read_text().splitlines()]
        for row in rows[temperature][:2]:
            (predicted,) = googlenet("predict", path, splits / row["image"], "--json").lines
            assert row["predictions"] == predicted["predictions"]
    for key in ("temperature", "ece"):
        assert figures[1.0].pop(key) != figures[3.0].pop(key)
    assert figures[1.0] == figures[3.0]
    assert rows[1.0] != rows[3.0]
    assert "(with the temperature that `predict` uses, 3)" in googlenet("evaluate", path, splits).out
    averaged = googlenet("evaluate", path, splits, "--crops", "10", "--json").json
    assert averaged["temperature"] == 1


def test_a_report_is_one_page_and_replaces_the_last_one(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    page = tmp_path / "demo.html"
    page.write_text("an earlier one")
    done = googlenet("evaluate", trained, splits, "--report", page)
    assert done.code == 0
    assert done.out.endswith(f"\nreport  {page}\n")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "green" in text
    assert f"googlenet predict {trained}" in text


def test_a_place_where_no_report_can_be_is_refused_before_the_evaluation(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    for place, sentence in (
        ("report.pdf", "cannot write {}: the report is an HTML file, so its name must end in .html"),
        ("no/report.html", "cannot write {}: the folder"),
        ("folder.html", "cannot write {}: it is a folder"),
    ):
        (tmp_path / "folder.html").mkdir(exist_ok=True)
        done = googlenet("evaluate", trained, splits, "--report", tmp_path / place, "--output", tmp_path / "rows.csv")
        assert sentence.format(tmp_path / place) in done.error
        assert not (tmp_path / "rows.csv").exists()


def test_the_split_is_test_else_val_else_all_there_is_and_never_train(
    googlenet: Run, trained: Path, splits: Path, photos: Path
) -> None:
    def chosen(data: Path) -> tuple[Any, Any]:
        figures = googlenet("evaluate", trained, data, "--json").json
        return figures["split"], figures["pictures"]

    assert chosen(splits) == ("test", 6)
    shutil.rmtree(splits / "test")
    assert chosen(splits) == ("val", 9)
    shutil.rmtree(splits / "val")
    done = googlenet("evaluate", trained, splits, "--json")
    assert "has only train/" in done.error
    assert "--split train" in done.error
    assert googlenet("evaluate", trained, splits, "--split", "train", "--json").json["pictures"] == 12
    assert chosen(renamed(photos, splits.parent / "others")) == ("all", 36)


def test_a_split_is_evaluated_by_name_and_one_that_is_not_there_is_answered_with_those_that_are(
    googlenet: Run, trained: Path, splits: Path
) -> None:
    assert googlenet("evaluate", trained, splits, "--split", "val", "--json").json["pictures"] == 9
    done = googlenet("evaluate", trained, splits, "--split", "dev")
    assert done.error.startswith("data has no split 'dev'; it has ")
    assert all(split in done.error for split in ("train", "val", "test"))


def test_a_folder_of_one_level_is_split_as_it_was_in_training(googlenet: Run, trained: Path, photos: Path) -> None:
    """The run's own list says which pictures were held back; the same ones are evaluated here, to the same score."""
    with (trained / "split.csv").open(newline="") as file:
        held_back = {row["image"] for row in csv.DictReader(file) if row["split"] == "val"}
    rows = photos.parent / "held_back.jsonl"
    figures = googlenet("evaluate", trained, photos, "--json", "--output", rows).json
    assert figures["split"] == "val"
    assert {json.loads(line)["image"] for line in rows.read_text().splitlines()} == held_back
    assert 0 < len(held_back) < 36
    scores = googlenet("info", trained, "--json").json["scores"]
    assert (figures["top1"], figures["pictures"]) == (scores["top1"], scores["pictures"])
    assert figures["loss"] == pytest.approx(scores["loss"], rel=1e-4)


def test_a_subset_of_the_classes_is_accepted(googlenet: Run, trained: Path, photos: Path, tmp_path: Path) -> None:
    for colour in ("green", "red"):
        shutil.copytree(photos / colour, tmp_path / "some" / colour)
    figures = googlenet("evaluate", trained, tmp_path / "some", "--json").json
    assert figures["pictures"] == 24
    assert [one["label"] for one in figures["classes"]] == ["blue", "green", "red"]
    assert figures["classes"][0]["recall"] is None
    assert [sum(row) for row in figures["confusion"]] == [0, 12, 12]
    recalls = [one["recall"] for one in figures["classes"][1:]]
    assert figures["macro_recall"] == pytest.approx(sum(recalls) / 2)


def test_a_class_that_the_model_does_not_know_is_an_error_that_names_it(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos / "red", tmp_path / "more" / "red")
    shutil.copytree(photos / "blue", tmp_path / "more" / "turquoise")
    sentence = googlenet("evaluate", trained, tmp_path / "more").error
    assert "the model does not have the class(es) 'turquoise'" in sentence
    assert "'blue', 'green', 'red'" in sentence


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_every_picture_counts_once_whatever_the_batches(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path, batch_size: int
) -> None:
    done = googlenet(
        *("evaluate", trained, renamed(photos, tmp_path / "others"), "--json"),
        *("--batch-size", str(batch_size), "--output", tmp_path / "rows.jsonl"),
    )
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    names = {f"{colour}/other-{number:02}.png" for colour in ("blue", "green", "red") for number in range(12)}
    assert {row["image"] for row in rows} == names
    assert len(rows) == done.json["pictures"] == 36
    confusion = Counter((row["class"], row["predictions"][0]["label"]) for row in rows)
    labels = [one["label"] for one in done.json["classes"]]
    assert done.json["confusion"] == [[confusion[true, said] for said in labels] for true in labels]


def test_a_bad_picture_is_named_left_out_and_told_by_the_exit_code(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    (splits / "test" / "green" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = googlenet("evaluate", trained, splits, "--json", "--output", tmp_path / "rows.csv")
    assert done.code == 1
    assert done.json["pictures"] == 6
    assert [one["image"] for one in done.json["bad_pictures"]] == ["test/green/torn.png"]
    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("image", "class", "label", "probability", "label_2", "probability_2", "label_3", "probability_3", "error")
    ]
    assert len(rows) == 7
    assert (rows[6]["image"], rows[6]["class"], rows[6]["label"]) == ("test/green/torn.png", "green", "")
    assert rows[6]["error"] == done.json["bad_pictures"][0]["error"]
    text = googlenet("evaluate", trained, splits)
    assert text.code == 1
    assert "1 picture could not be read and is not counted:\n  test/green/torn.png: " in text.out


def test_a_class_of_which_no_picture_can_be_read_has_no_score_and_neither_have_the_others(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    for picture in (splits / "test" / "green").iterdir():
        picture.write_bytes(b"")
    done = googlenet("evaluate", trained, splits, "--output", tmp_path / "rows.csv")
    assert done.error == (
        "none of the 2 pictures of the class 'green' in test can be read (folder test/green; 07.png: empty file): "
        "replace them, or remove the class"
    )
    assert not list(tmp_path.glob("rows.csv*"))


def test_a_model_trained_on_folders_that_are_taken_for_splits_today_is_still_evaluated(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    model = load_model(trained)
    classes = tuple(ClassLabel(name, name) for name in ("Testing", "Training", "red"))
    save_model(replace(model, classes=classes), tmp_path / "old.safetensors")
    for folder, colour in (("Testing/a", "blue"), ("Training/a", "green"), ("red/a", "red")):
        shutil.copytree(photos / colour, tmp_path / "data" / folder)
    assert googlenet("evaluate", tmp_path / "old.safetensors", tmp_path / "data", "--json").json["top1"] > 0.5


def test_only_bad_pictures_are_an_error(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "red").mkdir(parents=True)
    (tmp_path / "data" / "red" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert (
        "there are no pictures to evaluate on (1 could not be read)"
        in googlenet("evaluate", trained, tmp_path / "data").error
    )


def test_the_text_names_the_split_the_accuracy_with_its_interval_and_the_worst_classes_first(
    googlenet: Run, trained: Path, splits: Path
) -> None:
    lines = googlenet("evaluate", trained, splits, "--split", "val").out.splitlines()
    assert lines[0] == "pictures  9 of val"
    assert "95 % interval" in lines[1]
    recalls = [
        float(line.split()[2].rstrip("%")) for line in lines if line.split()[:1] in (["blue"], ["green"], ["red"])
    ]
    assert len(recalls) == 3
    assert recalls == sorted(recalls)


def test_one_model_and_one_crop_say_so_in_json_and_nothing_new_in_the_text(
    googlenet: Run, trained: Path, splits: Path
) -> None:
    figures = googlenet("evaluate", trained, splits, "--json").json
    assert (figures["models"], figures["crops"], figures["cost"], figures["top5_error"]) == (1, 1, 1, 0.0)
    assert "table" not in figures
    plain = googlenet("evaluate", trained, splits)
    assert [line.split()[0] for line in plain.out.splitlines()[:5]] == ["pictures", "top-1", "top-3", "mean", "loss"]
    assert googlenet("evaluate", trained, splits, "--crops", "1") == plain


def test_crops_are_averaged(googlenet: Run, trained: Path, splits: Path) -> None:
    done = googlenet("evaluate", trained, splits, "--crops", "144", "--json")
    assert (done.json["crops"], done.json["cost"], done.json["pictures"]) == (144, 144, 6)
    assert done.json["loss"] != googlenet("evaluate", trained, splits, "--json").json["loss"]
    text = googlenet("evaluate", trained, splits, "--crops", "144").out.splitlines()
    assert text[1] == "crops  144 per picture, averaged"


def test_several_protocols_and_models_are_the_table_of_the_paper(
    googlenet: Run, trained: Path, ensemble: Path, splits: Path
) -> None:
    arguments = (trained, ensemble, splits, "--crops", "10", "--crops", "1,144")
    figures = googlenet("evaluate", *arguments, "--json").json
    rows = [(row["models"], row["crops"], row["cost"]) for row in figures["table"]]
    assert rows == [(1, 1, 1), (1, 10, 10), (1, 144, 144), (3, 1, 3), (3, 10, 30), (3, 144, 432)]
    assert figures["cost"] == 432
    assert figures["pictures"] == 6
    lines = googlenet("evaluate", *arguments).out.splitlines()
    assert lines[0] == "pictures  6 of test"
    shown = [line.split() for line in lines[4:]]
    assert [tuple(int(word) for word in line[:3]) for line in shown] == rows
    assert shown[0][-1] == "base"
    assert all("to" in line for line in shown[1:])


def test_the_rows_of_a_table_are_what_each_protocol_gives_alone(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, tmp_path: Path
) -> None:
    data = renamed(photos, tmp_path / "others")
    table = googlenet("evaluate", ensemble, data, "--crops", "1,10", "--json").json["table"]
    alone = [
        googlenet("evaluate", model, data, "--crops", crops, "--json").json
        for model in (trained, ensemble)
        for crops in ("1", "10")
    ]
    assert [row["top1_error"] for row in table] == pytest.approx([1 - one["top1"] for one in alone])
    assert [row["top5_error"] for row in table] == [one["top5_error"] for one in alone]


def test_an_ensemble_and_its_members_by_name_are_the_same(
    googlenet: Run, ensemble: Path, splits: Path, tmp_path: Path
) -> None:
    members = (ensemble / "members" / "1", ensemble / "members" / "2" / "model.safetensors")
    by_run = googlenet("evaluate", ensemble, splits, "--json", "--output", tmp_path / "run.jsonl")
    by_name = googlenet("evaluate", *members, splits, "--json", "--output", tmp_path / "name.jsonl")
    assert by_run == by_name
    assert by_run.json["models"] == 2
    rows = (tmp_path / "run.jsonl").read_text()
    assert rows == (tmp_path / "name.jsonl").read_text()
    assert len(rows.splitlines()) == 6


def test_rows_are_those_of_all_models_and_the_most_crops(
    googlenet: Run, ensemble: Path, splits: Path, tmp_path: Path
) -> None:
    googlenet("evaluate", ensemble, splits, "--crops", "1,10", "--output", tmp_path / "both.jsonl")
    googlenet("evaluate", ensemble, splits, "--crops", "10", "--output", tmp_path / "ten.jsonl")
    both, ten = (
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("both.jsonl", "ten.jsonl")
    )
    assert [row["image"] for row in both] == [row["image"] for row in ten]
    for one, other in zip(both, ten, strict=True):
        shares = [{said["label"]: said["probability"] for said in row["predictions"]} for row in (one, other)]
        assert shares[0] == pytest.approx(shares[1], abs=2e-6)


def test_a_protocol_that_does_not_exist_is_answered_with_those_that_do(
    googlenet: Run, trained: Path, splits: Path
) -> None:
    for given in ("12", "1,", "ten"):
        done = googlenet("evaluate", trained, splits, "--crops", given)
        assert done.error.endswith("is not supported; choose from 1, 10, 144")


def test_models_with_other_classes_are_refused(googlenet: Run, trained: Path, splits: Path, tmp_path: Path) -> None:
    model = load_model(trained)
    classes = (*model.classes[:2], ClassLabel("mauve", "mauve"))
    save_model(replace(model, classes=classes), tmp_path / "other.safetensors")
    sentence = googlenet("evaluate", trained, tmp_path / "other.safetensors", splits).error
    assert f"only {trained} has 'red'; only {tmp_path / 'other.safetensors'} has 'mauve'" in sentence


def test_models_that_held_different_pictures_back_have_no_split_in_common(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    model = load_model(trained)
    data = {**(model.about.data or {}), "split": {"seed": 4, "share": 0.3}}
    save_model(replace(model, about=replace(model.about, data=data)), tmp_path / "other.safetensors")
    sentence = googlenet("evaluate", trained, tmp_path / "other.safetensors", photos).error
    assert "(seed 3 and share 0.3, seed 4 and share 0.3)" in sentence
    done = googlenet("evaluate", trained, tmp_path / "other.safetensors", photos, "--split", "all", "--json")
    assert done.json["pictures"] == 36


def test_data_that_are_not_there_are_an_error(googlenet: Run, trained: Path, tmp_path: Path) -> None:
    assert f"{tmp_path / 'no'} does not exist" in googlenet("evaluate", trained, tmp_path / "no").error
    (tmp_path / "empty").mkdir()
    assert "contains no pictures" in googlenet("evaluate", trained, tmp_path / "empty").error
    assert "did you mean 'digits'?" in googlenet("evaluate", trained, "digitz").error


def test_an_output_that_cannot_be_written_is_refused(googlenet: Run, trained: Path, splits: Path) -> None:
    assert (
        "must end in .csv, .jsonl or .parquet" in googlenet("evaluate", trained, splits, "--output", "rows.txt").error
    )


def test_a_file_of_rows_is_only_replaced_on_request(
    googlenet: Run, trained: Path, splits: Path, tmp_path: Path
) -> None:
    (splits / "test" / "notes.txt").write_text("no picture")
    rows = tmp_path / "rows.csv"
    rows.write_text("of yesterday")
    words = ("-q", "evaluate", trained, splits, "--output", rows)
    assert googlenet(*words).error == (
        f"{rows} already exists; use --output to write another file, or --force to replace it"
    )
    assert rows.read_text() == "of yesterday"
    done = googlenet(*words, "--force")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("pictures  6 of test\n"), "quiet: without a remark on what was ignored"
    assert rows.read_text().startswith("image,class,label,probability,")
