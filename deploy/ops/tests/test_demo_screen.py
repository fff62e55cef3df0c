"""Screens of simulated employees are pictures that a tracker could have made."""

import io
import random

import pytest
from PIL import Image

from tenantry_ops.demo.routine import WINDOWS
from tenantry_ops.demo.screen import SIZE, screen
from tracker_client import Window


@pytest.mark.parametrize("window", [None, WINDOWS["office"][0]], ids=["the desk", "a window"])
def test_screens_are_small_and_distinct_pngs(window: Window | None) -> None:
    pictures = {screen(random.Random(seed), window) for seed in range(8)}
    assert len(pictures) > 1
    for picture in pictures:
        assert len(picture) < 20_000
        with Image.open(io.BytesIO(picture)) as image:
            assert (image.format, image.size) == ("PNG", SIZE)
