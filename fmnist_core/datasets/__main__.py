"""python -m fmnist_core.datasets: make Fashion-MNIST available, and say in one line where it comes from."""

from fmnist_core import datasets


def main() -> None:
    """Load Fashion-MNIST, which fetches it if need be, and print its source."""
    dataset = datasets.load("fashion-mnist")
    kind = "a synthetic stand-in" if dataset.synthetic else f"{len(dataset.x_train) + len(dataset.x_test):,} images"
    print(f"Fashion-MNIST: {kind} from {dataset.source}", flush=True)


if __name__ == "__main__":
    main()
