"""The kernels' tests run with every set of instructions; those that this processor lacks are emulated."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from googlenet.native import library, load_library, network
from googlenet.native.library import INSTRUCTIONS, Instructions, instructions_here

EMULATED = Path(__file__).with_name("emulated")


@pytest.fixture(scope="session")
def emulated_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, with the instructions of AVX-512 written out for processors that lack them."""
    room = tmp_path_factory.mktemp("emulated")
    shutil.copytree(hatch_build.ROOM / "source", room / "source")
    flags = ("-mavx2", "-mfma", "-O1", "-w", f"-I{EMULATED}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hatch_build, "ROOM", room)
        patch.setattr(hatch_build, "LIBRARY", room / "kernels.so")
        patch.setitem(hatch_build.SOURCES, "avx512.c", flags)
        assert hatch_build.compile_kernels() is None
    return room / "kernels.so"


@pytest.fixture(scope="module", params=INSTRUCTIONS, ids=lambda instructions: instructions.name)
def each_set_of_instructions(request: pytest.FixtureRequest) -> Iterator[None]:
    """Networks of this module are run with one set of instructions after the other."""
    instructions: Instructions = request.param
    with pytest.MonkeyPatch.context() as patch:
        if instructions not in instructions_here():
            patch.setattr(library, "LIBRARY", request.getfixturevalue("emulated_library"))
        load_library.cache_clear()
        patch.setattr(network, "instructions_here", lambda: (instructions,))
        yield
    load_library.cache_clear()
