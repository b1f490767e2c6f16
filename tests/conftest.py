"""Fixtures: every value test runs on every instruction set of this machine."""

import numpy as np
import pytest
from skips import condensed

from fastadd import _config


@pytest.fixture(params=_config.available())
def instruction_set(request):
    before = _config.in_use
    _config.use(request.param)
    yield request.param
    _config.use(before)


@pytest.fixture(autouse=True)
def quiet():
    """Values out of range are the rule in these tests; those of errstate ask for it."""
    with np.errstate(all="ignore"):
        yield


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", ())
    for line in condensed(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line)
