"""The plugin and panel API as a surface: the list of what it answers."""

from backend.api.plugin.accounts import account_status, register_from_plugin
from backend.api.plugin.auth import authenticate, caller_windows, permit
from backend.api.plugin.errors import render_error
from backend.api.plugin.products import import_products
from backend.api.plugin.sessions import forgot_password, login, logout, reset_password
from backend.api.plugin.shopify import finish_oauth, init_oauth, show_oauth_status
from backend.api.plugin.stores import connect_store, disconnect_store
from backend.api.plugin.sync import show_sync_status
from backend.api.shared.rate_limit import public_windows
from backend.api.shared.surface import Surface

PLUGIN = Surface(
    name="plugin",
    prefix="/api",
    title="Plugin and panel API",
    handlers=(
        register_from_plugin,
        account_status,
        login,
        logout,
        forgot_password,
        reset_password,
        connect_store,
        disconnect_store,
        show_sync_status,
        import_products,
        init_oauth,
        finish_oauth,
        show_oauth_status,
    ),
    render_error=render_error,
    authenticate=authenticate,
    permit=permit,
    public_windows=public_windows,
    caller_windows=caller_windows,
)
