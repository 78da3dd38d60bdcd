"""Studio clips of the project's own: words, voice and face whose truth is known, and edits of them."""
