"""The page Lessons: guided lessons of this project and of teachers, and a class that answers together."""
