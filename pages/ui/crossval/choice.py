"""Which cross-validation is shown: it stands in the address."""

from collections.abc import Sequence

from fmnist_core.crossval import CrossValidation, Group
from fmnist_core.datasets import DATASETS
from fmnist_core.fold import KINDS
from pages.ui.choice import choose_in_address, explain_absence


def choose_group(known: Sequence[Group]) -> Group | None:
    """Let the user choose among the cross-validations, newest first; None if there is none yet."""
    by_name = {group.name: group for group in known}
    explain_absence("group", by_name, "a cross-validation of this workspace")
    chosen = choose_in_address(
        "Cross-validation", list(by_name), parameter="group", key="crossval.launch",
        format_func=lambda name: _label(by_name[name]), width=560,
    )  # fmt: skip
    return by_name.get(chosen)


def _label(group: Group) -> str:
    cross = group.cross
    carried = ", weights carried" * cross.leaking
    return f"{group.when:%d %b %H:%M} · {cross.base.title} · {folds_words(cross)}{carried}"


def folds_words(cross: CrossValidation) -> str:
    """Say how many folds there are: 5 folds, or 3 times 5 folds."""
    return f"{cross.repeats} times {cross.folds} folds" if cross.repeats > 1 else f"{cross.folds} folds"


def about_words(cross: CrossValidation) -> str:
    """Say what is cross-validated, on which data and with how much training."""
    base = cross.base
    limit = f", {base.train_limit:,} training images" if base.train_limit else ""
    return (
        f"{base.title} on {DATASETS[base.dataset].title}, {folds_words(cross)} drawn {KINDS[cross.kind].lower()}, "
        f"{base.total_epochs} epoch{'s' * (base.total_epochs != 1)} each{limit}"
    )
