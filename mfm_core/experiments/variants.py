"""Which part makes it factorize? MFM and the ablations M_A to M_E on digits, of the same sizes, trained alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mfm_core.data import load_dataset
from mfm_core.evaluation.losses import Samples, measure
from mfm_core.evaluation.table_verdicts import ABLATIONS
from mfm_core.evaluation.table_verdicts import MFM as MFM_NAME
from mfm_core.evaluation.variants import measure_ablation
from mfm_core.experiments.losses import SEEDS, figure_rows, loss_run, measure_each, read_compared
from mfm_core.model import MFM
from mfm_core.networks.ablation import Ablation
from mfm_core.networks.classifier import Discriminative
from mfm_core.storage.folder import CONFIG
from mfm_core.systems.parts.family import FamilySystem
from mfm_core.systems.registry import find_system, read_config
from mfm_core.systems.storage import load, save
from mfm_core.training.loop import Report

if TYPE_CHECKING:
    import pandas as pd

    from mfm_core.systems.base import SystemConfig

VARIANTS = (MFM_NAME, *ABLATIONS)
VARIANTS_FILE = "variants.csv"
"""File of the figures in the folder of results."""


def variant_config(name: str) -> SystemConfig:
    """The configuration of one of ``VARIANTS``: all have the sizes, and of Eq. 4 the weights, of the small models.

    Args:
        name: One of ``VARIANTS``.

    Raises:
        ValueError: If there is no such variant.
    """
    if name not in VARIANTS:
        raise ValueError(f"variant: expected one of {', '.join(VARIANTS)}, got {name!r}")
    run = loss_run("joint", 0).model_dump(mode="json")
    plain = {"model": run["model"], "objective": run["objective"], "noise": 0.0, "noise_y": 0.0}
    only_mfm = {"flow": 0, "factorization": run["factorization"]} if name == MFM_NAME else {}
    return read_config({"system": name, **plain, **only_mfm})


def train_variants(
    folder: Path,
    *,
    seeds: tuple[int, ...] = SEEDS,
    names: tuple[str, ...] = VARIANTS,
    on_report: Callable[[str, int, Report], None] = lambda cell, step, report: None,
) -> Mapping[tuple[str, int], Path]:
    """Train every variant from every seed on the same pairs, or go on where that was stopped; seed by seed.

    Args:
        folder: Holds a run a cell, named ``<variant>_<seed>``.
        seeds: Of the weights and of the batches.
        names: Among ``VARIANTS``.
        on_report: Called after every step with the cell's name.

    Returns:
        The folder of each stored system by variant and seed.
    """
    digits, systems = load_dataset("svhn_mnist"), {}
    for seed in seeds:
        for name in names:
            cell = f"{name}_{seed}"
            systems[name, seed] = place = folder / cell / "system"
            if (place / CONFIG).is_file():
                continue
            kind, loop = cast("type[FamilySystem]", find_system(name)), loss_run("joint", seed).training
            trained = kind.train(
                variant_config(name),
                digits.part("train"),
                digits.part("validation"),
                seed=seed,
                on_report=partial(on_report, cell),
                folder=folder / cell,
                loop=loop,
            )
            save(trained, place)
    return systems


def variant_rows(systems: Mapping[tuple[str, int], Path], *, on_progress: Callable[[str], None]) -> pd.DataFrame:
    """Measure trained variants: one row a figure, variant and seed, and one of all seeds together.

    Args:
        systems: Folders of stored systems by variant and seed, see :func:`train_variants`.
        on_progress: Called with the name of each system.

    Returns:
        The columns of :func:`figure_rows`, with ``system`` for what is compared.
    """

    def measure_one(folder: Path, judges: Mapping[str, Discriminative]) -> Samples:
        network = cast(FamilySystem, load(folder)).network
        if isinstance(network, Ablation):
            return measure_ablation(network, judges)
        return measure(cast(MFM, network), judges)

    measured = measure_each(systems, measure_one, on_progress)
    return figure_rows("system", measured, lambda name: variant_config(name).model_dump(mode="json"))


def read_variants(path: Path) -> pd.DataFrame:
    """The figures that :func:`variant_rows` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, a column is missing, or a system is none of ``VARIANTS``.
    """
    return read_compared(path, "system", VARIANTS, "python -m mfm_core variants")
