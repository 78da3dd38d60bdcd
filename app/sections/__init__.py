"""The parts of the page Generate, one file a question."""
