"""Data sets: one file each in ``sets``, one registry."""

from mfm_core.data.dataset import Dataset, Split
from mfm_core.data.registry import DatasetInfo, data_folder, dataset_info, dataset_names, load_dataset, register

__all__ = [
    "Dataset",
    "DatasetInfo",
    "Split",
    "data_folder",
    "dataset_info",
    "dataset_names",
    "load_dataset",
    "register",
]
