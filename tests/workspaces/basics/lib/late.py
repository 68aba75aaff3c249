"""Imported inside of a function only."""

VALUE = "late"
