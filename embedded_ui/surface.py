"""The panel as a surface: the list of its pages, and what a refusal looks like in a browser."""

from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response, Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.file_system import BaseLocalFileSystem
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, PathType
from litestar.types.file_types import FileInfo

from backend.api.shared.errors import Refusal, refusal_of
from backend.api.shared.rate_limit import public_windows
from backend.api.shared.surface import Surface
from backend.kit.errors import DomainError, ErrorKind
from embedded_ui.csrf import check_form
from embedded_ui.forms import provide_form
from embedded_ui.panel.changes import apply_run, discard_run, preview_changes, undo_run
from embedded_ui.panel.doors import open_panel, show_channel, show_channels
from embedded_ui.panel.feeds import create_feed, publish_feed, show_feeds, unpublish_feed
from embedded_ui.panel.history import cut_link, restore_product, restore_store, show_history
from embedded_ui.panel.inbox import (
    decide_conflict,
    decide_link,
    settle_oversell,
    show_conflicts,
    show_links,
    show_oversells,
)
from embedded_ui.panel.keys import (
    create_key,
    create_token,
    revoke_key,
    revoke_token,
    rotate_key,
    show_key,
    show_key_revocation,
    show_keys,
    show_token_revocation,
)
from embedded_ui.panel.listings import ask_for_listing, retry_listings, show_listings
from embedded_ui.panel.login import log_in, log_out, show_login
from embedded_ui.panel.overview import show_overview
from embedded_ui.panel.passwords import ask_for_link, set_password, show_forgotten, show_password
from embedded_ui.panel.privacy import fetch_export, show_privacy
from embedded_ui.panel.products import show_product, show_products
from embedded_ui.panel.runs import let_run_through, show_run, start_sync
from embedded_ui.panel.schedules import change_schedule, show_schedule
from embedded_ui.panel.store_page import show_store
from embedded_ui.panel.store_settings import change_settings, show_settings
from embedded_ui.panel.stores import (
    attach_store,
    begin_shopify,
    connect_store,
    disconnect_store,
    show_attach,
    show_connect,
    show_disconnect,
)
from embedded_ui.session import authenticate, caller_windows, permit
from embedded_ui.shell import HEADERS, provide_shell, provide_visit
from embedded_ui.templating import ENVIRONMENT, STATIC, STATIC_PATH

LOGIN = "/panel/login"
_TITLES = {
    400: "That did not work",
    403: "Not allowed",
    404: "Nothing here",
    409: "Not possible now",
    429: "Too many requests",
    500: "Something went wrong",
    502: "The store did not answer",
    503: "Not available at the moment",
}
_TITLES_OF_CODES = {
    "LINK_INVALID": "This link does not work any more",
    "LINK_OF_ANOTHER_USER": "This link is for somebody else",
    "FORM_OUTDATED": "Please send the form again",
    "STORE_HELD": "The store belongs to another account",
}


def render_error(refusal: Refusal) -> Response[str]:
    """Render a refusal as a page; it needs no login and no database."""
    title = _TITLES_OF_CODES.get(refusal.code or "") or _TITLES.get(refusal.status, "That did not work")
    wait_s = refusal.headers.get("Retry-After")
    body = ENVIRONMENT.get_template("panel/error.html").render(title=title, message=refusal.message, wait_s=wait_s)
    headers = {name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"}
    return Response(body, status_code=refusal.status, media_type=MediaType.HTML, headers={**HEADERS, **headers})


def refuse(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    """Send whoever is not logged in to the login, and from there to the page; everybody else gets the error page."""
    if error.kind is not ErrorKind.UNAUTHENTICATED:
        return render_error(refusal_of(error))
    target = LOGIN
    if request.method == "GET":
        query = request.scope["query_string"].decode("ascii", "ignore")
        target += "?next=" + quote(request.scope["path"] + ("?" + query if query else ""), safe="/")
    return Redirect(target, status_code=303, headers=dict(HEADERS))


PANEL = Surface(
    name="panel",
    prefix="/panel",
    title="Panel",
    documented=False,
    handlers=(
        show_overview,
        show_login,
        log_in,
        log_out,
        show_forgotten,
        ask_for_link,
        show_password,
        set_password,
        show_products,
        show_product,
        show_run,
        start_sync,
        let_run_through,
        preview_changes,
        apply_run,
        discard_run,
        undo_run,
        show_store,
        show_settings,
        change_settings,
        show_listings,
        retry_listings,
        ask_for_listing,
        show_conflicts,
        decide_conflict,
        show_links,
        decide_link,
        show_oversells,
        settle_oversell,
        show_history,
        restore_product,
        restore_store,
        cut_link,
        show_connect,
        connect_store,
        begin_shopify,
        show_attach,
        attach_store,
        show_disconnect,
        disconnect_store,
        show_schedule,
        change_schedule,
        show_feeds,
        create_feed,
        publish_feed,
        unpublish_feed,
        show_privacy,
        fetch_export,
        show_keys,
        create_key,
        show_key,
        rotate_key,
        show_key_revocation,
        revoke_key,
        create_token,
        show_token_revocation,
        revoke_token,
    ),
    render_error=render_error,
    authenticate=authenticate,
    permit=permit,
    public_windows=public_windows,
    caller_windows=caller_windows,
    router_options={
        "include_in_schema": False,
        "before_request": check_form,
        "exception_handlers": {DomainError: refuse},
        "response_headers": HEADERS,
        "dependencies": {
            "shell": Provide(provide_shell),
            "visit": Provide(provide_visit, sync_to_thread=False),
            "form": Provide(provide_form),
        },
    },
)


class OurFiles(BaseLocalFileSystem):
    """Files on disk, where an address that cannot even be a file's name leads to nothing."""

    async def info(self, path: PathType, **kwargs: Any) -> FileInfo:
        """Return what is known of a file; raise FileNotFoundError for NUL bytes, endless names and paths through files.

        The framework calls only missing files missing; all else would be our failure.
        """
        try:
            return await super().info(path, **kwargs)
        except (OSError, ValueError):
            raise FileNotFoundError from None


def doors() -> list[ControllerRouterHandler]:
    """Return what lies outside `/panel` or needs no login: files, and addresses that lead into the panel."""
    outside = Router(
        path="/",
        route_handlers=[open_panel, show_channels, show_channel],
        include_in_schema=False,
        response_headers=HEADERS,
    )
    files = create_static_files_router(
        path=STATIC_PATH,
        directories=[STATIC],
        name="panel-static",
        file_system=OurFiles(),
        cache_control=CacheControlHeader(public=True, max_age=31_536_000, immutable=True),
        after_request=_typed,
    )
    return [outside, files]


def _typed(response: Any) -> Any:
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
