"""Imports its neighbours, absolutely and relatively."""

from area.tools.deep import thing

from .deep.thing import NAME as RELATIVE

NAMES = (thing.NAME, RELATIVE)
