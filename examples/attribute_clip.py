"""Which words of a clip count: integrated gradients, saliency, flow and leaving one out, by one call.

Run it by ``python examples/attribute_clip.py``. A model fitted to data of your own is attributed by its system, which
standardises by itself: ``mfm.attribute(system, data)``.
"""

from __future__ import annotations

import mfm_core as mfm

METHODS = ("integrated_gradients", "saliency", "gradient_flow", "leave_one_out")


def main(clip: int = 0) -> dict[str, dict[str, str]]:
    """Print and return, by method and modality, the word at which each attribution is largest."""
    model = mfm.load_pretrained("studio_balanced")
    clips = mfm.load_clips()
    data = clips.dataset("balanced", [clips.edits[clip]])  # one sample, standardised as the model's training data
    words = data.steps.words[0]
    print(clips.text[clip])

    largest = {}
    for method in METHODS:
        found = mfm.attribute(model, data.modalities, method, mask=data.mask)  # by modality, (1, T)
        largest[method] = {name: words[int(values[0, : len(words)].abs().argmax())] for name, values in found.items()}
        print(f"{method:21s}", ", ".join(f"{name}: {word}" for name, word in largest[method].items()))
    return largest


if __name__ == "__main__":
    main()
