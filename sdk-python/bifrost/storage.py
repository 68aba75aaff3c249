"""`bifrost.storage` is not supported: `bifrost.files` is what came after it."""

from ._missing import Missing

storage = Missing("storage", "use bifrost.files")
