"""The routine of simulated employees varies and consists of whole rounds."""

import random
from itertools import islice

import pytest

from tenantry_ops.demo.companies import Craft
from tenantry_ops.demo.routine import ROUND_SECONDS, WINDOWS, routine


@pytest.mark.parametrize("craft", WINDOWS)
def test_a_routine_is_mostly_work_with_idleness_and_absence(craft: Craft) -> None:
    stretches = list(islice(routine(random.Random(1), craft), 2_000))
    seconds = {"ACTIVE": 0, "INACTIVE": 0, None: 0}
    for stretch in stretches:
        assert stretch.seconds > 0
        assert stretch.seconds % ROUND_SECONDS == 0
        assert (stretch.window is not None) == (stretch.kind == "ACTIVE")
        seconds[stretch.kind] += stretch.seconds
    total = sum(seconds.values())
    assert seconds["ACTIVE"] > 0.7 * total
    assert 0.03 * total < seconds["INACTIVE"] < 0.2 * total
    assert 0.03 * total < seconds[None] < 0.2 * total
    assert len({stretch.window for stretch in stretches}) > 5
