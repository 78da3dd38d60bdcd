"""Dependencies of the package: the packages that requirements.txt pins, without the project itself."""

from pathlib import Path

from setuptools import setup

LINES = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8").splitlines()

setup(install_requires=[line for line in LINES if line and not line.startswith(("-", "#"))])
