"""The picture of a network: what is drawn of which layer."""

from fmnist_core import zoo
from fmnist_core.figures.network import network_boxes, network_figure, network_text
from fmnist_core.presets import PRESETS


def test_layers_that_change_nothing_are_left_out_and_heights_are_the_sides():
    boxes = network_boxes(zoo.describe(PRESETS["E-cnn-k3n32"]))
    assert [box.label.split("<br>")[0] for box in boxes] == [
        "Conv2D", "norm", "pool", "Conv2D", "norm", "pool", "Flatten", "Dense", "Dense",
    ]  # fmt: skip
    assert [box.height for box in boxes[:6]] == [26, 26, 13, 11, 11, 5]


def test_frozen_and_partly_trained_blocks_are_told_apart():
    boxes = network_boxes(zoo.describe(PRESETS["B-vgg16"].replace(unfrozen_layers=3)))
    by_name = {box.label.split("<br>")[0]: box.training for box in boxes}
    assert by_name["block4"] == "frozen"
    assert by_name["block5"] == "partly"
    assert by_name["Dense"] == "trained"


def test_the_figure_draws_each_box_once_and_the_text_names_it():
    boxes = network_boxes(zoo.describe(PRESETS["mobilenet-cut"]))
    drawn = sum(len(trace.x) for trace in network_figure(boxes).data)
    assert drawn == len(boxes)
    assert "block 7 4×4×512 (frozen)" in network_text(boxes)
