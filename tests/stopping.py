"""Stopping a Run in the middle of an epoch, as a user may."""

import pytest

from fmnist_core import callbacks, training
from fmnist_core.runs import STOP_FILE, Run


def fit_until_stopped(run: Run, epoch: int, monkeypatch) -> None:
    """Train the Run in this process and stop it in this epoch (from 0); it may then be resumed."""
    begin = callbacks.EventLog.on_epoch_begin

    def stop_in_epoch(self, current, logs=None):
        begin(self, current, logs)
        if current == epoch:
            (run.folder / STOP_FILE).touch()

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.EventLog, "on_epoch_begin", stop_in_epoch)
        with pytest.raises(callbacks.StopRequested):
            training.fit(run)
    (run.folder / STOP_FILE).unlink()
