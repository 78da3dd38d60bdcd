"""Figures of the page Flow: the flow of a clip, and its script."""
