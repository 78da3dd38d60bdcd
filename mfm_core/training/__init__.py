"""Training: the loop, the objective (Eq. 4), the terms added to it, and the tasks of digits and videos."""
