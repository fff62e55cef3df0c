"""Inputs: a pydantic model for each form and JSON body. The same model reads a browser's form and a script's JSON.

    class ExtendInput(Input):
        days: Annotated[int, parsed(read_days, "Enter whole days from 1 to 366.")]

A message stands beside its field on a page, and in `errors` of a problem document. A script may send numbers and
booleans as such. A field that its model does not have is refused in JSON, since it is a misspelt one; forms carry
fields of the page itself.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError, PydanticUndefined
from starlette.responses import Response

from owner_portal.text.rules import MAX_REASON, text_problem
from owner_portal.web.requests import read_fields, read_typed, sends_json
from servicekit.errors import InvalidInput

# Fields that belong to the request and not to its content.
ENVELOPE = frozenset({"csrf_token", "once", "step_up_password", "step_up_code"})


class Input(BaseModel):
    """The content of a request. Values arrive as text."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ReasonInput(Input):
    """An action with a reason, which is recorded in the audit trail."""

    reason: str = ""


M = TypeVar("M", bound=Input)


def parsed(
    read: Callable[[str], object | None], message: str, *, written_as: Any = PydanticUndefined
) -> BeforeValidator:
    """The value that `read` makes of the text; `message` if it makes none.

    `written_as`: the type that the description states, where scripts do not write the value's own type.
    """

    def parse(text: object) -> object:
        value = read(text) if isinstance(text, str) else text
        if value is None:
            raise PydanticCustomError("input", "{message}", {"message": message})
        return value

    return BeforeValidator(parse, json_schema_input_type=written_as)


def limited(max_length: int) -> BeforeValidator:
    """A text of at most so many characters, all of which can be shown and stored."""

    def check(text: object) -> object:
        if isinstance(text, str) and (problem := text_problem(text, max_length)):
            raise PydanticCustomError("input", "{message}", {"message": problem})
        return text

    return BeforeValidator(check)


Reason = Annotated[str, limited(MAX_REASON)]


def validate(model: type[M], typed: Mapping[str, str]) -> M:
    """The model of these fields. InvalidInput: a message for each invalid one."""
    try:
        return model.model_validate(_complete(model, typed))
    except ValidationError as error:
        problems = _messages(error)
        raise InvalidInput(" ".join(problems.values()), errors=problems) from None


def problems_of(model: type[Input], typed: Mapping[str, str]) -> dict[str, str]:
    """The message for each invalid field; empty when all are valid."""
    try:
        model.model_validate(_complete(model, typed))
    except ValidationError as error:
        return _messages(error)
    return {}


def check_names(request: Request, model: type[Input], typed: Mapping[str, str]) -> None:
    """InvalidInput: a script's JSON has a field that the model does not have."""
    unknown = set(typed) - set(model.model_fields) - ENVELOPE
    if unknown and sends_json(request):
        known = ", ".join(sorted(model.model_fields)) or "none"
        message = f"There is no such field. Known fields: {known}."
        raise InvalidInput(message, errors=dict.fromkeys(sorted(unknown), message))


def fields_of(model: type[M], *, exact: bool = False) -> Any:
    """The dependency that reads the model. `exact`: characters that are not text are refused, not replaced."""
    read: Callable[..., Any] = read_fields if exact else read_typed

    async def dependency(request: Request, typed: Annotated[dict[str, str], Depends(read)]) -> M:
        check_names(request, model, typed)
        return validate(model, typed)

    return Depends(dependency)


NoFields = Annotated[Input, fields_of(Input)]
"""Of a request without content."""


def described(
    model: type[Input] | None = None,
    answer: str = "",
    *,
    status: int = 200,
    query: Mapping[str, str] | None = None,
    multipart: bool = False,
) -> dict[str, Any]:
    """What a route adds to the description of the API: its body, its query by name, and what its JSON contains."""
    parameters = [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in (query or {}).items()
    ]
    more: dict[str, Any] = {"responses": {status: {"description": answer or "An empty object."}}}
    if parameters:
        more["openapi_extra"] = {"parameters": parameters}
    if model is not None:
        schema = _schema(model)
        types = ["multipart/form-data"] if multipart else ["application/json", "application/x-www-form-urlencoded"]
        body = {"required": bool(schema.get("required")), "content": {type_: {"schema": schema} for type_ in types}}
        more.setdefault("openapi_extra", {})["requestBody"] = body
    if status != 200:
        more["status_code"] = status
    return more


def described_csv(**query: str) -> dict[str, Any]:
    """The same for a CSV file."""
    known = {**query, "separator": "`semicolon`; a comma otherwise"}
    return described_file("The rows, with a header.", "text/csv", query=known)


def described_file(answer: str, *kinds: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The same for a file of one of these media types."""
    more = described(answer=answer, query=query)
    schema = {"type": "string"} if kinds == ("text/csv",) else {"type": "string", "format": "binary"}
    more["responses"][200]["content"] = {kind: {"schema": schema} for kind in kinds}
    return more | {"response_class": Response}


def _schema(model: type[Input]) -> dict[str, Any]:
    """The model's JSON schema, with the definitions it refers to in their places: a route has no room beside it."""
    schema = model.model_json_schema()
    schema.pop("title", None)
    definitions = schema.pop("$defs", {})

    def in_place(part: Any) -> Any:
        if isinstance(part, list):
            return [in_place(each) for each in part]
        if not isinstance(part, dict):
            return part
        found = definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else {}
        return {name: in_place(value) for name, value in (found | part).items() if name != "$ref"}

    resolved: dict[str, Any] = in_place(schema)
    return resolved


def _complete(model: type[Input], typed: Mapping[str, str]) -> dict[str, str]:
    """A required field that is left out is read as an empty one: its message says what to enter."""
    return {name: "" for name, field in model.model_fields.items() if field.is_required()} | dict(typed)


def _messages(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in each["loc"]) or "body"
        label = name.replace("_", " ").capitalize()
        found.setdefault(name, each["msg"] if each["type"] == "input" else f"{label} is not valid.")
    return found
