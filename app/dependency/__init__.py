"""The page Dependency: how much each modality depends on the shared factor (Eq. 5)."""
