"""Data sets: one file each, one registry."""

from mfm_core.data import mnist, svhn, svhn_mnist
from mfm_core.data.dataset import Dataset, Split, data_folder, dataset_names, load_dataset

__all__ = ["Dataset", "Split", "data_folder", "dataset_names", "load_dataset", "mnist", "svhn", "svhn_mnist"]
