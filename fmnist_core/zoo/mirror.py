"""Averaging over the mirror image: a network asked twice, about the image and about its mirror image.

Garments look alike from both sides, so two answers err less than one (test-time augmentation, as in Krizhevsky,
Sutskever, Hinton, 2012). The weights are shared; the arithmetic doubles.
"""

import keras

NAME = "with_mirror"


def with_mirror(network: keras.Model) -> keras.Model:
    """Return a model that averages the network's probabilities for an image and its mirror image.

    Input and output are the network's: (b, s, s, c) float32 -> (b, classes) float32.
    """
    inputs = keras.Input(network.input_shape[1:], name="pixels")
    both = [network(inputs), network(keras.ops.flip(inputs, axis=2))]
    return keras.Model(inputs, keras.layers.Average(name="probabilities")(both), name=NAME)


def without_mirror(model: keras.Model) -> keras.Model:
    """Return the network that with_mirror was given; any other model as it is."""
    if model.name != NAME:
        return model
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))
