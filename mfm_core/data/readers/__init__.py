"""Readers of the files that users have: each checks what a file says of itself before it reads any of it."""
