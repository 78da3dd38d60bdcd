"""Reports: a model's card and the tables of the README."""
