"""System tests run on Apache Kafka: one for all, in which each gateway has topics of its own; and
one for each test that stops it."""

import contextlib

import pytest

from support.gateways import GatewayFactory
from support.kafka import RealKafka


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    broker = RealKafka(tmp_path_factory.mktemp("kafka"))
    try:
        yield broker.start()
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def make_queue(kafka):
    return lambda _directory: contextlib.nullcontext(kafka)


@pytest.fixture
def fragile_gateways(tmp_path):
    """Gateways whose Kafka may be stopped, frozen and killed."""

    @contextlib.contextmanager
    def make(directory):
        broker = RealKafka(directory / "kafka")
        try:
            yield broker
        finally:
            broker.kill()

    factory = GatewayFactory(tmp_path, make)
    with factory.stack:
        yield factory
