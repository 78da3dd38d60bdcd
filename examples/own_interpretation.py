"""Interpretations of your own, registered from outside the package: ``python examples/own_interpretation.py``.

From then on both calls, the lessons, the evaluation against the truth and the page Flow of this process have them; as a
file of ``mfm_core/interpretation/methods`` they are found by every process.
"""

from __future__ import annotations

import mfm_core as mfm
from mfm_core.interpretation.label_output import explained, input_gradients


def gradient_times_input(model, inputs, mask=None, *, target=None):
    """The gradient of the score by a step, times the step (Shrikumar et al., 2016): by modality, (N, T)."""
    real, index = explained(model, inputs, mask, target)
    gradients = input_gradients(model, inputs, real, index)  # by modality, (N, T, d)
    return {name: (x * gradients[name]).sum(dim=2).where(real, 0) for name, x in inputs.items()}


def root(asked):
    """The norm of the Jacobian of Eq. 7, where that is squared."""
    return {name: flow.sqrt() for name, flow in asked.flow(None, None).items()}


mfm.register_interpretation(
    mfm.Attribution(
        key="gradient_times_input",  # in calls, links and figures
        title="Gradient times input",  # on the page
        way="gradient times input",  # in figures
        meaning="what the step adds to the score of a linear model",
        unit="score",
        signed=True,
        measure=gradient_times_input,
    )
)
mfm.register_interpretation(
    mfm.FlowReading(
        key="root",
        title="Root of the flow",
        way="root of the flow of F_y",
        meaning="the norm of the Jacobian, not its square",
        unit="features a number of F",
        measure=root,
    )
)


def main():
    """Print the word of a clip at which each is largest in what is said, and return both."""
    model, clips = mfm.load_pretrained("studio_balanced"), mfm.load_clips()
    data = clips.dataset("balanced", [clips.edits[0]])
    added = mfm.attribute(model, data.modalities, "gradient_times_input", mask=data.mask)["language"][0]
    flow = mfm.gradient_flow(model, model.encode(data.modalities, data.mask), reading="root")["language"][0]
    words = data.steps.words[0]
    print(clips.text[0], *(words[int(values.abs().argmax())] for values in (added, flow)), sep="; ")
    return added, flow


if __name__ == "__main__":
    main()
