"""What scenario and system tests share. Each suite's own conftest.py says what a queue is."""

import sys
from pathlib import Path

import pytest

# The fakes are programs: they import each other by their bare names.
sys.path.append(str(Path(__file__).parent / "support/fakes"))

from support.gateways import GatewayFactory, open_gateway


@pytest.fixture(scope="session")
def gateway(tmp_path_factory, make_queue):
    """The gateway that most tests share: each uses pushkeys of its own and breaks nothing."""
    directory = tmp_path_factory.mktemp("shared")
    with make_queue(directory) as queue, open_gateway(directory, queue) as shared:
        yield shared


@pytest.fixture(scope="module")
def own(request, tmp_path_factory, make_queue):
    """A gateway for the tests of one file, which may break it if they mend it; with the SETTINGS
    of the file."""
    directory = tmp_path_factory.mktemp("own")
    settings = getattr(request.module, "SETTINGS", None)
    with make_queue(directory) as queue, open_gateway(directory, queue, settings) as gateway:
        yield gateway


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


@pytest.fixture
def gateways(tmp_path, make_queue):
    """Gateways for this test alone."""
    factory = GatewayFactory(tmp_path, make_queue)
    with factory.stack:
        yield factory


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What the processes had to say goes under a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name in ("gateway", "own", "served", "gateways", "fragile_gateways"):
            if name in item.funcargs:
                report.sections.append((name, item.funcargs[name].describe()))
