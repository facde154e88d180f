"""The compiled library: built where there is a compiler, done without elsewhere, and never one that does not fit."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import hatch_build
from googlenet.engines import open_engine
from googlenet.environment import INSTRUCTION_SET
from googlenet.errors import InputError
from googlenet.graph import PROBABILITIES, build_graph
from googlenet.machine import Machine
from googlenet.model import load_model
from googlenet.native import Network, is_best_here, library, load_library
from googlenet.pretrained import find_model


@pytest.fixture
def not_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    load_library.cache_clear()
    monkeypatch.setattr(library, "LIBRARY", tmp_path / "kernels.so")
    yield
    load_library.cache_clear()


@pytest.mark.usefixtures("not_compiled")
def test_without_the_library_the_engine_says_why_and_what_to_take() -> None:
    with pytest.raises(InputError, match=r"its kernels were not compiled.*--engine onnx runs the same models"):
        open_engine(load_model(find_model("bvlc")), name="native")


@pytest.mark.usefixtures("not_compiled")
def test_without_the_library_onnx_is_what_nobody_names() -> None:
    assert not is_best_here()
    assert open_engine(load_model(find_model("bvlc"))).name == "onnx"


@pytest.mark.parametrize(
    ("names", "features", "best"),
    [
        (["scalar"], (), False),
        (["scalar", "avx2"], ("avx2",), True),
        (["scalar", "avx2"], ("avx2", "avx512f"), False),
        (["scalar", "avx2", "avx512vnni"], ("avx2", "avx512f", "avx512_vnni"), True),
    ],
)
def test_the_engine_is_best_where_that_was_measured(
    monkeypatch: pytest.MonkeyPatch, names: list[str], features: tuple[str, ...], best: bool
) -> None:
    sets = tuple(replace(each, is_here=each.name in names) for each in library.instruction_sets())
    monkeypatch.setattr(library, "instruction_sets", lambda: sets)
    monkeypatch.delenv(INSTRUCTION_SET, raising=False)
    monkeypatch.setattr(library, "read_machine", lambda: Machine("a processor", 2, 2, features))
    assert is_best_here() is best


def test_a_library_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    load_library.cache_clear()
    monkeypatch.setattr(library, "RECORD_BYTES", (8, *library.RECORD_BYTES[1:]))
    with pytest.raises(InputError, match="compiled for another version of this package: install the package again"):
        load_library()


@pytest.mark.usefixtures("not_compiled")
def test_another_processor_gets_the_scalar_kernels_and_prefers_onnx(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(hatch_build, "LIBRARY", tmp_path / "kernels.so")
    assert hatch_build.compile_kernels() is None
    assert [path.name for path in tmp_path.iterdir()] == ["kernels.so"]
    assert [each.name for each in library.instruction_sets()] == ["scalar"]
    assert not is_best_here()
    network = Network(build_graph(load_model(find_model("bvlc"))), 1)
    assert network.run(np.zeros((1, 64, 64, 3), np.uint8), (PROBABILITIES,))[PROBABILITIES].shape == (1, 1, 1, 1000)


def test_an_instruction_set_that_is_not_here_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTRUCTION_SET, "neon")
    with pytest.raises(InputError, match=r"no instruction set 'neon' for this processor, only scalar"):
        library.choose_instruction_set()


def test_without_a_compiler_the_package_is_built_and_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hatch_build, "LIBRARY", tmp_path / "kernels.so")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.delenv("GOOGLENET_KERNELS", raising=False)
    (tmp_path / "kernels.so").write_bytes(b"an older one")
    assert not hatch_build.build_or_say_why_not()
    assert "the C compiler no-such-compiler cannot be run" in capsys.readouterr().err
    assert not (tmp_path / "kernels.so").exists()


def test_a_wheel_for_others_cannot_lack_the_kernels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hatch_build, "LIBRARY", tmp_path / "kernels.so")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("GOOGLENET_KERNELS", "required")
    with pytest.raises(SystemExit):
        hatch_build.build_or_say_why_not()
