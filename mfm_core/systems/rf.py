"""RF: a random forest (Breiman, 2001, "Random forests") on the means of all modalities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from mfm_core.config import Positive
from mfm_core.data.dataset import Dataset
from mfm_core.data.scaling import Scaling
from mfm_core.systems.base import DataSpec, OnReport, System, SystemConfig, take_tensor
from mfm_core.systems.parts.means import known_labels, late_means
from mfm_core.systems.parts.sequences import fit_scalings, scalings_state, take_scalings
from mfm_core.systems.registry import register_system

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

LEAF = -1
LEAST_PROBABILITY = 1e-3


class RandomForestConfig(SystemConfig):
    """Sizes of the forest.

    Attributes:
        trees: Number of trees.
        features: Share of the features that a split chooses from; None for the square root of their number.
        min_leaf: Training samples in a leaf at least.
        max_depth: Splits from the root to a leaf at most; None for no limit.
    """

    system: Literal["rf"] = "rf"
    trees: Annotated[int, Field(gt=0, le=1000)] = 100
    features: Annotated[float, Field(gt=0, le=1)] | None = None
    min_leaf: Positive = 2
    max_depth: Positive | None = 16

    @classmethod
    def search_space(cls) -> Mapping[str, tuple[bool | int | float | str, ...]]:
        """Size of the leaves and depth of the trees."""
        return {"min_leaf": (2, 5, 10), "max_depth": (4, 8, 16)}


@register_system("rf", title="RF", paper="Breiman (2001), Random forests, Machine Learning 45", place=2)
class RandomForest(System):
    """A forest of scikit-learn's, stored as arrays of nodes and evaluated from them.

    The paper does not say what its forest reads: here the late concatenation of means, as SVM-MD. For classes the
    logits are log probabilities, the mean over the trees of the frequencies in a leaf.

    Args:
        config: Its configuration.
        spec: What it reads and predicts.
        scale: Of the features.
        roots: Node at which each tree begins, ``(trees,)`` int64.
        nodes: Of each node its two children and the feature it splits by, ``(nodes, 3)`` int64; -1 in leaves.
        thresholds: What goes left is at most this, ``(nodes,)`` float64.
        values: Of each node, frequencies of the classes or mean scores, ``(nodes, size)`` float64.
    """

    Config = RandomForestConfig

    def __init__(
        self,
        config: SystemConfig,
        spec: DataSpec,
        scale: Mapping[str, Scaling],
        roots: Tensor,
        nodes: Tensor,
        thresholds: Tensor,
        values: Tensor,
    ) -> None:
        super().__init__(config, spec)
        self.scale, self.roots, self.nodes = scale, roots, nodes
        self.thresholds, self.values = thresholds, values

    @classmethod
    def fit(
        cls, config: SystemConfig, train: Dataset, validation: Dataset | None, *, seed: int, on_report: OnReport
    ) -> Self:
        """Grow the forest; the validation samples are not needed."""
        del validation
        spec, train, scale = DataSpec.of(train), known_labels(train), fit_scalings(train)
        forest = grow(cast(RandomForestConfig, config), late_means(train, scale), train.labels, seed)
        on_report(1, {"epochs": 1.0})
        return cls(config, spec, scale, *arrays_of(forest, spec))

    def predict(self, dataset: Dataset) -> Tensor:
        """Log probabilities of the classes, or scores."""
        self.spec.check(dataset)
        mean = predict_trees(late_means(dataset, self.scale), self.roots, self.nodes, self.thresholds, self.values)
        return (mean.clamp_min(LEAST_PROBABILITY).log() if self.spec.classes else mean).float()

    def state(self) -> dict[str, Tensor]:
        """The trees and the scaling."""
        trees = {"roots": self.roots, "nodes": self.nodes, "thresholds": self.thresholds, "values": self.values}
        return trees | scalings_state(self.scale)

    @classmethod
    def from_state(cls, config: SystemConfig, spec: DataSpec, state: Mapping[str, Tensor]) -> Self:
        """Back from :meth:`state`; raises ValueError if the nodes do not form trees over the features of ``spec``."""
        roots = take_tensor(state, "roots", (None,), torch.int64)
        nodes = take_tensor(state, "nodes", (None, 3), torch.int64)
        n, n_features = len(nodes), sum(stream.shape[0] for stream in spec.streams.values())
        thresholds, values = take_tensor(state, "thresholds", (n,)), take_tensor(state, "values", (n, spec.label.size))
        check_trees(roots, nodes, n_features)
        return cls(config, spec, take_scalings(state, spec), roots, nodes, thresholds, values)


def grow(
    config: RandomForestConfig, x: Tensor, labels: Tensor, seed: int
) -> RandomForestClassifier | RandomForestRegressor:
    """Fit scikit-learn's forest on ``x`` ``(N, D)`` and labels ``(N,)`` of classes or ``(N, size)`` of scores."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # takes two seconds to import

    classes = labels.dtype == torch.int64
    forest = (RandomForestClassifier if classes else RandomForestRegressor)(
        n_estimators=config.trees,
        max_features="sqrt" if config.features is None else config.features,
        min_samples_leaf=config.min_leaf,
        max_depth=config.max_depth,
        random_state=seed,
    )
    target = labels.numpy() if classes or labels.shape[1] > 1 else labels[:, 0].numpy()
    return forest.fit(x.numpy(), target)


def arrays_of(
    forest: RandomForestClassifier | RandomForestRegressor, spec: DataSpec
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Roots, nodes, thresholds and values of all trees, one after the other, see :class:`RandomForest`."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
    roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])])[:-1]
    nodes, values = [], []
    for root, tree in zip(roots, trees, strict=True):
        inner = tree.children_left >= 0
        node = np.stack([tree.children_left + root, tree.children_right + root, tree.feature], axis=1)
        nodes.append(np.where(inner[:, None], node, LEAF))
        value = np.zeros((tree.node_count, spec.label.size))
        if spec.classes:  # of which the training samples may lack some
            value[:, forest.classes_] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
        else:
            value = tree.value[:, :, 0]
        values.append(value)
    thresholds = np.concatenate([tree.threshold for tree in trees])
    found = (roots.astype(np.int64), np.concatenate(nodes).astype(np.int64), thresholds, np.concatenate(values))
    roots_, nodes_, thresholds_, values_ = (torch.from_numpy(array) for array in found)
    return roots_, nodes_, thresholds_, values_


def predict_trees(x: Tensor, roots: Tensor, nodes: Tensor, thresholds: Tensor, values: Tensor) -> Tensor:
    """Mean over the trees of the value of the leaf that each sample falls into.

    Args:
        x: ``(N, D)``.
        roots: Where the trees begin, see :class:`RandomForest`.
        nodes: Children and features.
        thresholds: Of the splits.
        values: Of the nodes.

    Returns:
        ``(N, size)`` float64.
    """
    at = roots.expand(len(x), -1)  # (N, trees)
    while bool((inner := nodes[at, 0] != LEAF).any()):
        left, right, feature = nodes[at].unbind(2)
        goes_left = x.double().gather(1, feature.clamp_min(0)) <= thresholds[at]
        at = torch.where(inner, torch.where(goes_left, left, right), at)
    return values[at].mean(1)


def check_trees(roots: Tensor, nodes: Tensor, n_features: int) -> None:
    """Raise ValueError unless every child stands behind its parent, so that each walk ends, and features exist."""
    n = len(nodes)
    if len(roots) == 0 or n == 0 or not bool(((roots >= 0) & (roots < n)).all()):
        raise ValueError(f"roots: expected numbers of the {n} nodes")
    inner = nodes[:, 0] != LEAF
    own = torch.arange(n)[inner, None]
    children, features = nodes[inner, :2], nodes[inner, 2]
    if not bool(((children > own) & (children < n)).all()):
        raise ValueError("nodes: expected children that stand behind their parent")
    if not bool(((features >= 0) & (features < n_features)).all()):
        raise ValueError(f"nodes: expected features from 0 to {n_features - 1}")
