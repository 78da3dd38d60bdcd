"""The command line: models, data and studio clips."""
