"""What the readers of a batch share: rows in chunks, what was left out and why, and which class a word means."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

MAX_ROWS = 100_000
MAX_UNPACKED_BYTES = 1 << 30  # 100,000 rows of CSV at their longest are 0.4 GB; a picture file has about 10 kB
NO_LABEL = -1
_MOST_WORDS = 200  # different labels that are no class, kept for the page

Report = Callable[[str, float], None]


class Problem(NamedTuple):
    """A member or line that was left out: how the file calls it, and the reason, Expected ... Received ..."""

    name: str
    reason: str


class Chunk(NamedTuple):
    """Some rows: names, images (m, 28, 28) uint8, light on black, labels (m,) int16, NO_LABEL where unknown."""

    names: list[str]
    images: np.ndarray
    labels: np.ndarray


@dataclass(eq=False)
class Notes:
    """What a reader notes while it reads.

    Attributes:
        problems: what was left out.
        unknown: words that stand where a label stands but name no class, and how often.
        skipped: files that are no content: what macOS and Windows add to archives.
    """

    problems: list[Problem] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    skipped: int = 0

    def note_unknown(self, word: str) -> None:
        """Count a label that names no class; of very many different ones only the first are kept apart."""
        word = word if word in self.unknown or len(self.unknown) < _MOST_WORDS else "others"
        self.unknown[word[:40]] += 1


_NUMBER = re.compile(r"[-+]?[0-9]{1,9}([.][0-9]{0,9})?")


class Labels:
    """Which class a word means: its number, or its name however it is written (T-shirt/top, t_shirt top)."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._by_word = {str(label): label for label in range(len(class_names))}
        self._by_word |= {_plain(name): label for label, name in enumerate(class_names)}  # a name goes before a number

    def of_word(self, word: str) -> int:
        """Return the class that a word names, or NO_LABEL: -1 is none, 3.0 is the fourth."""
        if not _NUMBER.fullmatch(word.strip()):
            return self._by_word.get(_plain(word), NO_LABEL)
        number = float(word)
        return self._by_word.get(f"{number:.0f}", NO_LABEL) if number >= 0 and number.is_integer() else NO_LABEL

    def of_folders(self, folders: Sequence[str]) -> int:
        """Return the class that the nearest folder names; T-shirt/top is two folders in an archive."""
        for end in range(len(folders), 0, -1):
            for start in (end - 1, end - 2):
                if start >= 0 and (label := self.of_word("".join(folders[start:end]))) != NO_LABEL:
                    return label
        return NO_LABEL


def printable(name: str) -> str:
    """Return a name from outside without control characters and halves of characters, at most 200 long."""
    text = name.encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", "?", text)[-200:]


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "", word).casefold()
