"""Elements of the browser, one folder each: where plotly cannot go."""
