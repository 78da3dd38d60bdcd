"""What a swapped picture has beyond the mean of its label, against pandas and scikit-learn by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from mfm_core.training.terms.style_beyond_label import style_beyond_label_costs


def test_it_is_the_difference_of_what_lies_beyond_the_means_of_labels(generator: torch.Generator) -> None:
    real, labels = torch.rand(40, 2, 5, 5, generator=generator), torch.arange(40) % 4
    donor = torch.arange(40) % 3 == 0
    pictures = torch.rand(int(donor.sum()), 2, 5, 5, generator=generator)
    shown = torch.randint(4, (len(pictures),), generator=generator)
    (cost,) = style_beyond_label_costs({"a": pictures}, shown, {"a": real}, labels, donor).values()
    expected = []
    for power in (1, 2):
        moments = pd.DataFrame((real**power).mean((2, 3)).numpy())
        means = moments.groupby(labels.numpy()).mean()
        beyond = moments - means.loc[labels.numpy()].to_numpy()
        found = (pictures**power).mean((2, 3)).numpy() - means.loc[shown.numpy()].to_numpy()
        gap = found - beyond[donor.numpy()].to_numpy()
        expected.append(np.mean((gap**2).mean(0) / beyond.var(ddof=0).to_numpy()))
    assert float(cost) == pytest.approx(np.mean(expected), rel=1e-4)


def test_it_asks_no_ink_of_an_eight_from_a_one(generator: torch.Generator) -> None:
    labels = torch.tensor([0, 0, 1, 1])
    real = torch.tensor([0.1, 0.3, 0.6, 0.8]).view(-1, 1, 1, 1).expand(4, 1, 6, 6)
    donor = torch.tensor([True, False, False, False])  # 0.1 below the mean of its label
    swapped, plain = real[2:3], real[0:1]
    costs = [
        style_beyond_label_costs({"a": x}, torch.tensor([1]), {"a": real}, labels, donor)["a"] for x in (swapped, plain)
    ]
    assert float(costs[0]) < 1  # of the mean nothing; its square differs more among bright pictures
    assert float(costs[1]) > 10
