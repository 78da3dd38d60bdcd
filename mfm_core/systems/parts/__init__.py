"""Parts that several systems share: features, losses and the training loop of networks."""
