"""Storage of models: folders with configuration, weights, codes, scaling, figures and card."""
