"""The kernels' tests run with every instruction set that this processor has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from googlenet.environment import INSTRUCTION_SET
from googlenet.native import library
from googlenet.native.library import choose_instruction_set, instruction_sets

if built := os.environ.get("GOOGLENET_TEST_KERNELS"):  # with sanitizers: sanitize.py
    library.LIBRARY = Path(built)


@pytest.fixture(scope="module", params=hatch_build.INSTRUCTION_SETS)
def each_instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Networks of this module are run with one instruction set after the other."""
    name: str = request.param
    if name not in [each.name for each in instruction_sets() if each.is_here]:
        pytest.skip(f"this processor has no {name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(INSTRUCTION_SET, name)
        assert choose_instruction_set().name == name
        yield name
