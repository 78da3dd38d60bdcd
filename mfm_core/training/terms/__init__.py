"""Terms added to Eq. 4: one file a term, or a few that belong together, found by the registry."""
