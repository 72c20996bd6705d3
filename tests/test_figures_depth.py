"""The depth probe in words and as a figure: only what its numbers support."""

from dataclasses import replace

import numpy as np
import pytest

from fmnist_core.backbones import blocks
from fmnist_core.depth_probe import Probe
from fmnist_core.figures.depth import cheapest_equal, depth_figure, depth_frame, depth_text

N = 2000


def probe_of(accuracies, raw=0.80, pretrained=True, backbone="mobilenet"):
    """A probe with these accuracies; an image that a worse block gets right, a better one gets right too."""
    hits = np.stack([np.arange(N) < round(N * accuracy) for accuracy in accuracies])
    known = blocks(backbone, 64)[: len(accuracies)]
    return Probe(known, hits, np.arange(N) < round(N * raw), 6000, 30.0, np.ones(len(known)), pretrained)


def test_the_frame_has_a_row_per_block_with_interval_and_cost():
    probe = probe_of([0.7, 0.9, 0.85])
    frame = depth_frame(probe)
    assert list(frame.block) == ["1", "2", "3"]
    assert list(frame.side_px) == [32, 16, 16]
    assert (frame.low < frame.accuracy).all() and (frame.accuracy < frame.high).all()
    assert list(frame.multiply_adds) == list(np.cumsum([block.multiply_adds for block in probe.blocks]))


def test_the_best_cut_comes_before_the_deepest_block_and_the_words_say_by_how_much():
    words = " ".join(depth_text(probe_of([0.7, 0.9, 0.85])))
    assert words.startswith("The best cut is after block 2: 90.0%.")
    assert "The deepest block gives 85.0%, 5.0 points less on the same images (95 % interval" in words
    assert "Deeper is not better here" in words
    assert "adds 10.0 points" in words


def test_a_difference_within_the_noise_is_no_finding():
    words = " ".join(depth_text(probe_of([0.7, 0.9, 0.9])))
    assert "The deepest block gives 90.0%, which 2,000 images cannot tell from it." in words
    assert "Deeper is not better" not in words


def test_the_last_block_may_be_the_best():
    words = " ".join(depth_text(probe_of([0.7, 0.8, 0.9])))
    assert "after the last block, block 3: 90.0%" in words
    assert "deepest" not in words


def test_blocks_that_the_file_left_at_random_are_named_and_no_depth_is_blamed_for_them():
    whole = probe_of([0.7, 0.9, 0.85])
    probe = replace(whole, left_out=blocks("mobilenet", 64)[3:5])
    words = " ".join(depth_text(probe))
    assert "Block 4 to block 5 are left out: this file holds weights there that look as they were drawn" in words
    assert "The deepest of the others gives 85.0%" in words
    assert f"of the base's {sum(one.multiply_adds for one in blocks('mobilenet', 64)[:5]) / 1e6:,.1f} million" in words
    assert "left out" not in " ".join(depth_text(whole))
    best_last = replace(probe_of([0.7, 0.8]), left_out=probe.left_out)
    assert depth_text(best_last)[0] == "The best cut is after block 2: 80.0%."


def test_a_cheaper_block_within_the_noise_is_named():
    probe = probe_of([0.7, 0.9, 0.9005])
    assert probe.best == 2 and cheapest_equal(probe) == 1
    assert "Already block 2 is within the noise of the best (90.0%)" in " ".join(depth_text(probe))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (0.8, "the pretrained base adds 10.0 points"),
        (0.9, "adds nothing that 2,000 images could show"),
        (0.95, "no block of this base is as good as the pixels themselves"),
    ],
)
def test_what_the_base_adds_is_judged_against_the_raw_pixels(raw, words):
    assert words in " ".join(depth_text(probe_of([0.7, 0.9], raw)))


def test_a_random_base_is_not_said_to_have_learned():
    words = " ".join(depth_text(probe_of([0.9, 0.8, 0.7], pretrained=False)))
    assert "even an untrained base adds" in words
    assert "specialised" not in words


def test_the_figure_marks_the_best_block_and_the_raw_pixels():
    figure = depth_figure(depth_frame(probe_of([0.7, 0.9, 0.85])), 0.8)
    band, line, cost = figure.data
    assert len(band.y) == 6
    assert list(line.marker.symbol) == ["circle", "diamond", "circle"]
    assert list(line.customdata[1][:3]) == ["2", 16, 128]
    assert len(cost.y) == 3
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert texts == ["<b>block 2: 90.0%</b>", "raw pixels: 80.0%"]
    assert figure.layout.shapes[0].y0 == 0.8


def test_the_axis_of_a_deep_network_names_a_few_blocks_only():
    frame = depth_frame(probe_of(np.linspace(0.7, 0.9, 51), backbone="resnet152v2"))
    figure = depth_figure(frame, 0.8)
    assert len(figure.layout.xaxis2.tickvals) <= 16
    assert len(figure.data[1].x) == 51
