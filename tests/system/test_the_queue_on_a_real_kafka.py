"""What common/queue promises of a group, of commits and of a log that moves: its unit tests once more,
with the cases that the mock cluster cannot play."""

import os
import subprocess

import pytest

from support.columba import BUILD


MODULES = ["browse", "group", "publisher",
           "kafka_consumer", "kafka_producer", "kafka_rebalance", "kafka_record"]


@pytest.mark.parametrize("module", MODULES)
def test_unit_tests_hold(module, kafka):
    path = BUILD / f"tests/unit/unit.common.queue.{module}_test"
    ran = subprocess.run([path], env=os.environ | {"COLUMBA_TEST_BROKERS": kafka.bootstrap},
                         capture_output=True, text=True, timeout=120, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr
