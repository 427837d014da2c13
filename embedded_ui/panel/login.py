"""Logging in and out."""

import re
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from backend.domain.access.passwords import AccessService, PasswordLogin
from backend.ports.actor import Actor
from backend.settings import Settings
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.session import PUBLIC, no_session_cookie, session_cookie
from embedded_ui.shell import Visit, go_to

_OUR_PAGE = re.compile(r"/panel(?:[/?][\x21-\x7e]*)?")
_MOST = 2_000


def page_after_login(wanted: str) -> str:
    """Return where to go after a login: the page that was asked for when it is one of ours, else the overview."""
    ours = len(wanted) <= _MOST and "\\" not in wanted and _OUR_PAGE.fullmatch(wanted)
    return wanted if ours and not wanted.startswith("/panel/login") else "/panel"


@get("/login", opt=PUBLIC)
async def show_login(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Ask for e-mail and password."""
    wanted = page_after_login(request.query_params.get("next", ""))
    return visit.page("login", email="", wanted=wanted, problem=None)


@post("/login", status_code=200, opt=PUBLIC)
async def log_in(
    request: Request[Any, Any, Any],
    visit: NamedDependency[Visit],
    form: NamedDependency[Form],
    password_login: NamedDependency[PasswordLogin],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Open a session; the same page with a sentence for a wrong e-mail or password."""
    wanted, email = page_after_login(form.text("next")), form.text("email")
    made = await tried(password_login.login(email, form.secret("password")))
    if isinstance(made, Problem):
        return visit.page("login", status=401, email=email, wanted=wanted, problem=made)
    return go_to(wanted, cookies=[session_cookie(request, settings.web, made.token)])


@post("/logout", status_code=303)
async def log_out(
    request: Request[Any, Any, Any],
    actor: NamedDependency[Actor],
    access: NamedDependency[AccessService],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """End the session here and everywhere the same cookie lies."""
    await access.logout(actor)
    return go_to("/panel/login?done=logged_out", cookies=[no_session_cookie(request, settings.web)])
