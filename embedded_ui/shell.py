"""What each page shows around its content, and what comes with every answer."""

from typing import Any

import msgspec
from litestar import MediaType, Request
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from backend.domain.access.rules import MANAGERS
from backend.domain.accounts.service import AccountService
from backend.ports.actor import Actor
from backend.settings import Settings
from embedded_ui import csrf
from embedded_ui.notices import Notice, notice_of
from embedded_ui.session import cookie

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: https: http:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with that, browsers hide where our own forms come from as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every page. Pictures of products may come from anywhere: stores keep them where they like."""


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page for somebody who is logged in."""

    organization: str
    email: str
    role: str
    can_manage: bool
    """May connect and disconnect stores."""
    form_token: str
    path: str
    notice: Notice | None

    def page(self, template: str, *, status: int = 200, **context: Any) -> Template:
        """Render a template of `panel/` inside the frame."""
        return Template(
            f"panel/{template}.html", status_code=status, media_type=MediaType.HTML, context={"shell": self, **context}
        )


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page for anybody."""

    form_token: str
    notice: Notice | None
    cookies: list[Any]

    def page(self, template: str, *, status: int = 200, **context: Any) -> Template:
        """Render a template of `panel/` inside the frame."""
        return Template(
            f"panel/{template}.html",
            status_code=status,
            media_type=MediaType.HTML,
            context={"shell": self, **context},
            cookies=self.cookies,
        )


async def provide_shell(
    request: Request[Any, Any, Any], actor: NamedDependency[Actor], accounts: NamedDependency[AccountService]
) -> Shell:
    """Hand a page its frame."""
    organization = await accounts.organization(actor)
    return Shell(
        organization=organization.name,
        email=actor.email,
        role=actor.role,
        can_manage=actor.role in MANAGERS,
        form_token=csrf.form_token(csrf.bound_to(request)),
        path=request.scope["path"],
        notice=notice_of(request.query_params),
    )


def provide_visit(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Visit:
    """Hand a page for anybody its frame; a new visitor gets the cookie that forms are bound to."""
    secret, cookies = csrf.bound_to(request), []
    if not secret:
        secret = csrf.new_visit()
        cookies = [cookie(request, settings.web, csrf.VISIT, secret)]
    return Visit(form_token=csrf.form_token(secret), notice=notice_of(request.query_params), cookies=cookies)


def go_to(path: str, **more: Any) -> Redirect:
    """Send the browser to another page after a form was worked off; reloading it repeats nothing."""
    return Redirect(path, status_code=303, **more)
