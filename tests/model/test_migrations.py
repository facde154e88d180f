"""Older headers become today's, step by step."""

from __future__ import annotations

import pytest

from googlenet.model import migrations


def test_a_header_of_today_stays_as_it_is() -> None:
    header = {"schema_version": migrations.SCHEMA_VERSION, "classes": []}
    assert migrations.migrate(header) == header


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
