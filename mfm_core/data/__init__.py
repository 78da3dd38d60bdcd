"""Data sets: one file each, one registry."""

from mfm_core.data.dataset import Dataset, Split
from mfm_core.data.registry import data_folder, dataset_names, load_dataset
from mfm_core.data.sets import cmu_mosi, ict_mmmo, iemocap, mnist, pom, studio_clips, svhn, svhn_mnist, youtube

__all__ = [
    "Dataset",
    "Split",
    "cmu_mosi",
    "data_folder",
    "dataset_names",
    "ict_mmmo",
    "iemocap",
    "load_dataset",
    "mnist",
    "pom",
    "studio_clips",
    "svhn",
    "svhn_mnist",
    "youtube",
]
