"""The colours of the classes stay apart for readers with the three common kinds of colour blindness."""

import itertools

import numpy as np
import pytest

from fmnist_core.figures.palette import CLASS_COLOURS

# Linear RGB as the whole cone class missing sees it: Machado, Oliveira, Fernandes, IEEE TVCG 15(6), 2009, severity 1.
SIGHT = {
    "all three": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1, 1.089])
APART = 15.6  # CIE76; what the nine colours of the source keep


def lab(colour, sight):
    """CIE L*a*b* of a "#RRGGBB" as such eyes see it."""
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    x, y, z = (TO_XYZ @ np.clip(np.asarray(sight) @ linear, 0, 1)) / WHITE
    x, y, z = (np.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_classes_can_be_told_apart(sight):
    seen = [lab(colour, SIGHT[sight]) for colour in CLASS_COLOURS]
    nearest = min(
        itertools.combinations(range(len(seen)), 2), key=lambda two: np.linalg.norm(seen[two[0]] - seen[two[1]])
    )
    assert np.linalg.norm(seen[nearest[0]] - seen[nearest[1]]) >= APART, nearest
