"""Errors that only owners can resolve: to sign in, to confirm who they are, to set up a second factor."""

from urllib.parse import urlencode

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from owner_portal.owners.pages.guard import FormTooOld, SecondFactorRequired, StepUpRequired
from owner_portal.owners.pages.saved_forms import save_form
from owner_portal.owners.pages.step_up import ask_again
from owner_portal.web.errors import answer, changes, refuse
from owner_portal.web.requests import wants_json
from servicekit.errors import NotAuthenticated


def add_error_handlers(app: FastAPI) -> None:
    """Maps them; every other error is the shell's."""

    @app.exception_handler(NotAuthenticated)
    async def on_not_authenticated(request: Request, error: NotAuthenticated) -> Response:
        if wants_json(request) or request.url.path == "/owner/events/":
            return refuse(request, error)
        return await save_form(request) or _to_sign_in(request)

    @app.exception_handler(FormTooOld)
    async def on_form_too_old(request: Request, error: FormTooOld) -> Response:
        return await save_form(request, 403) or answer(request, 403, "forbidden", error.message)

    @app.exception_handler(StepUpRequired)
    async def on_step_up(request: Request, error: StepUpRequired) -> Response:
        return ask_again(request, error)

    @app.exception_handler(SecondFactorRequired)
    async def on_second_factor(request: Request, error: SecondFactorRequired) -> Response:
        if wants_json(request):
            return answer(request, 403, "second_factor_required", error.message)
        return RedirectResponse("/owner/account/", 303)


def _to_sign_in(request: Request) -> Response:
    target = "/owner/login/"
    if not changes(request) and request.url.path != "/":
        target += "?" + urlencode({"next": request.url.path + (f"?{request.url.query}" if request.url.query else "")})
    return RedirectResponse(target, 303)
