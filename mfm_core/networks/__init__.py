"""Networks: encoders, decoders, fusion, flows and classifiers."""
