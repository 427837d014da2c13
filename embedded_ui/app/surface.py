"""The page inside the Shopify admin as a surface: `/app`."""

from litestar.di import Provide

from backend.api.shared.surface import Surface
from embedded_ui.app.changes import apply_run, discard_run, let_run_through, preview_changes, undo_run
from embedded_ui.app.entry import authenticate, caller_windows, public_windows
from embedded_ui.app.frame import provide_frame, provide_visit
from embedded_ui.app.page import show_app, start_sync, tell_status
from embedded_ui.app.patch_page import show_patch_page
from embedded_ui.app.refusals import refuse, render_error
from embedded_ui.app.runs import show_run, show_runs
from embedded_ui.forms import provide_form

APP = Surface(
    name="app",
    prefix="/app",
    title="Page in the Shopify admin",
    documented=False,
    handlers=(
        show_app,
        show_patch_page,
        show_runs,
        show_run,
        start_sync,
        tell_status,
        preview_changes,
        apply_run,
        discard_run,
        undo_run,
        let_run_through,
    ),
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
            "form": Provide(provide_form),
        },
    },
)
