"""How the C library hands memory back in a process that serves for months."""

import ctypes

# malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_LARGE = 1024 * 1024
_SPARE = 8 * 1024 * 1024


def give_back_large_blocks() -> None:
    """Let a block of a megabyte or more go back to the system as soon as it is freed, and keep 8 MB for smaller ones.

    Left to itself, glibc takes the first large upload as a hint that such blocks are usual, and from then on keeps
    their room: a few photos of 20 MB made the process 80 MB larger for good. Another C library is left alone.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE)
    mallopt(_M_TRIM_THRESHOLD, _SPARE)
