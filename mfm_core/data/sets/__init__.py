"""The data sets that the project knows, one file each."""
