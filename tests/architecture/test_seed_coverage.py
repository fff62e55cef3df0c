"""docs/seed-coverage.md names existing tests; every line has a proof or is marked as open."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PLACES = {
    "tenancy": "services/tenancy/tests",
    "billing": "services/billing/tests",
    "tracking": "services/tracking/tests",
    "portal": "services/owner-portal/tests",
    "ops": "deploy/ops/tests",
    "all": "tests",
}
PROOF = re.compile(r"`(\w+)/([\w/]+\.py)::(\w+)`")
SEED_TESTS = {"Foundation": 5, "Isolation": 4, "Portal": 3, "Key": 3, "Plans": 2}


def rows(text: str) -> Iterator[tuple[str, str]]:
    """Yields each line of the tables: the requirement and its proof."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if line.startswith("| ") and cells[0] not in {"idea", "line", "---"}:
            yield cells[0], cells[-1]


def unproved(text: str, root: Path) -> list[str]:
    """Returns lines without a proof, or with a test that does not exist."""
    found = []
    for asked, proof in rows(text):
        named = PROOF.findall(proof)
        if not named and not proof.startswith("open: "):
            found.append(asked)
        for place, file, test in named:
            path = root / PLACES[place] / file
            if not path.exists() or not re.search(rf"^(async )?def {test}\(", path.read_text(), re.MULTILINE):
                found.append(f"{asked}: {place}/{file}::{test}")
    return found


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs/seed-coverage.md").read_text()


def test_every_line_is_proved_by_tests_that_exist(text: str, root: Path) -> None:
    assert unproved(text, root) == []
    assert len(list(rows(text))) > 60


def test_every_test_of_the_seed_has_its_counterpart(text: str) -> None:
    asked = [line for line, _proof in rows(text)]
    for name, count in SEED_TESTS.items():
        numbers = [int(found[1]) for line in asked if (found := re.match(rf"{name} (\d):", line))]
        assert numbers == list(range(1, count + 1)), name


@pytest.mark.parametrize(
    "proof",
    ["", "soon", "`portal/test_gone.py::test_x`", "`portal/access/test_access.py::test_gone`", "`all/test_faults.py`"],
)
def test_a_missing_proof_is_recognised(proof: str, root: Path) -> None:
    assert len(unproved(f"| line | where | proof |\n| --- | --- | --- |\n| a | b | {proof} |\n", root)) == 1


def test_an_open_line_is_accepted(root: Path) -> None:
    assert unproved("| a | b | open: it comes later |", root) == []
