"""Three image modalities of your own: train, swap, store, and open the result in the app.

python examples/own_images.py my_models
MFM_PRETRAINED=my_models streamlit run app/main.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from sklearn.datasets import load_digits

import mfm_core as mfm


def digits() -> mfm.Dataset:
    """Handwritten digits in three looks: as they are, in a tinted negative, and lying on their side, blurred."""
    images, labels = load_digits(return_X_y=True)
    ink = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    drawn = torch.Generator().manual_seed(0)
    partner = torch.cat([same_label(labels, k, drawn) for k in range(10)]).argsort()
    colour = 0.3 + 0.7 * torch.rand(len(ink), 3, 1, 1, generator=drawn)
    negative = colour * (1 - 0.9 * ink[partner])
    lying = torch.nn.functional.avg_pool2d(ink.transpose(2, 3), 3, stride=1, padding=1)
    return mfm.Dataset.from_arrays({"plain": ink, "negative": negative, "lying": lying}, labels, name="three_digits")


def same_label(labels, k: int, generator: torch.Generator) -> torch.Tensor:
    """The samples of one label, shuffled: a negative shows another digit of the same label than its plain partner."""
    index = torch.from_numpy((labels == k).nonzero()[0])
    return index[torch.randperm(len(index), generator=generator)]


def main(folder: Path, epochs: int = 8) -> float:
    """Train and store; return how often a swapped digit shows the label of the Z_y that it was given."""
    data = digits()
    test = data.part("test")
    config = mfm.MFMConfig(epochs=epochs)
    system = mfm.train(config, data.part("train"), data.part("validation"))
    accuracy = float((system.predict(test).argmax(1) == test.labels).float().mean())

    model = system.model
    latents = model.encode(test.modalities)
    other = torch.arange(len(test)).roll(1)
    swapped = model.decode(mfm.swap(latents, with_=latents[other], factor="y"))
    read_again = model.encode(swapped.modalities)  # only what was drawn is read
    shown = model.decode(read_again).label.argmax(1)
    right = float((shown == test.labels[other]).float().mean())
    print(f"label {accuracy:.3f}; digits swapped by Z_y that show its label {right:.3f}")

    mfm.save(system, folder / "three_digits")
    prints = {name: mfm.fingerprint(x) for name, x in test.modalities.items()}
    mfm.save_codes(mfm.Codes(latents, test.labels, prints), folder / "three_digits")
    return right


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "my_models"))
