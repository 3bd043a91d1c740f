"""System tests run on Apache Kafka: one for all, in which each gateway has topics of its own; and
one for each test that stops it."""

import contextlib

import pytest

from support.chaos import IS_LONG, SEED
from support.gateways import GatewayFactory
from support.kafka import RealKafka
from support.traffic import ACCOUNTS, STARTED


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    with RealKafka(tmp_path_factory.mktemp("kafka"), RealKafka.QUICK) as broker:
        yield broker.start()


@pytest.fixture(scope="session")
def make_queue(kafka):
    return lambda _directory: contextlib.nullcontext(kafka)


@pytest.fixture
def fragile_gateways(tmp_path):
    """Gateways whose Kafka may be stopped, frozen and killed."""
    factory = GatewayFactory(tmp_path, lambda directory: RealKafka(directory / "kafka"))
    with factory.stack:
        yield factory


@pytest.fixture(autouse=True)
def no_load_outlives_its_test():
    yield
    while STARTED:
        STARTED.pop().load.stopping = True


def pytest_collection_modifyitems(config, items):
    """Without many rounds, those that are long are left out; the soak is run by itself."""
    kinds = ({"long"} if not IS_LONG else set()) | ({"soak"} if config.option.markexpr != "soak" else set())
    left_out = [item for item in items if kinds & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter):
    """The account of every load, whether all was well or not."""
    if ACCOUNTS:
        terminalreporter.section(f"what was promised (COLUMBA_SEED={SEED})")
        for account in ACCOUNTS:
            terminalreporter.line(str(account))
