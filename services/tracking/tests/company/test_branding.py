"""Brand colours: the format, and the contrast with white text."""

import pytest

from tracking.company.rules.branding import contrast_with_white, is_colour


@pytest.mark.parametrize(
    ("colour", "contrast"), [("#000000", 21), ("#ffffff", 1), ("#777777", 4.48), ("#767676", 4.54), ("#ff0000", 4.0)]
)
def test_contrast(colour: str, contrast: float) -> None:
    assert contrast_with_white(colour) == pytest.approx(contrast, abs=0.005)


@pytest.mark.parametrize("text", ["", "#fff", "3346d3", "#3346D3", "#3346d3\n", "#33٤6d3", "red", "#3346d3; }"])
def test_no_colour(text: str) -> None:
    assert not is_colour(text)
