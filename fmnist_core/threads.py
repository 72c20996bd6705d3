"""Work on arrays in a few threads: NumPy lets other threads run while it computes."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

import numpy  # noqa: F401  its linear algebra must be there to be found
from threadpoolctl import ThreadpoolController

THREADS = min(os.cpu_count() or 1, 4)
_libraries = ThreadpoolController()  # looking for them takes milliseconds

Part, Result = TypeVar("Part"), TypeVar("Result")


def one_thread() -> AbstractContextManager:
    """Keep linear algebra to one thread.

    On small blocks OpenBLAS' own threads spend more time waiting for each other than adding, above all on a busy
    machine: twice to ten times slower, and 7 s instead of 0.1 s for an eigenvalue problem, measured.
    """
    return _libraries.limit(limits=1, user_api="blas")


def in_threads(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """Do the work on each part, several at once; the results come in the order of the parts."""
    with one_thread(), ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, parts))
