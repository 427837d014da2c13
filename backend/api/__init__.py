"""The surfaces: the table of contents of everything that is reached over HTTP without a browser session."""

from backend.api.inbound.surface import INBOUND
from backend.api.plugin.surface import PLUGIN
from backend.api.public.surface import PUBLIC

SURFACES = (PLUGIN, PUBLIC, INBOUND)
