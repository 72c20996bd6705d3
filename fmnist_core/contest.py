"""Beat the model: twenty test images, labelled by a visitor and by a model; who is ahead, and what that is worth.

Results are lines of a file in the workspace and stay on this machine.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from fmnist_core import paths
from fmnist_core.errors import LabError
from fmnist_core.evaluation import Evaluation, wilson_interval
from fmnist_core.files import write_atomically
from fmnist_core.paired import Pairing
from fmnist_core.samples import EMPTY, sample

IMAGES = 20
MAX_SEED = 999_999
MAX_NAME = 24
_MAX_MS = 24 * 3600 * 1000.0
# Benchmark table of the authors' repository, github.com/zalandoresearch/fashion-mnist, "Human Performance": people
# without fashion expertise, 1,000 test images drawn at random, three labels per image, the majority counts.
PEOPLE, PEOPLE_IMAGES = 0.835, 1000


def draw(labels: np.ndarray, seed: int) -> np.ndarray:
    """Return the positions of the images to label: (20,) int64, fewer where there are fewer; equal for equal seeds.

    They are drawn from all alike, not two of each class: who counted would know the last ones.

    labels: (n,) integers.
    """
    positions = sample(labels, IMAGES, seed)
    return positions[positions != EMPTY]


@dataclass(frozen=True, eq=False)
class Game:
    """A game played to its end.

    Attributes:
        positions: (n,) int64, which test images.
        y_true: (n,) integers, their labels.
        answers: (n,) int64, what the visitor said.
        seconds: (n,) float64, how long each answer took.
        probabilities: (n, classes) float, what the model says.
        class_names: one per column.
    """

    positions: np.ndarray
    y_true: np.ndarray
    answers: np.ndarray
    seconds: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]

    @cached_property
    def pairing(self) -> Pairing:
        """Visitor and model as two evaluations of the same images."""
        said = np.eye(len(self.class_names), dtype=np.float64)[self.answers]
        labels = self.y_true.astype(np.int64)
        return Pairing(
            Evaluation(labels, said, self.class_names), Evaluation(labels, self.probabilities, self.class_names)
        )

    @property
    def predicted(self) -> np.ndarray:
        """The model's answers: (n,) int64."""
        return self.pairing.second.y_predicted

    @property
    def right(self) -> int:
        """How many the visitor has right."""
        return int((self.answers == self.y_true).sum())

    @property
    def model_right(self) -> int:
        """How many the model has right."""
        return int((self.predicted == self.y_true).sum())

    def missed(self, *, you: bool, model: bool) -> np.ndarray:
        """Return which images exactly these missed: (m,) int64 into the game's images."""
        wrong = (self.answers != self.y_true) == you
        return np.flatnonzero(wrong & ((self.predicted != self.y_true) == model))


def read_answers(sent: Any, count: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Check what the browser sent and return answers (n,) int64 and seconds (n,) float64.

    Raises:
        LabError: it is not one class and one time for each image.
    """
    try:
        answers = np.array([int(label) for label in sent["answers"]], np.int64)
        seconds = np.array([float(ms) for ms in sent["times_ms"]], np.float64) / 1000
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise LabError(f"Expected answers and times of a game. Received {str(sent)[:80]!r}.") from error
    fits = len(answers) == len(seconds) == count and ((answers >= 0) & (answers < n_classes)).all()
    if not fits or not ((seconds >= 0) & (seconds < _MAX_MS / 1000)).all():
        raise LabError(f"Expected {count} answers of {n_classes} classes, and their times. Received others.")
    return answers, seconds


def verdict_text(game: Game, model: str) -> str:
    """Say who is ahead, and whether so few images settle it."""
    pairing, count = game.pairing, len(game.answers)
    you, alone = len(pairing.only_first), len(pairing.only_second)
    if game.right == game.model_right:
        return f"**A draw.** You and {model} have {game.right} of {count} right." + _split(you, alone)
    winner, verb = ("You", "are") if game.right > game.model_right else (model, "is")
    score = f"{max(game.right, game.model_right)} to {min(game.right, game.model_right)}"
    words = f"**{winner} {verb} ahead**, {score}.{_split(you, alone)} If both were equally good,"
    if pairing.is_settled:
        rare = f"{pairing.p_value:.1%}" if pairing.p_value >= 0.001 else "less than 0.1%"
        return f"{words} so uneven a split would come up in {rare} of games: hardly luck."
    odds = f"{pairing.p_value:.0%}"
    return f"{words} so uneven a split would come up in {odds} of games: {count} images do not settle who is better."


def _split(you: int, alone: int) -> str:
    if you + alone == 0:
        return " You are right and wrong on the very same images."
    return f" You alone have {you} right, the model alone {alone}."


def people_text(game: Game) -> str:
    """Set the visitor beside the published figure."""
    count = len(game.answers)
    low, high = wilson_interval(game.right / count, count)
    where = "lies within" if low <= PEOPLE <= high else "is above" if high < PEOPLE else "is below"
    return (
        f"On {count} images your accuracy is known only to lie between {low:.0%} and {high:.0%} (95% interval). "
        f"The published accuracy of people, {PEOPLE:.1%}, {where} that. It is that of the majority of three people per "
        "image, on 1,000 images; a single person has to do without the other two."
    )


@dataclass(frozen=True)
class Entry:
    """A result, as it is kept: when, by whom, on which images, with what outcome, beside which model."""

    time_s: float
    name: str
    sha256: str
    seed: int
    images: int
    right: int
    seconds: float
    model: str
    model_right: int
    again: bool = False


def record(game: Game, *, name: str, sha256: str, seed: int, model: str) -> Entry:
    """Append a result to the file; `again` tells whether this name played these images before.

    Raises:
        OSError: the file cannot be written.
    """
    name = " ".join(name.split())[:MAX_NAME]
    with FileLock(f"{_file()}.lock", timeout=10):
        known = entries()
        again = any((e.sha256, e.seed, e.name.casefold()) == (sha256, seed, name.casefold()) for e in known)
        entry = Entry(
            time.time(), name, sha256, seed, len(game.answers), game.right, round(float(game.seconds.sum()), 2),
            model, game.model_right, again,
        )  # fmt: skip
        with _file().open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(entry)) + "\n")
    return entry


def entries() -> list[Entry]:
    """Return all results, oldest first; lines that are torn or foreign are passed over."""
    try:
        lines = _file().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    found = (_entry(line) for line in lines)
    return [entry for entry in found if entry is not None]


def ranked(known: Sequence[Entry], sha256: str) -> list[Entry]:
    """Return the results on these data, the best first: first tries, then the share right, then time."""
    own = [entry for entry in known if entry.sha256 == sha256]
    return sorted(own, key=lambda e: (e.again, -e.right / e.images, e.seconds, e.time_s))


def forget() -> None:
    """Delete all results."""
    with FileLock(f"{_file()}.lock", timeout=10):
        write_atomically(_file(), "")


def _entry(line: str) -> Entry | None:
    try:
        values = json.loads(line)
        entry = Entry(**values)
    except (ValueError, TypeError):
        return None
    kinds = {"float": (int, float), "int": int, "str": str, "bool": bool}
    whole = all(isinstance(getattr(entry, field.name), kinds[str(getattr(field.type, "__name__", field.type))])
                for field in fields(Entry))  # fmt: skip
    return entry if whole and entry.images > 0 else None


def _file() -> Path:
    folder = paths.home()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "contest.jsonl"
