"""What several pages share: the diagram, picture walls, the scrubber, the drawing pad, downloads, state in the URL."""
