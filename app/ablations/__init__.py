"""The page Ablations: what each variant of MFM leaves out, and what that costs."""
