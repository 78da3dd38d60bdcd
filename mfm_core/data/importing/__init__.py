"""Import of data sets and clips that users have: CMU-MultimodalSDK files, pickles, HDF5, downloads and uploads."""
