"""The page Claims: the paper's claims and tables beside what was measured here."""
