"""Hashes, keys, and how they are written."""
