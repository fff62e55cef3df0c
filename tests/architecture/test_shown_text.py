"""Pages of both services show text from people isolated, so that a name turns no text around it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

# Attributes that hold what people or their machines have written, and ways to such text.
PEOPLE = re.compile(
    r"(?:\.(?:name|email|contact_person|address|phone|description|note|designation|employee_name|device_name"
    r"|assigned_by|actor|reason|invited_by|company|subject|changed_by|device|reference|employee|task\.title)\b"
    r"|\btask\.title\b|\bworkspace_name\b|\bnames\.get\()"
)
# Of the platform's own: a stage of an alert, a series of a chart, an address of a network, fields of forms.
OWN = re.compile(
    r"\.stage\.name\b|\bsession\.address\b|\bparts\.(?:field|area)\(|\bexplain_rejection\b|\bperson_tabs\("
)
EXPRESSION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
CODE = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
MACHINE_READ = {"value", "href", "action", "src", "datetime", "id", "for", "name"}
WORKSPACE = "services/tracking/src/tracking/*/templates"
PORTAL = "services/owner-portal/src/owner_portal/*/templates"


def place_of(source: str, position: int) -> str:
    """Where in the page an expression stands: an attribute's name, title, option, textarea, button, or text.

    Buttons are flexible boxes, in which an element loses the blank before it.
    """
    raw = source[:position]
    before = CODE.sub(lambda code: " " * len(code[0]), raw)
    if before.rfind("<") > before.rfind(">"):
        found = re.search(r'([\w-]+)="[^"]*$', before)
        return found[1] if found else "attribute"
    for element in ("title", "option", "textarea", "script"):
        opened = max(before.rfind(f"<{element}>"), before.rfind(f"<{element} "))
        if opened > before.rfind(f"</{element}"):
            return element
    within = re.search(r"<(\w+)([^<>]*)>[^<]*$", before)
    if within and (within[1] == "button" or re.search(r"""class="[^"]*\b(?:btn|button)\b""", within[2])):
        return "button"
    blocks: list[str] = []
    for block in re.finditer(r"\{% (?:block (\w+)|endblock) %\}", raw):
        blocks = [*blocks, block[1]] if block[1] else blocks[:-1]
    return blocks[-1] if blocks and blocks[-1] in {"title", "button"} else "text"


def unisolated(source: str) -> Iterator[str]:
    """Expressions that show text from people as it is, or by an element where none can stand."""
    for found in EXPRESSION.finditer(source):
        expression = re.sub(r'"[^"]*"', '""', found[1])
        place = place_of(source, found.start())
        if not PEOPLE.search(expression) or OWN.search(expression) or place in MACHINE_READ:
            continue
        if place in {"textarea", "script"}:
            continue
        wanted = r"\| (?:bdi|isolated)\b" if place == "text" else r"\| isolated\b"
        if not re.search(wanted, expression):
            yield f"[{place}] {found[1]}"


# What pages said once, and nobody in the trade says.
STILTED = re.compile(
    r"Last heard of|End it|Give a task|Given by|\banew\b|no device|None of this day|[OA][ft] the target|Time in front"
    r"|tracked at all|Set aside|cannot be counted|other values|Present password|Nobody deactivates|did not work"
    r"|two in every|What was counted|Designation|is over\?|is not shown again|profile|had ended before"
    r"|the owner of the platform|Owed and in use|are owed|T[ao]ken? back|Days for nothing|what it would do"
    r"|trails whole|\bfacts?\b[^=]*\{\{ \"fact|without changing anything|None differs|Whom it touches|has not told"
    r"|nothing was paid|Nothing needs you|nobody of it|for ever\b|Free what|Present plan|let in\b"
)


@pytest.mark.parametrize("folder", [PORTAL, WORKSPACE])
def test_pages_use_the_words_of_the_trade(root: Path, folder: str) -> None:
    pages = sorted(root.glob(f"{folder}/*.html"))
    assert [(page.name, found[0]) for page in pages for found in STILTED.finditer(page.read_text())] == []


@pytest.mark.parametrize("folder", [PORTAL, WORKSPACE])
def test_text_from_people_is_isolated(root: Path, folder: str) -> None:
    templates = sorted(root.glob(f"{folder}/*.html"))
    assert len(templates) > 20
    found = [f"{path.name}: {each}" for path in templates for each in unisolated(path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>{{ company.name }}</p>", True),
        ("<p>{{ company.name | bdi }}</p>", False),
        ("<title>{{ company.name | bdi }}</title>", True),
        ("{% block title %}{{ company.name }}{% endblock %}", True),
        ("{% block title %}{{ company.name | isolated }}{% endblock %}", False),
        ('<button aria-label="Revoke {{ device.name }}">', True),
        ('<option value="{{ one.name }}">{{ one.name | isolated }}</option>', False),
        ("<option>{{ one.name | bdi }}</option>", True),
        ('<a class="btn" href="/">To {{ company.name | bdi }}</a>', True),
        ("{% block button %}Close {{ company.name | isolated }}{% endblock %}", False),
        ("<p>{{ names.get(company_id) or company_id }}</p>", True),
        ("<p>{{ company.created_at | day }}</p>", False),
    ],
)
def test_what_is_found(source: str, found: bool) -> None:
    assert bool(list(unisolated(source))) is found


def test_fields_for_text_take_the_direction_of_what_is_typed(root: Path) -> None:
    portal = (root / PORTAL.replace("*", "web") / "parts.html").read_text()
    assert '{% if type in ("text", "email") %} dir="auto"{% endif %}' in portal
    assert '<textarea dir="auto"' in portal
    named = re.compile(r'<input [^>]*name="(?:name|email|title|description|note|designation)"[^>]*>')
    for path in root.glob(f"{WORKSPACE}/*.html"):
        for field in named.findall(path.read_text()):
            assert 'dir="auto"' in field, f"{path.name}: {field}"
