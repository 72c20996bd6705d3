"""Many pictures at once: a zip of them, a CSV or IDX files, read by a task and answered by a Run's model.

batch = keep_files([("shoes.zip", content)])      # written to disk, recognised by its content
task = batch_task(batch, run)                     # reads, predicts, keeps; see fmnist_core/tasks.py
answers = read_answers(batch, run)                # None until the task is done
"""

from fmnist_core.batch.answers import ORDERS, Answers, Order
from fmnist_core.batch.keeping import MAX_BYTES, Batch, batch_task, find_batch, keep_files, kept_batches, read_answers
from fmnist_core.batch.rows import MAX_ROWS, Problem

__all__ = [
    "MAX_BYTES", "MAX_ROWS", "ORDERS", "Answers", "Batch", "Order", "Problem", "batch_task", "find_batch",
    "keep_files", "kept_batches", "read_answers",
]  # fmt: skip
