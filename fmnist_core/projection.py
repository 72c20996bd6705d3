"""Maps of images: t-SNE and UMAP of a sample, computed in a process of their own and remembered on disk.

Both see the first 50 principal components of the sample, as is usual: the rest is mostly noise. scikit-learn's t-SNE
is used because it is there already; what it prints tells its progress. UMAP is umap-learn.
"""

import contextlib
import importlib
import io
import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np

from fmnist_core.datasets import Dataset
from fmnist_core.errors import DataError
from fmnist_core.memory import is_remembered, remembered
from fmnist_core.pca import pca, pca_of
from fmnist_core.selection import Selection, Subset

VERSION = 1
COMPONENTS = 50
ITERATIONS = 1000  # of t-SNE
EPOCHS = 500  # of UMAP, its own default for so few points
MAX_SAMPLE = 10_000

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class MapSpec:
    """What a map is made with.

    method: tsne or umap.
    selection: of which images; as Selection's fields, JSON types.
    sample: at most so many images, 100 to 10,000, the same share of each class.
    seed: of the drawing and of the method.
    perplexity: t-SNE: about how many neighbours count, 2 to 100, and less than a third of the sample.
    n_neighbors: UMAP: how many neighbours count, 2 to 200.
    min_dist: UMAP: how close points may lie, 0 to 1.
    """

    method: Literal["tsne", "umap"]
    selection: dict[str, Any]
    sample: int = 5000
    seed: int = 0
    perplexity: int = 30
    n_neighbors: int = 15
    min_dist: float = 0.1

    def __post_init__(self) -> None:
        if self.method not in ("tsne", "umap"):
            raise DataError(f"Expected tsne or umap. Received {self.method!r}.")
        if not 100 <= self.sample <= MAX_SAMPLE:
            raise DataError(f"Expected a sample of 100 to {MAX_SAMPLE:,} images. Received {self.sample}.")
        if not (2 <= self.perplexity <= 100 and 2 <= self.n_neighbors <= 200 and 0 <= self.min_dist <= 1):
            raise DataError(
                "Expected perplexity 2 to 100, n_neighbors 2 to 200, min_dist 0 to 1. "
                f"Received {self.perplexity}, {self.n_neighbors}, {self.min_dist}."
            )

    @property
    def parameters(self) -> dict[str, Any]:
        """What the result depends on: JSON types, without what the other method alone uses."""
        unused = {"tsne": ("n_neighbors", "min_dist"), "umap": ("perplexity",)}[self.method]
        return {name: value for name, value in asdict(self).items() if name not in (*unused, "method")}

    def __str__(self) -> str:
        own = f"perplexity {self.perplexity}"
        if self.method == "umap":
            own = f"n_neighbors {self.n_neighbors}, min_dist {self.min_dist:g}"
        return f"{own}, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Sample:
    """A stratified sample and its places on a map.

    rows: (m,) int64, positions in the subset it was drawn from.
    points: (m, 2) float32.
    """

    rows: np.ndarray
    points: np.ndarray


def stratified(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Draw at most `count` positions, the same share of each class (largest remainders): ascending int64."""
    if len(labels) <= count:
        return np.arange(len(labels))
    sizes = np.bincount(labels)
    exact = sizes * count / len(labels)
    take = np.floor(exact).astype(int)
    take[np.argsort(take - exact, kind="stable")[: count - take.sum()]] += 1
    generator = np.random.default_rng(seed)
    drawn = [generator.permutation(np.flatnonzero(labels == label))[:most] for label, most in enumerate(take)]
    return np.sort(np.concatenate(drawn))


def pca_map(dataset: Dataset, selection: Selection, subset: Subset, count: int, seed: int) -> Sample:
    """Return a stratified sample of a subset along the first two principal components of the selection."""
    rows = stratified(subset.labels, count, seed)
    return Sample(rows, pca(dataset, selection).coordinates(subset.pick(rows), 2))


def is_ready(dataset: Dataset, spec: MapSpec) -> bool:
    """Whether `computed_map` returns at once."""
    return is_remembered(dataset.sha256, spec.method, VERSION, **spec.parameters)


def computed_map(dataset: Dataset, spec: MapSpec, report: Report | None = None) -> Sample:
    """Return a t-SNE or UMAP map, from disk or computed: half a minute for 5,000 images.

    Raises:
        DataError: too few images are selected.
    """

    def compute() -> dict[str, np.ndarray]:
        rows, points = _prepare(dataset, spec)
        return {"rows": rows, "points": map_of(points, spec, report or (lambda *_: None))}

    arrays = remembered(dataset.sha256, spec.method, VERSION, compute, **spec.parameters)
    return Sample(arrays["rows"], arrays["points"])


def remember_tsne(dataset: Dataset, report: Report, **parameters: Any) -> None:
    """Compute a t-SNE map, so that it is on disk (a task, see fmnist_core/tasks.py)."""
    computed_map(dataset, MapSpec("tsne", **parameters), report)


def remember_umap(dataset: Dataset, report: Report, **parameters: Any) -> None:
    """Compute a UMAP map, so that it is on disk (a task, see fmnist_core/tasks.py)."""
    computed_map(dataset, MapSpec("umap", **parameters), report)


def _prepare(dataset: Dataset, spec: MapSpec) -> tuple[np.ndarray, np.ndarray]:
    """Return the sample's rows, and its principal components (m, <= 50) float32."""
    selection = Selection(**{**spec.selection, "labels": tuple(spec.selection.get("labels", ()))})
    subset = selection.take(dataset)
    rows = stratified(subset.labels, spec.sample, spec.seed)
    images = subset.pick(rows)
    return rows, pca_of(images).coordinates(images, COMPONENTS)


def map_of(points: np.ndarray, spec: MapSpec, report: Report) -> np.ndarray:
    """Return a t-SNE or UMAP map of points, (n, d) float32: (n, 2) float32.

    Raises:
        DataError: too few points.
    """
    least = spec.n_neighbors + 1 if spec.method == "umap" else 3 * spec.perplexity + 1
    if len(points) < least:
        raise DataError(f"Expected at least {least} images for these parameters. Received {len(points)}.")
    return {"tsne": _tsne, "umap": _umap}[spec.method](points, spec, report)


def _tsne(points: np.ndarray, spec: MapSpec, report: Report) -> np.ndarray:
    report("Loading scikit-learn", 0.01)
    from sklearn.manifold import TSNE

    tsne = TSNE(perplexity=spec.perplexity, init="pca", random_state=spec.seed, max_iter=ITERATIONS, verbose=2)
    progress = _Printed(r"Iteration (\d+)", lambda n: report(f"Iteration {n:,} of {ITERATIONS:,}", n / ITERATIONS))
    with contextlib.redirect_stdout(progress):
        return tsne.fit_transform(points).astype(np.float32)


def _umap(points: np.ndarray, spec: MapSpec, report: Report) -> np.ndarray:
    report("Loading UMAP, which compiles itself", 0.01)
    umap = _load_umap()
    from sklearn.neighbors import NearestNeighbors

    report("Finding neighbours", 0.1)
    distance, index = NearestNeighbors(n_neighbors=spec.n_neighbors, algorithm="brute").fit(points).kneighbors(points)
    report("Joining neighbours", 0.2)
    progress = _Printed(r"(\d+) epochs done", lambda n: report(f"Epoch {n} of {EPOCHS}", 0.3 + 0.7 * n / EPOCHS))
    model = umap.UMAP(
        n_neighbors=spec.n_neighbors, min_dist=spec.min_dist, random_state=spec.seed, n_epochs=EPOCHS, n_jobs=1,
        precomputed_knn=(index, distance), verbose=True,
        tqdm_kwds={"file": progress, "bar_format": "{n} epochs done\n", "mininterval": 0.3, "disable": False},
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="precomputed_knn")  # it could not place new images, nor need it
        return model.fit_transform(points).astype(np.float32)


def _load_umap() -> ModuleType:
    """Import UMAP, but not its variant with a neural network: that would load TensorFlow.

    Raises:
        DataError: UMAP is not installed.
    """
    hidden = "tensorflow" not in sys.modules
    if hidden:
        sys.modules["tensorflow"] = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # it says what was just wanted
            return importlib.import_module("umap")
    except ImportError as error:
        raise DataError(f"Expected the package umap-learn. Received: {error}. ./lab start installs it.") from error
    finally:
        if hidden:
            del sys.modules["tensorflow"]


class _Printed(io.TextIOBase):
    """A stream that reads progress out of what a library prints: it offers no other way."""

    def __init__(self, pattern: str, tell: Callable[[int], None]) -> None:
        self._pattern, self._tell = re.compile(pattern), tell

    def write(self, text: str) -> int:
        if found := self._pattern.search(text):
            self._tell(int(found[1]))
        return len(text)
