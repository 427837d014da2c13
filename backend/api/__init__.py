"""The surfaces: the table of contents of everything that is reached over HTTP without a browser session."""

from backend.api.plugin.surface import PLUGIN

SURFACES = (PLUGIN,)
