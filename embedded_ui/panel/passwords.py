"""Asking for a link that sets a password, and setting one by it."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from backend.domain.access.passwords import AccessService
from backend.domain.access.rules import PASSWORD_MAX, PASSWORD_MIN
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.session import PUBLIC
from embedded_ui.shell import Visit, go_to


@get("/password/forgot", opt=PUBLIC)
async def show_forgotten(visit: NamedDependency[Visit]) -> Response[Any]:
    """Ask whose password is forgotten."""
    return visit.page("password_forgot", email="", problem=None, sent=False)


@post("/password/forgot", status_code=200, opt=PUBLIC)
async def ask_for_link(
    visit: NamedDependency[Visit], form: NamedDependency[Form], access: NamedDependency[AccessService]
) -> Response[Any]:
    """Have a link mailed if there is such an account; the page is the same either way."""
    email = form.text("email")
    made = await tried(access.forget_password(email))
    if isinstance(made, Problem):
        return visit.page("password_forgot", status=400, email=email, problem=made, sent=False)
    return visit.page("password_forgot", email=email, problem=None, sent=True)


@get("/password/reset", opt=PUBLIC)
async def show_password(
    visit: NamedDependency[Visit], access: NamedDependency[AccessService], token: FromQuery[str] = ""
) -> Response[Any]:
    """Ask for the new password; a link that does not work any more gets a page that says so."""
    await access.check_password_link(token)
    return _form(visit, token)


@post("/password/reset", status_code=200, opt=PUBLIC)
async def set_password(
    visit: NamedDependency[Visit], form: NamedDependency[Form], access: NamedDependency[AccessService]
) -> Response[Any]:
    """Set the password and lead to the login."""
    made = await tried(access.reset_password(form.text("token"), form.secret("password")))
    if isinstance(made, Problem):
        return _form(visit, form.text("token"), made)
    return go_to("/panel/login?done=password_set")


def _form(visit: Visit, token: str, problem: Problem | None = None) -> Response[Any]:
    return visit.page(
        "password_reset",
        status=400 if problem else 200,
        token=token,
        problem=problem,
        shortest=PASSWORD_MIN,
        longest=PASSWORD_MAX,
    )
