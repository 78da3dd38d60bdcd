"""Studio clips: how they are made."""
