"""FMNIST Lab's library: data sets, Runs and models, free of any user interface."""
