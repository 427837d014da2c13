"""The page inside the Shopify admin as a surface: `/app`."""

from litestar.di import Provide

from backend.api.shared.surface import Surface
from embedded_ui.app.entry import authenticate, caller_windows, public_windows
from embedded_ui.app.frame import provide_frame, provide_visit
from embedded_ui.app.page import show_app, start_sync, tell_status
from embedded_ui.app.patch_page import show_patch_page
from embedded_ui.app.refusals import refuse, render_error
from embedded_ui.app.runs import show_run

APP = Surface(
    name="app",
    prefix="/app",
    title="Page in the Shopify admin",
    documented=False,
    handlers=(show_app, show_patch_page, show_run, start_sync, tell_status),
    render_error=render_error,
    authenticate=authenticate,
    public_windows=public_windows,
    caller_windows=caller_windows,
    router_options={
        "include_in_schema": False,
        "exception_handlers": {Exception: refuse},
        "dependencies": {
            "visit": Provide(provide_visit, sync_to_thread=False),
            "frame": Provide(provide_frame, sync_to_thread=False),
        },
    },
)
