"""Stands for Pillow beside a package that imports it and does without: there are no images in a run."""

__version__ = "0+bifrost"
