"""Each set of values in values/ is rendered once, for all tests."""

import pytest

from support.chart import VALUES, render


@pytest.fixture(params=VALUES.values(), ids=VALUES.keys())
def values(request):
    return request.param


@pytest.fixture
def rendered(values):
    return render(values)
