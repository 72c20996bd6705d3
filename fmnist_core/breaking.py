"""One image broken in every way, at every strength: how the probabilities go, and where the answer flips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fmnist_core.corruptions import Corruption, Flip, apply, flips

Probabilities = Callable[[np.ndarray], np.ndarray]  # (n, 28, 28) uint8 -> (n, classes) float32
WORK_LIMIT = 10e9  # multiplications with addition for one image's curves: more is a wait that is felt
FEWEST = 9  # places of a slider
MOST_DRAWN, LEAST_DRAWN = 4, 0.1  # lines, and the highest probability along one


@dataclass(frozen=True, eq=False)
class Curve:
    """What a model makes of an image along one slider.

    Attributes:
        corruption: the slider's.
        amounts: (k,) float64, ascending.
        images: (k, 28, 28) uint8.
        probabilities: (k, classes) float.
        neutral_at: the place at which the image is as it was.
    """

    corruption: Corruption
    amounts: np.ndarray
    images: np.ndarray
    probabilities: np.ndarray
    neutral_at: int

    @property
    def answer(self) -> int:
        """The label named for the image as it was."""
        return int(self.probabilities[self.neutral_at].argmax())

    @property
    def flips(self) -> list[Flip]:
        """Where the answer changes, nearest to the neutral place first."""
        return flips(self.amounts, self.probabilities.argmax(axis=1), self.neutral_at)

    def drawn(self) -> list[int]:
        """Return the labels worth a line: the answer first, then those that come highest, if high enough."""
        highest = self.probabilities.max(axis=0)
        order = [int(label) for label in np.argsort(-highest, kind="stable") if label != self.answer]
        return [self.answer, *(label for label in order[: MOST_DRAWN - 1] if highest[label] >= LEAST_DRAWN)]


def curves(
    probabilities: Probabilities,
    image: np.ndarray,
    corruptions: Sequence[Corruption],
    *,
    slope: np.ndarray | None = None,
    multiply_adds: int = 0,
) -> list[Curve]:
    """Break an image, (28, 28) uint8, along each slider and ask the model, in one batch.

    slope: (28, 28), for the attack. multiply_adds: of the model for one image; a heavy one is asked at fewer places.
    """
    places = [_places(corruption, _every(corruptions, multiply_adds)) for corruption in corruptions]
    slopes = None if slope is None else slope[np.newaxis]
    broken = [
        np.concatenate([apply(corruption, image[np.newaxis], amount, slopes) for amount in corruption.amounts[at]])
        for corruption, at in zip(corruptions, places, strict=True)
    ]
    rows = probabilities(np.concatenate(broken))
    parts = np.split(rows, np.cumsum([len(at) for at in places])[:-1])
    return [
        Curve(corruption, corruption.amounts[at], images, part, int(np.flatnonzero(at == corruption.neutral_at)[0]))
        for corruption, at, images, part in zip(corruptions, places, broken, parts, strict=True)
    ]


def _every(corruptions: Sequence[Corruption], multiply_adds: int) -> int:
    """Return n such that every n-th place is cheap enough."""
    total = sum(len(corruption.amounts) for corruption in corruptions)
    return max(1, -(-total * multiply_adds // int(WORK_LIMIT)))


def _places(corruption: Corruption, every: int) -> np.ndarray:
    """Return places of a slider, `every` apart but at least FEWEST: both ends and the neutral one among them."""
    last, neutral = len(corruption.amounts) - 1, corruption.neutral_at
    every = min(every, max(1, last // (FEWEST - 1)))
    return np.array(sorted({0, last, *range(neutral % every, last + 1, every)}))


def summary(found: Sequence[Curve], names: tuple[str, ...]) -> str:
    """Say which sliders flip the answer and where first, and which do not."""
    parts, firm = [], []
    for curve in found:
        title = curve.corruption.title.lower()
        if turns := curve.flips:
            amount = curve.corruption.say(float(curve.amounts[turns[0].place]))
            parts.append(f"{title} at {amount} ({names[turns[0].after]})")
        else:
            firm.append(title)
    answer = names[found[0].answer]
    flipped = f"**{answer}** flips by {_listed(parts)}." if parts else f"Nothing here flips **{answer}**."
    return f"{flipped} It withstands {_listed(firm)}." if parts and firm else flipped


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def curve_text(curve: Curve, names: tuple[str, ...]) -> str:
    """Describe a curve for those who cannot see it."""
    turns = curve.flips
    title, say = curve.corruption.title, curve.corruption.say
    if not turns:
        least = float(curve.probabilities[:, curve.answer].min())
        return f"{title}: {names[curve.answer]} throughout, never below {least:.0%}."
    steps = "; ".join(f"{names[t.before]} to {names[t.after]} at {say(float(curve.amounts[t.place]))}" for t in turns)
    return f"{title}: the answer flips from {steps}."
