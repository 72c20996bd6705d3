"""FMNIST Lab's library: data sets, Runs and models, free of any user interface."""

__version__ = "0.1.0"
