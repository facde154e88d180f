"""The filters of the first layer, and a picture's tour through the modules, as figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec, build_architecture, layer_names
from googlenet.images import Preprocessing
from googlenet.images.preprocessing import ChannelOrder
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights
from googlenet.visualization import filters, tour
from googlenet.visualization.filters import draw_filters, filter_pictures, first_filters
from googlenet.visualization.tour import draw_tour


def small_model(order: ChannelOrder) -> Model:
    channels = 1 if order == "GREY" else 3
    spec = ArchitectureSpec("small-32", classes=2, channels=channels, width=0.125)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = (ClassLabel("a", "a"), ClassLabel("b", "b"))
    return Model(spec, weights, classes, Preprocessing(32, 32, "crop", order, (100.0,) * channels, (0.02,) * channels))


@pytest.mark.parametrize(("order", "red"), [("RGB", 0), ("BGR", 2)])
def test_a_filter_for_red_is_drawn_red_whatever_the_order_of_channels(order: ChannelOrder, red: int) -> None:
    model = small_model(order)
    weight = np.zeros_like(model.weights["conv1.weight"])
    weight[:, red, 0, 0] = 0.5
    pictures = filter_pictures(first_filters(replace(model, weights={**model.weights, "conv1.weight": weight})))
    assert pictures[0, 0, 0].tolist() == [255, 128, 128]
    assert pictures[0, 1, 1].tolist() == [128, 128, 128]


def test_filters_of_a_grey_network_are_grey_and_a_dead_one_is_flat() -> None:
    model = small_model("GREY")
    weight = model.weights["conv1.weight"].copy()
    weight[1] = 0
    pictures = filter_pictures(first_filters(replace(model, weights={**model.weights, "conv1.weight": weight})))
    assert (pictures == pictures[..., :1]).all()
    assert np.abs(pictures[0].astype(int) - 128).max() >= 127  # its largest weight is black or white
    assert {*pictures[1].flat} == {128}


def test_the_figure_has_a_square_for_each_filter() -> None:
    model = small_model("RGB")
    figure = np.asarray(draw_filters(model, name="small"))
    pictures = filter_pictures(first_filters(model))
    assert len(pictures) == 8
    top = next(row for row in range(len(figure)) if (figure[row, filters.MARGIN] == pictures[0, 0, 0]).all())
    for number, picture in enumerate(pictures):
        left = filters.MARGIN + number * (filters.CELL + filters.GAP)
        assert (figure[top + 1, left + 1] == picture[0, 0]).all()
        assert (figure[top + filters.CELL - 2, left + filters.CELL - 2] == picture[-1, -1]).all()


def test_a_tour_shows_each_module_with_its_most_active_units_first() -> None:
    known = layer_names(build_architecture(ArchitectureSpec("paper")))
    layers = [known["3a"], known["5b"]]
    activations = {layer.name: np.zeros((layer.shape[2], 7, 7), np.float32) for layer in layers}
    activations["3a"][40, 6, 0] = 9.0
    activations["3a"][11, 0, 6] = 4.5
    square = np.full((224, 224, 3), 90, np.uint8)
    figure = np.asarray(draw_tour(square, activations, layers, name="a.png", answer="cat 90.0%")).astype(int)
    assert figure.shape[0] > 2 * (tour.TILE + tour.ROW_GAP)
    first = tour.MARGIN + tour.ABOUT + tour.GAP + tour.TILE + tour.GAP
    columns = [first + column * (tour.TILE + tour.GAP) for column in range(tour.UNITS)]
    lightest = [figure[:, left : left + tour.TILE].sum(axis=2) for left in columns]
    # Of the first module, the strongest unit's map is brightest at its lower left, the second's is dimmer, upper right.
    top = int(np.argwhere((figure[:, columns[0]] == tour.NIGHT).all(axis=1)).min())
    assert lightest[0][top + tour.TILE - 3, 3] > lightest[1][top + 3, tour.TILE - 3] > 74 == lightest[2][top + 3, 3]
