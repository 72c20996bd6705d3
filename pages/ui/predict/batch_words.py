"""Words and tables of the Batch page."""

import pandas as pd

from fmnist_core.batch import Answers
from pages.ui.save_picture import file_name

_WORDS_SHOWN = 5


def file_stem(title: str) -> str:
    """Return the name of a batch as the start of file names, without its endings."""
    return file_name(title.split(".")[0])[:60] or "batch"


def notes_words(answers: Answers) -> list[str]:
    """Return sentences about labels, refusals and files that were passed over."""
    words = []
    if answers.labelled.any() and not answers.labelled.all():
        words.append(
            f"{int(answers.labelled.sum()):,} of {len(answers.names):,} pictures have a label; accuracy is theirs."
        )
    if answers.unknown:
        common = ", ".join(f"{word} ({count:,})" for word, count in answers.unknown.most_common(_WORDS_SHOWN))
        more = f" and {len(answers.unknown) - _WORDS_SHOWN:,} more" if len(answers.unknown) > _WORDS_SHOWN else ""
        words.append(f"No class of this model, so no label: {common}{more}.")
    if answers.untold:
        words.append(f"“None of these” cannot be told here. {answers.untold}")
    if answers.skipped:
        files = "file" if answers.skipped == 1 else "files"
        words.append(f"Passed over {answers.skipped:,} {files} that macOS or Windows put into the archive.")
    return words


def left_out_table(answers: Answers) -> pd.DataFrame:
    """Return a row per member or line that was left out: its name and why."""
    return pd.DataFrame(answers.problems, columns=["Name", "Why"])
