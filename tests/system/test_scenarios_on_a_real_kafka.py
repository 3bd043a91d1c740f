"""Promises that ../scenario shows on the embedded broker, once more on a real Kafka and by the release
build: outages, wrong credentials, bad neighbours, roll-outs. The fixtures are those of the scenarios; the
queue is this suite's."""

# pylint: disable=wildcard-import,unused-wildcard-import
import pytest

from scenario.test_a_roll_out_of_a_broken_credential import *
from scenario.test_a_wrong_credential_rejects_nobody import *
from scenario.test_one_bad_neighbour_harms_nobody import *
from scenario.test_what_others_get_wrong import *

pytestmark = pytest.mark.long
