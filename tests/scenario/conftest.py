"""Scenario tests run on the embedded broker, one for each gateway."""

import contextlib

import pytest

from support.gateways import open_gateway
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


@pytest.fixture(scope="module")
def fake(request, tmp_path_factory):
    """The PROVIDER of a test file."""
    started = request.module.PROVIDER(tmp_path_factory.mktemp("provider")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def served(request, tmp_path_factory, make_queue, fake):
    """A gateway that has the apps of a test file too: apps(fake) gives them."""
    directory = tmp_path_factory.mktemp("served")
    settings = {"apps": request.module.apps(fake)}
    with make_queue(directory) as queue, open_gateway(directory, queue, settings) as gateway:
        yield gateway
