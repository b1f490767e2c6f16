"""Fixtures: every value test runs on every instruction set of this machine, into memory
in which there is nothing yet that would be right."""

import ctypes

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


def filled(make):
    """NumPy's function, but what it makes holds no numbers of a test before."""

    def make_filled(*arguments, **keywords):
        made = make(*arguments, **keywords)
        if not made.dtype.hasobject and made.nbytes < 1 << 24:
            ctypes.memset(made.ctypes.data, 0xA5, made.nbytes)
        return made

    return make_filled


@pytest.fixture(autouse=True, scope="session")
def nothing_is_right_yet():
    before = np.empty, np.empty_like
    np.empty, np.empty_like = map(filled, before)
    yield
    np.empty, np.empty_like = before


def pytest_terminal_summary(terminalreporter):
    skipped = terminalreporter.stats.get("skipped", ())
    for line in condensed(report.longrepr[2] for report in skipped):
        terminalreporter.write_line(line)
