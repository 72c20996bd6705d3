"""What a network of our own is made of, as a spec holds it: convolution blocks and dense layers."""

from dataclasses import dataclass

from fmnist_core.errors import SpecError
from fmnist_core.hyperparameters import number, whole


@dataclass(frozen=True)
class ConvBlock:
    """Convolution, activation, then optionally batch normalisation, pooling (2x2, stride 2) and dropout.

    With `norm_first` the normalisation stands before the activation and replaces the convolution's bias, as Ioffe and
    Szegedy (2015) have it; it trains faster, too. System E has it after.
    """

    filters: int
    kernel_px: int
    padding: str = "valid"
    batch_norm: bool = False
    pool: bool = True
    dropout: float = 0.0
    norm_first: bool = False

    def __post_init__(self) -> None:
        whole("filters of a convolution block", self.filters, 1, 1024)
        whole("kernel_px of a convolution block", self.kernel_px, 1, 11)
        object.__setattr__(self, "dropout", number("dropout of a convolution block", self.dropout, 0, 0.9))
        if self.padding not in ("valid", "same"):
            raise SpecError(f"Expected padding of a convolution block: valid or same. Received: {self.padding!r}.")


@dataclass(frozen=True)
class DenseLayer:
    """Fully connected layer, activation, then optionally batch normalisation and dropout."""

    units: int
    batch_norm: bool = False
    dropout: float = 0.0

    def __post_init__(self) -> None:
        whole("units of a dense layer", self.units, 1, 8192)
        object.__setattr__(self, "dropout", number("dropout of a dense layer", self.dropout, 0, 0.9))
