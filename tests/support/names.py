"""A program for which names resolve as a test says (names.c), whatever the machine's resolver does."""

import functools

from support.columba import BUILD, SANITIZERS, Program


class NamedProgram(Program):
    def __init__(self, names, *arguments):
        pairs = ",".join(f"{name}={address}" for name, address in names.items())
        asan = SANITIZERS["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        self.environment = {
            **SANITIZERS,
            "ASAN_OPTIONS": asan,
            "LD_PRELOAD": BUILD / "tests/support/columba-names.so",
            "TEST_NAMES": pairs,
        }
        super().__init__(*arguments)


def with_names(names):
    """For a gateway's make_program."""
    return functools.partial(NamedProgram, names)
