"""The page Flow: at which word, tone and face the shared factor speaks (Eq. 7)."""
