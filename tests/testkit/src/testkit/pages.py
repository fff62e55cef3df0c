"""Pages as their readers meet them: visible text, fields with their errors, links. Markup is parsed, never searched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

_HIDDEN = ("script", "style", "template", "head")
_CONTROLS = "input, select, textarea"


@dataclass(frozen=True, slots=True)
class Field:
    """A control of a form. `error` is the text beside an invalid control, "" for a valid one."""

    name: str
    value: str
    error: str
    invalid: bool


class Page:
    """One HTML document."""

    def __init__(self, html: str) -> None:
        self.soup = BeautifulSoup(html, "lxml")

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
        body = BeautifulSoup(str(self.soup.body or self.soup), "lxml")
        for hidden in body.select(", ".join(_HIDDEN)):
            hidden.decompose()
        return text_of(body)

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
    def links(self) -> dict[str, str]:
        """The text of each link with its address; the last one of several with the same text."""
        return {text_of(link): str(link["href"]) for link in self.all("a[href]")}

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
        return " ".join(text_of(element) for id_ in ids for element in self.soup.find_all(id=id_))


def text_of(element: Tag) -> str:
    """The text with runs of white space as one space."""
    return re.sub(r"\s+", " ", element.get_text(" ")).strip()


def _value(control: Tag) -> str:
    if control.name == "textarea":
        return control.get_text()
    if control.name == "select":
        chosen = control.select_one("option[selected]") or control.select_one("option")
        return "" if chosen is None else str(chosen.get("value", text_of(chosen)))
    return str(control.get("value", ""))
