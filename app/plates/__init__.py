"""What hangs on the wall: pure functions from a model and a view to pictures, and the script that makes the same."""
