"""Imports from the library while the workspace is loaded."""

import colorsys

GREY = colorsys.hls_to_rgb(0.0, 0.5, 0.0)
