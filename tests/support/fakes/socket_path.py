"""Sockets in directories with long paths: the address of one has 107 bytes at most."""

import contextlib
import os


@contextlib.contextmanager
def short_path(directory):
    """The directory by a path of a few bytes, for as long as that is open."""
    descriptor = os.open(directory, os.O_PATH)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
