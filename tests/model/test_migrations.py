"""Older headers become today's, step by step."""

from __future__ import annotations

import pytest

from googlenet.model import migrations


def test_a_header_of_today_stays_as_it_is() -> None:
    header = {"schema_version": migrations.SCHEMA_VERSION, "classes": []}
    assert migrations.migrate(header) == header


def test_a_header_of_schema_1_gets_the_names_of_today() -> None:
    old = {
        "schema_version": 1,
        "architecture": {"variant": "small-32", "adaptive_side_pooling": True},
        "preprocessing": {"side": 32, "resize": 36, "fit": "crop"},
        "about": {"recipe": {"side": 32, "train_sides": "0:24,0.5:32", "epochs": 3}, "source": "digits"},
    }
    assert migrations.migrate(old) == {
        "schema_version": 2,
        "architecture": {"variant": "small-32", "adaptive_auxiliary_pooling": True},
        "preprocessing": {"input_size": 32, "resize_size": 36, "fit": "crop"},
        "about": {"recipe": {"input_size": 32, "train_sizes": "0:24,0.5:32", "epochs": 3}, "source": "digits"},
    }


def test_an_inception5h_of_schema_1_keeps_the_lrn_it_was_computed_with() -> None:
    old = {"schema_version": 1, "architecture": {"variant": "inception5h", "adaptive_side_pooling": False}}
    assert migrations.migrate(old)["architecture"]["variant"] == "inception5h-port"
    assert migrations.renamed({"variant": "inception5h", "side": 224})["variant"] == "inception5h-port"
    begun_today = {"variant": "inception5h", "input_size": 224}
    assert migrations.renamed(begun_today) == begun_today


@pytest.mark.parametrize("damaged", [None, 3, "side", ["side"]])
def test_a_damaged_record_is_left_to_the_check_that_follows(damaged: object) -> None:
    assert migrations.migrate({"schema_version": 1, "preprocessing": damaged})["preprocessing"] == damaged


def test_an_old_header_goes_through_every_later_step_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(header: migrations.Header) -> migrations.Header:
        header["classes"] = header.pop("labels")
        return header

    steps = (rename, lambda header: header | {"seen": [*header["classes"], "later"]})
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 3)
    old = {"schema_version": 1, "labels": ["a"]}
    assert migrations.migrate(old) == {"schema_version": 3, "classes": ["a"], "seen": ["a", "later"]}
    assert old == {"schema_version": 1, "labels": ["a"]}
    assert migrations.migrate({"schema_version": 2, "classes": []})["seen"] == ["later"]
