"""Links and paths in the documents exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]* src=\"([^\"]+)\"")
PATH = re.compile(
    r"`((?:services|libs|deploy|protos|tests|docs|\.ci)/[\w./-]+|[\w.-]+\.(?:lock|yml|toml)|\.importlinter)`"
)


def missing(document: Path, root: Path) -> Iterator[str]:
    """Yields missing targets of links, relative to the document, and of code paths, relative to the repository."""
    text = document.read_text()
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if not re.match(r"\w+:", target) and not (document.parent / target).exists():
            yield target
    for path in PATH.findall(text):
        if not (root / path).exists():
            yield path


def documents(root: Path) -> list[Path]:
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def test_links_and_paths_exist(root: Path) -> None:
    assert {path.name: lost for path in documents(root) if (lost := list(missing(path, root)))} == {}


def test_every_decision_is_in_the_index(root: Path) -> None:
    index = (root / "docs/adr/README.md").read_text()
    records = sorted((root / "docs/adr").glob("0*.md"))
    assert len(records) >= 11
    for record in records:
        assert f"({record.name})" in index
        sections = re.findall(r"^## (.+)$", record.read_text(), re.MULTILINE)
        assert sections == ["Context", "Decision", "Consequences", "Alternatives"]


@pytest.mark.parametrize(
    "text", ["[a](gone.md)", "`services/gone/main.py`", '<img alt="" src="gone.png">', "`gone.lock`"]
)
def test_a_missing_target_is_recognised(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(f"See {text} and [there](https://example.com) and [here](page.md).")
    assert len(list(missing(tmp_path / "page.md", tmp_path))) == 1
