"""Stands for the compiled half of `bz2`, so that what imports it does not fail. Using it does."""

from typing import Any, NoReturn


class BZ2Compressor:
    def __init__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise NotImplementedError("bzip2 is not available in a run; use gzip, zlib or zipfile")


class BZ2Decompressor(BZ2Compressor):
    pass
