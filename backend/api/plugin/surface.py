"""The plugin and panel API as a surface."""

from backend.api.plugin.errors import render_error
from backend.api.shared.surface import Surface

PLUGIN = Surface(name="plugin", prefix="/api", title="Plugin and panel API", handlers=(), render_error=render_error)
