"""Tuning: a search for good hyperparameters whose trials are Runs.

    group = SearchGroup.create(SEARCHES["C-lenet5"]); group.start()
    group.state; read_progress(group).best

`search.py` says what a search is, `space.py` and `fields.py` what it varies, `group.py` is its folder, `driver.py` the
process that asks Keras Tuner's oracles (`oracles.py`) for trials and submits them as Runs, `trials.py` what has become
of them, `plan.py` and `importance.py` the arithmetic.
"""
