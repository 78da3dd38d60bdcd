"""Generation of the studio clips: grammar, voice, face and acoustic features."""
