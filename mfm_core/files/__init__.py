"""Readers of untrusted bytes: sizes are checked before reading, and nothing is unpickled into objects."""
