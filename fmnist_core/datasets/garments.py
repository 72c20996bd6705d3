"""Ten garments as polygons: what the offline sample is drawn from.

Coordinates are pixels of the finished 28x28 image, (0, 0) top left; shoes point left, as in Fashion-MNIST.
Every function draws one garment with its own random cut; tones are grey levels 0..255 on black.
"""

from collections.abc import Callable

import numpy as np

from fmnist_core.datasets.pen import Pen


def draw_tshirt(pen: Pen) -> None:
    """Draw short sleeves that stand off, a straight body, a round or V neck, sometimes a print."""
    body, top, hem = pen.between(5.6, 7.4), pen.between(0.8, 2.5), pen.between(25.5, 27.5)
    reach, length = body + pen.between(3.0, 4.6), pen.between(7.5, 10.5)
    sleeve = [(3.5, top), (body, top + 1), (reach, length - 0.5), (body + 0.8, length + 1.6), (body - 1, 7)]
    pen.both_sides(sleeve, pen.shade(pen.between(0.85, 1.0)))
    pen.symmetric([(2.6, top), (body, top + 1.2), (body, hem)], pen.tone)
    pen.both_sides([(body, length + 1.2), (body - 0.5, top + 3.5), (body - 0.1, top + 3.5)], pen.shade(0.55))
    _neck(pen, top, pen.chance(0.35), pen.between(2.2, 3.2))
    if pen.chance(0.5):
        _print(pen, pen.between(3, 4.2), pen.between(9, 11), body)
    elif pen.chance(0.3):
        _stripes(pen, body, 7, hem)


def draw_trouser(pen: Pen) -> None:
    """Draw a waistband and two legs with a dark gap between them."""
    waist, hip, ankle = pen.between(3.2, 4.2), pen.between(4.0, 5.4), pen.between(2.0, 4.2)
    crotch, hem = pen.between(8.5, 11), pen.between(26, 27.6)
    inner = pen.between(0.5, 1.5)
    pen.symmetric([(waist, 0.6), (hip, 6), (hip - 0.2, crotch + 0.4)], pen.tone)
    pen.both_sides([(hip, 6), (inner + ankle, hem), (inner, hem), (0.25, crotch), (0.0, crotch - 3)], pen.tone)
    pen.both_sides([(0.25, crotch), (inner, hem), (inner + 0.5, hem), (0.7, crotch)], pen.shade(0.7))
    pen.symmetric([(waist, 0.6), (waist, 1.9)], pen.shade(0.65))
    pen.line([(14, 2), (14, crotch)], pen.shade(0.6), 0.4)
    if pen.chance(0.5):
        pen.both_sides([(hip - 1.8, 3), (hip - 0.6, 5), (hip - 0.9, 5.4), (hip - 2.1, 3.4)], pen.shade(0.6))
    if pen.chance(0.4):  # washed knees
        pen.both_sides([(1.6, 14), (hip - 1, 14), (hip - 1.2, 18), (1.8, 18)], pen.shade(1.25))


def draw_pullover(pen: Pen) -> None:
    """Draw long sleeves down to a ribbed hem, nothing that opens in front."""
    body, hem = pen.between(5.8, 7.2), pen.between(25.8, 27.6)
    top = _long_sleeves(pen, body, hem, pen.between(4.0, 4.8), pen.between(0.86, 1.0))
    pen.symmetric([(2.8, top), (body, top + 1.6), (body, hem)], pen.tone)
    if pen.chance(0.25):  # turtleneck
        pen.symmetric([(2.2, top - 1.4), (2.8, top + 1.2)], pen.shade(0.8))
    else:
        pen.arc(14, top - 0.2, 3.1, 2.0, 0, 180, pen.shade(0.62), 0.9)
        pen.oval(14, top - 0.6, 2.3, 1.2, 0)
    pen.symmetric([(body, hem - 2.2), (body, hem)], pen.shade(0.68))
    kind = pen.between(0, 1)
    if kind < 0.3:
        _stripes(pen, body, 8, hem - 3)
    elif kind < 0.6:
        _print(pen, pen.between(3, 4), pen.between(10, 12), body)


def draw_dress(pen: Pen) -> None:
    """Draw shoulders, a narrow waist and a skirt that widens to the bottom edge."""
    bust, waist, skirt = pen.between(2.9, 3.9), pen.between(2.2, 3.0), pen.between(4.2, 7.2)
    belt = pen.between(9.5, 12.5)
    sleeves = pen.between(0, 1)
    if sleeves < 0.35:
        sleeve = [(1.8, 1.2), (bust + 0.4, 1.6), (bust + 2.2, 6.6), (bust + 0.6, 7.2), (bust - 0.8, 4.5)]
        pen.both_sides(sleeve, pen.shade(0.9))
        pen.symmetric([(2.2, 1.0), (bust, 1.8), (bust, 6), (waist, belt), (skirt, 27.5)], pen.tone)
        _neck(pen, 1.0, pen.chance(0.5), 1.9)
    elif sleeves < 0.6:
        sleeve = [(1.8, 1.2), (bust, 1.8), (bust + 2.6, 14), (bust + 1.2, 14.4), (bust - 0.6, 5)]
        pen.both_sides(sleeve, pen.shade(0.85))
        pen.symmetric([(2.2, 1.0), (bust, 1.8), (bust, 6), (waist, belt), (skirt, 27.5)], pen.tone)
        _neck(pen, 1.0, False, 1.9)
    else:
        pen.both_sides([(1.5, 0.5), (2.3, 0.5), (2.8, 5), (1.6, 5)], pen.tone)
        pen.symmetric([(bust - 1.0, 4), (bust, 6.4), (waist, belt), (skirt, 27.5)], pen.tone)
    if pen.chance(0.6):
        pen.symmetric([(waist + 0.1, belt - 0.7), (waist + 0.2, belt + 0.7)], pen.shade(0.5))
    for fold in (-0.55, -0.15, 0.2, 0.6):
        foot = 14 + fold * skirt
        pen.line([(14 + fold * waist, belt + 2), (foot, 27)], pen.shade(0.8), 0.5)


def draw_coat(pen: Pen) -> None:
    """Draw a wide, long body with long sleeves, lapels and a dark opening from neck to hem."""
    body, hem = pen.between(6.6, 7.8), 27.8
    top = _long_sleeves(pen, body, pen.between(24, 26.5), pen.between(3.6, 4.4), pen.between(0.7, 0.85))
    pen.symmetric([(2.8, top), (body - 0.6, top + 1.4), (body - 0.8, 13), (body + 0.3, hem)], pen.tone)
    opening = pen.between(0.25, 0.55)
    pen.symmetric([(opening, top + 1), (opening, hem)], 22)
    notch = pen.between(8, 11)
    pen.both_sides([(0.3, notch), (3.2, top - 0.6), (4.4, top + 3.2), (2.8, top + 4.4)], pen.shade(0.62))
    pen.both_sides([(0.5, notch - 0.6), (2.8, top), (3.7, top + 3.2), (2.4, top + 4)], pen.shade(1.15))
    pen.symmetric([(1.9, top - 0.8), (0.5, notch - 1.5)], 12)
    for y in np.arange(notch + 2, 24, pen.between(3.2, 4.2)):
        pen.oval(14 + 1.7, float(y), 0.55, 0.55, 30)
        if pen.tone > 170:
            pen.oval(14 - 1.7, float(y), 0.55, 0.55, 30)
    pocket = pen.between(17, 19)
    pen.both_sides([(2.8, pocket), (5.4, pocket - 0.6), (5.4, pocket + 0.4), (2.8, pocket + 1)], pen.shade(0.5))


def draw_sandal(pen: Pen) -> None:
    """Draw a sole, flat, wedge or high-heeled, and straps with air between them."""
    pen.tone = max(pen.tone, 130)
    heel = pen.between(0, 1)
    if heel < 0.4:
        _flat_sandal(pen)
    else:
        _heeled_sandal(pen, pen.between(4.5, 10.5), wedge=heel > 0.75)


def _flat_sandal(pen: Pen) -> None:
    floor, strap = pen.between(17.5, 20), pen.between(0.9, 1.4)
    pen.fill([(0.8, floor - 1.2), (27, floor - 1.6), (27.2, floor + 0.2), (1.4, floor + 0.3)], pen.shade(0.75))
    for x, height in ((6.0, 4.6), (10.0, 6.0)):
        pen.arc(x, floor - 1, 3.4, pen.between(height - 1, height), 185, 355, pen.tone, strap)
    pen.line([(12.5, floor - 2.5), (19, floor - 6), (24.5, floor - 5.2), (24.8, floor - 1)], pen.tone, strap)
    pen.line([(19, floor - 6.2), (18, floor - 1.2)], pen.shade(0.85), strap)


def _heeled_sandal(pen: Pen, rise: float, wedge: bool) -> None:
    floor = pen.between(22, 24)
    arch = [(1.5, floor - 0.9), (8, floor - 1.2), (15, floor - rise * 0.62), (24.5, floor - rise - 1)]
    if wedge:
        pen.fill([*arch, (25.5, floor), (2, floor)], pen.shade(0.6))
    else:
        pen.fill([(23.2, floor - rise), (25.2, floor - rise), (24.9, floor), (23.9, floor)], pen.shade(0.8))
    pen.line(arch, pen.shade(0.95), 1.2)
    pen.arc(6.2, floor - 1.4, 3.6, pen.between(3.2, 4.6), 190, 350, pen.tone, 1.3)
    ankle = floor - rise - pen.between(5.2, 7)
    pen.line([(24.6, floor - rise - 1), (25.4, ankle)], pen.tone, 1.2)
    pen.line([(17.2, ankle + 1.4), (25.4, ankle)], pen.tone, 1.2)
    pen.line([(17.2, ankle + 1.4), (14.5, floor - rise * 0.62)], pen.shade(0.85), 0.9)


def draw_shirt(pen: Pen) -> None:
    """Draw a pointed collar, a button placket and slim sleeves, often with checks or stripes."""
    body, hem = pen.between(5.2, 6.6), pen.between(25.5, 27.2)
    if pen.chance(0.3):
        top, elbow = pen.between(1.8, 2.6), pen.between(9, 11)
        cuff = [(body + 3.2, elbow), (body + 0.6, elbow + 1.4)]
        pen.both_sides([(3.5, top), (body, top + 1.2), *cuff, (body - 1, 7)], pen.shade(0.88))
    else:
        top = _long_sleeves(pen, body, hem, pen.between(2.9, 3.7), 0.88)
    pen.symmetric([(2.8, top), (body, top + 1.4), (body - 0.4, 14), (body, hem - 1), (0.0, hem + 0.6)], pen.tone)
    pattern = pen.between(0, 1)
    if pattern < 0.5:
        for x in np.arange(-body + 1, body - 0.4, pen.between(1.7, 2.4)):
            pen.line([(14 + float(x), top + 3), (14 + float(x), hem - 1)], pen.shade(0.68), 0.6)
    if pattern < 0.25:
        _stripes(pen, body - 0.3, 6, hem - 1)
    pen.fill([(13.1, top + 2), (14.9, top + 2), (14.9, hem + 0.4), (13.1, hem + 0.4)], pen.shade(1.12))
    pen.line([(13.0, top + 2), (13.0, hem)], pen.shade(0.6), 0.3)
    for y in np.arange(top + 4, hem - 1, 3.3):
        pen.oval(14.1, float(y), 0.6, 0.6, 30)
    pen.both_sides([(0.1, top + 1.6), (2.7, top - 1.4), (3.9, top + 0.8), (2.3, top + 3.4)], pen.shade(0.55))
    pen.both_sides([(0.2, top + 1.7), (2.6, top - 1.0), (3.4, top + 0.8), (2.1, top + 2.8)], pen.shade(1.25))
    if pen.chance(0.5):
        pen.fill([(15.8, 9), (18.6, 9), (18.6, 12), (15.8, 12)], pen.shade(0.78))


def draw_sneaker(pen: Pen) -> None:
    """Draw a low shoe: rounded toe, laces on a slope, a light sole of even height."""
    floor, height = pen.between(19, 21.5), pen.between(7.2, 9.2)
    collar, sole = floor - height, pen.between(1.6, 2.4)
    toe = [(0.8, floor - sole), (1.2, floor - 4.2), (4, floor - 5.2), (9, floor - 6.2), (14.5, collar + 0.2)]
    opening = [(17, collar - 0.5), (19.5, collar + 1.8), (24, collar + 1.4), (26.4, collar - 0.4)]
    pen.fill([*toe, *opening, (27.3, floor - sole)], pen.tone)
    pen.fill([(0.8, floor - 2), (1.2, floor - 4.2), (4, floor - 5.2), (5.8, floor - 2)], pen.shade(0.8))
    for x in (9.5, 11.4, 13.3, 15.2):
        pen.line([(x, floor - 6 - (x - 9) * 0.35), (x + 1.8, floor - 4.4 - (x - 9) * 0.3)], pen.shade(0.45), 0.6)
    if pen.chance(0.7):
        swoosh = [(12, floor - sole - 0.5), (18, floor - 3.8), (25, floor - 5), (18.5, floor - 2.8)]
        pen.fill(swoosh, pen.shade(1.5 if pen.tone < 160 else 0.45))
    pen.fill([(24.4, collar + 1.4), (26.4, collar - 0.4), (27, floor - sole), (24.8, floor - sole)], pen.shade(0.7))
    light = 235 if pen.chance(0.75) else pen.shade(0.5)
    pen.fill([(0.5, floor - sole), (27.4, floor - sole), (27.3, floor), (1.4, floor)], light)
    pen.line([(0.6, floor - sole), (27.3, floor - sole)], pen.shade(0.4), 0.4)


def draw_bag(pen: Pen) -> None:
    """Draw a box with a handle above it, a flap or a zip, and a clasp."""
    half, bottom = pen.between(8.5, 12.5), pen.between(24.5, 27)
    top = bottom - pen.between(11, 15)
    slope = pen.between(-1.2, 1.8)
    grip, rise = pen.between(3.6, half - 2.5), pen.between(5.5, 9.5)
    pen.arc(14, top + 0.6, grip, min(rise, top - 0.4), 180, 360, pen.shade(0.85), pen.between(0.9, 1.5))
    pen.symmetric([(half - slope, top), (half, bottom - 1), (half - 0.8, bottom)], pen.tone)
    if pen.chance(0.5):
        flap = top + (bottom - top) * pen.between(0.4, 0.6)
        pen.symmetric([(half - slope, top), (half - 0.4, flap - 2), (half - 3, flap)], pen.shade(0.72))
        pen.fill([(12.9, flap - 1.2), (15.1, flap - 1.2), (15.1, flap + 1), (12.9, flap + 1)], 245)
    else:
        pen.symmetric([(half - slope, top + 1.2), (half - slope, top + 2)], pen.shade(0.45))
        inner, outer = grip - 0.5, grip + 0.5
        pen.both_sides([(inner, top + 1), (outer, top + 1), (outer, top + 5), (inner, top + 5)], pen.shade(0.6))
        if pen.chance(0.5):
            pen.symmetric([(half - 2.5, bottom - 6), (half - 2.5, bottom - 2)], pen.shade(0.85))
    pen.symmetric([(half - 0.2, bottom - 1.2), (half - 0.8, bottom)], pen.shade(0.6))


def draw_ankle_boot(pen: Pen) -> None:
    """Draw a shaft that rises to the top right, a toe to the left, and a heel under the back."""
    floor, top = pen.between(24.5, 26.5), pen.between(3, 7.5)
    heel = pen.between(1.6, 4.2)
    front = pen.between(12.5, 15)
    sole = floor - heel
    shaft = [(front, top + 0.6), (25.6, top), (25.2, sole - 9), (26, sole - 5), (26.8, sole), (14, sole)]
    toe = [(8, floor - 0.9), (1.4, floor - 0.9), (0.8, floor - 2.4), (1.5, floor - 4.2), (3.2, floor - 5.6)]
    instep = [(6.5, floor - 7), (9.5, floor - 8.4), (front - 1.6, floor - 10.2), (front - 0.5, floor - 12.5)]
    pen.fill([*shaft, *toe, *instep], pen.tone)
    pen.fill([(19.6, sole - 0.4), (26.8, sole - 0.4), (26.2, floor), (20.3, floor)], pen.shade(0.5))
    pen.line([(0.9, floor - 0.5), (8.5, floor - 0.5), (14, sole + 0.2), (20, sole + 0.1)], pen.shade(0.5), 1.0)
    pen.line([(5.4, floor - 1.4), (5.6, floor - 6.4)], pen.shade(0.75), 0.4)
    style = pen.between(0, 1)
    if style < 0.4:  # elastic side panel
        pen.fill([(18, top + 1), (22, top + 1), (21, floor - 11), (19.4, floor - 11)], pen.shade(0.5))
    elif style < 0.75:  # laces
        for step in np.arange(0, 4) * 2.6:
            y = top + 2.5 + float(step)
            pen.line([(front - 0.4, y + 0.8), (front + 3, y)], pen.shade(0.4), 0.7)
    else:
        pen.line([(front, floor - 12), (26, floor - 13)], pen.shade(0.5), 1.1)
    pen.line([(front, top + 0.9), (25.6, top + 0.4)], pen.shade(0.65), 0.9)


# In the order of the labels.
DRAWINGS: tuple[Callable[[Pen], None], ...] = (
    draw_tshirt, draw_trouser, draw_pullover, draw_dress, draw_coat,
    draw_sandal, draw_shirt, draw_sneaker, draw_bag, draw_ankle_boot,
)  # fmt: skip


def _long_sleeves(pen: Pen, body: float, hem: float, width: float, tone: float) -> float:
    """Draw two sleeves that hang beside the body, with cuffs and a dark gap; return the shoulders' top."""
    top = pen.between(1.6, 3.0)
    outer = min(13.6, body + width + pen.between(0.6, 1.6))
    wrist = hem - pen.between(0.5, 3.0)
    cuff = [(outer, wrist), (outer - width * 0.72, wrist + 0.5)]
    sleeve = [(3, top), (body, top + 1.2), (outer - 0.8, 13), *cuff, (body + 0.6, 12), (body - 1, 9)]
    pen.both_sides(sleeve, pen.shade(tone))
    pen.both_sides([(outer - 0.1, wrist - 2), *cuff, (outer - width * 0.76, wrist - 1.6)], pen.shade(tone * 0.7))
    return top


def _neck(pen: Pen, top: float, is_v: bool, half: float) -> None:
    """Cut the neck opening and edge it."""
    if is_v:
        depth = half * 1.5
        pen.symmetric([(half + 0.5, top - 0.2), (0, top + depth + 0.7)], pen.shade(0.6))
        pen.symmetric([(half, top - 0.5), (0, top + depth)], 0)
    else:
        pen.oval(14, top - 0.2, half + 0.5, half * 0.8 + 0.5, pen.shade(0.65))
        pen.oval(14, top - 0.3, half, half * 0.8, 0)


def _print(pen: Pen, half: float, y: float, body: float) -> None:
    """Put a motif on the chest: a disc, a panel, or two lines of writing."""
    tone = pen.shade(0.4) if pen.tone > 150 else pen.shade(1.9)
    kind = pen.between(0, 3)
    if kind < 1:
        pen.oval(14, y + 2, half * 0.8, half * 0.8, tone)
    elif kind < 2:
        pen.symmetric([(min(half, body - 1.5), y - 0.5), (min(half, body - 1.5), y + 4.5)], tone)
    else:
        for row in (0.0, 2.4):
            for x in np.arange(-half, half - 0.5, 1.7):
                pen.line([(14 + float(x), y + row), (14 + float(x) + 1.0, y + row)], tone, 1.2)


def _stripes(pen: Pen, half: float, top: float, hem: float) -> None:
    """Draw horizontal stripes across the body."""
    for y in np.arange(top, hem - 1, pen.between(2.6, 4.2)):
        pen.symmetric([(half - 0.1, float(y)), (half - 0.1, float(y) + 1)], pen.shade(0.62))
