"""Pages as their readers meet them: text, fields with their errors, links, tables. Markup is parsed, never searched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

_HIDDEN = frozenset({"script", "style", "template", "head"})
_PHRASING = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "dfn", "em", "i", "kbd", "mark", "q", "s", "samp"}
    | {"small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr"}
)
_CONTROLS = "input, select, textarea"


@dataclass(frozen=True, slots=True)
class Field:
    """A control of a form. `error` is the text beside an invalid control, "" for a valid one."""

    name: str
    value: str
    error: str
    invalid: bool


class Page:
    """One HTML document, or a part of one."""

    def __init__(self, html: str | Tag) -> None:
        self.soup: Tag = BeautifulSoup(html, "lxml") if isinstance(html, str) else html

    def part(self, selector: str) -> "Page":
        """The only element that matches, with everything in it."""
        return Page(self.one(selector))

    def all(self, selector: str) -> list[Tag]:
        """The elements that match a CSS selector."""
        return list(self.soup.select(selector))

    def one(self, selector: str) -> Tag:
        """The only element that matches. AssertionError: there is none, or more than one."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} elements match {selector}"
        return found[0]

    def texts(self, selector: str) -> list[str]:
        """The texts of the elements that match."""
        return [text_of(element) for element in self.all(selector)]

    @property
    def text(self) -> str:
        """The text of the body in one line, without scripts and styles."""
        return text_of(self.soup.select_one("body") or self.soup)

    @property
    def title(self) -> str:
        """The text of the title element."""
        return text_of(self.one("head > title"))

    @property
    def heading(self) -> str:
        """The text of the only h1."""
        return text_of(self.one("h1"))

    @property
    def alerts(self) -> list[str]:
        """The texts that are announced as alerts."""
        return self.texts("[role=alert]")

    @property
    def statuses(self) -> list[str]:
        """The texts that are announced as statuses."""
        return self.texts("[role=status]")

    @property
    def links(self) -> dict[str, str]:
        """The text of each link with its address; the last one of several with the same text."""
        return {text_of(link): str(link["href"]) for link in self.all("a[href]")}

    @property
    def addresses(self) -> list[str]:
        """Where all links and forms lead, in their order."""
        return [str(each.get("href", each.get("action"))) for each in self.all("a[href], form[action]")]

    @property
    def facts(self) -> dict[str, str]:
        """The text of each term with that of its description; the last one of several with the same text."""
        return {text_of(term): text_of(term.find_next_sibling("dd") or term) for term in self.all("dt")}

    def table(self, selector: str = "table") -> list[dict[str, str]]:
        """The rows of the only table that matches: the text of each cell under that of its column's heading."""
        table = self.part(selector)
        headings = table.texts("thead th")
        return [dict(zip(headings, row, strict=False)) for row in table.rows("tbody tr")]

    def rows(self, selector: str = "tr") -> list[list[str]]:
        """The texts of the cells of each row that matches, headings included."""
        return [[text_of(cell) for cell in row.select("th, td")] for row in self.all(selector)]

    def choices(self, name: str) -> dict[str, bool]:
        """The value of each radio button and checkbox of this name, with whether it is checked."""
        found = [each for each in self.all("[type=radio], [type=checkbox]") if each.get("name") == name]
        return {str(each.get("value", "on")): "checked" in each.attrs for each in found}

    def hidden(self, form: str = "") -> dict[str, str]:
        """The hidden fields of the forms that match the selector `form`; the last one of several with the same name."""
        found = self.all(f"{form} input[type=hidden][name]".strip())
        return {str(each["name"]): str(each.get("value", "")) for each in found}

    def values(self, form: str = "") -> dict[str, str]:
        """The fields that a browser sends with the forms that match the selector `form`."""
        return {field.name: field.value for field in self.fields(form)}

    def field(self, name: str, *, form: str = "") -> Field:
        """The only control of this name, in the forms that match the selector `form`."""
        found = [each for each in self.fields(form) if each.name == name]
        assert len(found) == 1, f"{len(found)} controls are named {name}"
        return found[0]

    def fields(self, form: str = "") -> Iterator[Field]:
        """All controls with a name; a radio button or checkbox counts when it is checked."""
        for control in self.all(", ".join(f"{form} {kind}".strip() for kind in _CONTROLS.split(", "))):
            if "name" not in control.attrs or (
                control.get("type") in {"radio", "checkbox"} and "checked" not in control.attrs
            ):
                continue
            invalid = control.get("aria-invalid") == "true"
            yield Field(str(control["name"]), _value(control), self._description(control) if invalid else "", invalid)

    def _description(self, control: Tag) -> str:
        ids = str(control.get("aria-errormessage") or control.get("aria-describedby") or "").split()
        return " ".join(text_of(element) for id_ in ids for element in self.all(f'[id="{id_}"]'))


def text_of(element: Tag) -> str:
    """The text with runs of white space as one space. Blocks are separated by one; phrases continue their sentence."""
    return re.sub(r"\s+", " ", "".join(_strings(element))).strip()


def _strings(element: Tag) -> Iterator[str]:
    for child in element.children:
        if type(child) is NavigableString:  # its subclasses are comments, scripts and the like
            yield child
        elif isinstance(child, Tag) and child.name not in _HIDDEN:
            space = "" if child.name in _PHRASING else " "
            yield space
            yield from _strings(child)
            yield space


def _value(control: Tag) -> str:
    if control.name == "textarea":
        return control.get_text()
    if control.name == "select":
        chosen = control.select_one("option[selected]") or control.select_one("option")
        return "" if chosen is None else str(chosen.get("value", text_of(chosen)))
    return str(control.get("value", ""))
