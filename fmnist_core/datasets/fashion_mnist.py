"""Fashion-MNIST: 70,000 pictures of garments by Zalando Research, MIT licence.

Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms", arXiv:1708.07747; https://github.com/zalandoresearch/fashion-mnist.
"""

from collections.abc import Sequence
from pathlib import Path

from fmnist_core.datasets import debian, drawn
from fmnist_core.datasets.base import Dataset, Progress
from fmnist_core.datasets.edition import Edition
from fmnist_core.datasets.files import named_path
from fmnist_core.datasets.sources import Found, Source, first_available

NAME = "fashion-mnist"
CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
EDITION = Edition(
    NAME,
    (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
# key, address, phrase
Mirror = tuple[str, str, str]
MIRRORS: tuple[Mirror, ...] = (
    (
        "publisher",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "the publisher's repository on GitHub (zalandoresearch/fashion-mnist)",
    ),
    (
        "publisher-s3",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "the publisher's storage (fashion-mnist on Amazon S3)",
    ),
    (
        "keras",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "Keras's mirror (tf-keras-datasets)",
    ),
)


def load(folder: str | Path | None = None, *, refresh: bool = False, progress: Progress | None = None) -> Dataset:
    """Return Fashion-MNIST from the first source that has it, else the drawn sample (synthetic)."""
    return load_from(sources(folder), refresh=refresh, progress=progress)


def load_from(places: Sequence[Source], *, refresh: bool = False, progress: Progress | None = None) -> Dataset:
    """Return Fashion-MNIST from the first of these sources that has it."""
    found, attempts = first_available(NAME, places, refresh=refresh, progress=progress)
    return Dataset(
        NAME, *found.entry.arrays, CLASS_NAMES, found.phrase, found.entry.sha256,
        synthetic=found.synthetic, verified=found.verified, attempts=attempts,
    )  # fmt: skip


def sources(
    folder: str | Path | None = None,
    *,
    debian_folder: Path = debian.INSTALLED_FOLDER,
    mirrors: Sequence[Mirror] = MIRRORS,
    package: str = debian.PACKAGE,
) -> list[Source]:
    """Return the sources in the order of trial; the arguments are for tests and private mirrors."""
    named = [_folder_source("folder", folder, "the folder")] if folder else []
    return [
        *named,
        _folder_source("debian", debian_folder, "the Debian package's folder"),
        Source("cache", "this project's cache", lambda report: EDITION.from_cache()),
        *(
            Source(key, phrase, lambda report, a=address, p=phrase: EDITION.from_mirror(a, p, report), slow=True)
            for key, address, phrase in mirrors
        ),
        Source(
            "apt",
            f"the Debian package {package}, fetched without installing it",
            lambda report: _from_package(package, report),
            slow=True,
        ),
        Source("sample", drawn.PHRASE, lambda report: Found(drawn.load(report), drawn.PHRASE, synthetic=True)),
    ]


def _folder_source(key: str, folder: str | Path, what: str) -> Source:
    phrase = f"{what} {folder}"
    return Source(key, phrase, lambda report: EDITION.from_folder(named_path(folder), phrase, report))


def _from_package(package: str, report: Progress) -> Found:
    report(f"Fetching the Debian package {package}", 0.1)
    with debian.unpacked(package) as root:
        phrase = f"the Debian package {package}, fetched without installing it"
        return EDITION.from_folder(root / debian.INSTALLED_FOLDER.relative_to("/"), phrase, report)
