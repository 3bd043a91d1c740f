"""The metrics tests run on the embedded broker, as the scenarios do."""

from scenario.conftest import make_queue  # noqa: F401
