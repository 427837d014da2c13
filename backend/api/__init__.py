"""The surfaces: the table of contents of everything that is reached over HTTP without a browser session."""

from backend.api.external_v1.surface import EXTERNAL
from backend.api.inbound.surface import INBOUND
from backend.api.plugin.surface import PLUGIN
from backend.api.price_v2.surface import PRICE
from backend.api.public.surface import PUBLIC

SURFACES = (PLUGIN, EXTERNAL, PRICE, PUBLIC, INBOUND)
