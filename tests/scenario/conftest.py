"""Scenario tests run on the embedded broker, one for each gateway."""

import contextlib

import pytest

from support.kafka import EmbeddedBroker


@pytest.fixture(scope="session")
def make_queue():
    @contextlib.contextmanager
    def make(directory):
        directory.mkdir(parents=True, exist_ok=True)
        broker = EmbeddedBroker(directory)
        try:
            yield broker
        finally:
            broker.stop()

    return make
