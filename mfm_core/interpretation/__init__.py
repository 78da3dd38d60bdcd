"""Interpretation of factors: how much a modality depends on F_y (Eq. 5), and at which step F_y moves it (Eq. 7)."""
