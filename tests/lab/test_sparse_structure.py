"""The measures of `examples/lab/sparse_structure.py`, on maps in which it is known what is correlated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet import ArchitectureSpec, GoogLeNet, build_architecture
from googlenet.network import read_weights

GROUPS, EACH = 6, 8


@pytest.fixture
def lab(load: Any) -> Any:
    return load("sparse_structure")


def planted_maps() -> NDArray[np.float32]:
    """(pictures, units, 7, 7): the units of a group are one map and noise; units of two groups share nothing."""
    generator = np.random.default_rng(0)
    own = generator.standard_normal((12, GROUPS * EACH, 7, 7))
    shared = np.repeat(generator.standard_normal((12, GROUPS, 7, 7)), EACH, axis=1)
    return (shared + 0.5 * own).astype(np.float32)


def test_correlations_are_pearsons_and_those_of_a_dead_unit_are_0(lab: Any) -> None:
    maps = planted_maps()
    maps[:, 3] = 0
    alive = np.arange(maps.shape[1]) != 3
    matrix = lab.correlations(maps)
    expected = np.corrcoef(maps.transpose(1, 0, 2, 3).reshape(maps.shape[1], -1)[alive])
    np.testing.assert_allclose(matrix[np.ix_(alive, alive)], expected, atol=1e-6)
    assert not matrix[3].any()


def test_shuffling_keeps_what_a_unit_does_and_ends_what_units_have_in_common(lab: Any) -> None:
    maps = planted_maps()
    other = lab.shuffled(maps, 0)
    for unit in range(maps.shape[1]):
        np.testing.assert_array_equal(np.sort(other[:, unit], axis=None), np.sort(maps[:, unit], axis=None))
    assert np.abs(lab.pairs(lab.correlations(other))).max() < 0.3


def test_planted_groups_are_found_with_their_wiring(lab: Any) -> None:
    generator = np.random.default_rng(1)
    wired = np.repeat(generator.standard_normal((GROUPS, 50)), EACH, axis=0)
    found = lab.measure(lab.correlations(planted_maps()), wired + generator.standard_normal(wired.shape))
    assert found.within == pytest.approx(0.8, abs=0.02)  # 1 / (1 + 0.25)
    assert found.between == pytest.approx(0, abs=0.02)
    assert found.related == pytest.approx((EACH - 1) / (GROUPS * EACH - 1))  # all pairs in a group
    unwired = lab.measure(lab.correlations(planted_maps()), generator.standard_normal(wired.shape))
    assert found.wiring > 0.4 > 0.1 > abs(unwired.wiring)


def test_correlation_one_place_apart_is_all_of_it_where_maps_are_even_and_none_in_noise(lab: Any) -> None:
    maps = planted_maps()
    even = np.broadcast_to(maps[..., :1], maps.shape).copy()
    assert lab.one_place_apart(even) == pytest.approx(1, abs=1e-4)
    assert abs(lab.one_place_apart(maps)) < 0.1


def test_a_unit_is_read_by_the_next_modules_1x1_convolutions_or_by_the_classifier(lab: Any) -> None:
    network = GoogLeNet(build_architecture(ArchitectureSpec("paper", classes=7, width=0.125)), auxiliaries=False)
    weights = read_weights(network)
    for row, following in (("conv2", "3a"), ("3b", "4a"), ("4a", "4b")):
        outgoing = lab.outgoing_weights(network, row)
        np.testing.assert_array_equal(
            outgoing[:, : len(weights[f"{following}.1x1.bias"])].T, weights[f"{following}.1x1.weight"][:, :, 0, 0]
        )
        assert outgoing.shape[0] == weights[f"{following}.pool_projection.weight"].shape[1]
    np.testing.assert_array_equal(lab.outgoing_weights(network, "5b"), weights["linear.weight"].T)
