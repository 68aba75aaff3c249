"""Stands for the compiled half of `lzma`, so that what imports it does not fail. Using it does."""

from typing import Any, NoReturn

CHECK_NONE, CHECK_CRC32, CHECK_CRC64, CHECK_SHA256, CHECK_ID_MAX, CHECK_UNKNOWN = 0, 1, 4, 10, 15, 16
FILTER_LZMA1, FILTER_LZMA2 = 0x4000000000000001, 0x21
FILTER_DELTA, FILTER_X86, FILTER_POWERPC, FILTER_IA64, FILTER_ARM, FILTER_ARMTHUMB, FILTER_SPARC = range(3, 10)
FORMAT_AUTO, FORMAT_XZ, FORMAT_ALONE, FORMAT_RAW = range(4)
MF_HC3, MF_HC4, MF_BT2, MF_BT3, MF_BT4 = 3, 4, 18, 19, 20
MODE_FAST, MODE_NORMAL = 1, 2
PRESET_DEFAULT, PRESET_EXTREME = 6, 1 << 31


class LZMAError(Exception):
    """An error of the library."""


class LZMACompressor:
    def __init__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        _absent()


class LZMADecompressor(LZMACompressor):
    pass


def is_check_supported(check_id: int) -> bool:
    """There are no checks."""
    return False


def _encode_filter_properties(_filter: Any) -> NoReturn:
    _absent()


def _decode_filter_properties(_filter_id: int, _properties: bytes) -> NoReturn:
    _absent()


def _absent() -> NoReturn:
    raise NotImplementedError("LZMA (.xz) is not available in a run; use gzip, zlib or zipfile")
