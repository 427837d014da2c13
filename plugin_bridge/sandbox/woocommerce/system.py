"""Handlers that tell what the store is: index, settings, system status, currency."""

from typing import Any

from plugin_bridge.sandbox.asgi import Reply, Request, json_reply
from plugin_bridge.sandbox.woocommerce.bodies import read_body
from plugin_bridge.sandbox.woocommerce.currencies import CURRENCIES, name_of, symbol_of
from plugin_bridge.sandbox.woocommerce.dates import offset_h
from plugin_bridge.sandbox.woocommerce.fields import read_fields, select
from plugin_bridge.sandbox.woocommerce.options import NAMESPACES
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.routes import Call
from plugin_bridge.sandbox.woocommerce.shop import Shop

_LABEL = (
    "This controls what currency prices are listed at in the catalog and which currency gateways will take payments in."
)
_FILLER = {"namespace": "wc/v3", "methods": ["GET"], "endpoints": [{"args": {"context": {"description": "x" * 2000}}}]}


def index(shop: Shop, request: Request) -> Reply:
    """Answer `GET /wp-json/`, open to all; without `_fields` it is over a megabyte, like the real one."""
    options = shop.options
    named = options.timezone != "UTC"
    away = shop.faults.strikes("woocommerce_missing") is not None
    value: dict[str, Any] = {
        "name": options.name,
        "description": "",
        "url": options.address,
        "home": options.address,
        "gmt_offset": offset_h(int(shop.now()), options.timezone) if named else "0",
        "timezone_string": options.timezone if named else "",
        "namespaces": [name for name in NAMESPACES if not (away and name.startswith("wc"))],
        "authentication": {},
    }
    fields = read_fields(request.query)
    if not fields or any(name.startswith("routes") for name in fields):
        value["routes"] = {f"/wc/v3/route-{number}": _FILLER for number in range(560)}
    return json_reply(select(value, fields), headers={"allow": "GET"})


def get_setting(call: Call) -> Reply:
    """Answer `GET /settings/<group>/<id>` for the few settings a client needs."""
    group, name = call.names
    known = _settings(call.shop)
    if (group, name) not in known:
        raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)
    root = f"{call.shop.options.address}/wp-json/wc/v3/settings/{group}"
    links = {
        "self": [{"href": f"{root}/{name}", "targetHints": {"allow": ["GET", "POST", "PUT", "PATCH"]}}],
        "collection": [{"href": root}],
    }
    value = {"id": name, **known[group, name], "group_id": group, "_links": links}
    return json_reply(select(value, read_fields(call.request.query)))


def update_setting(call: Call) -> Reply:
    """Answer PUT, PATCH and POST on `/settings/<group>/<id>`; of the known ones the currency can be changed."""
    wanted = read_body(call.request).get("value")
    if call.names == ("general", "woocommerce_currency"):
        if not isinstance(wanted, str) or wanted not in CURRENCIES:
            raise RestError("rest_setting_value_invalid", "An invalid setting value was passed.", 400)
        call.shop.options.currency = wanted
        call.shop.renderer.forget_all()
    return get_setting(call)


def _settings(shop: Shop) -> dict[tuple[str, str], dict[str, Any]]:
    options = {code: f"{name} ({symbol}) — {code}" for code, (name, symbol) in CURRENCIES.items()}
    unit = "This controls what unit you will define weights in."
    return {
        ("general", "woocommerce_currency"): {
            "label": "Currency",
            "description": _LABEL,
            "type": "select",
            "default": "USD",
            "options": options,
            "tip": _LABEL,
            "value": shop.options.currency,
        },
        ("products", "woocommerce_weight_unit"): {
            "label": "Weight unit",
            "description": unit,
            "type": "select",
            "default": "kg",
            "options": {"kg": "kg", "g": "g", "lbs": "lbs", "oz": "oz"},
            "tip": unit,
            "value": "kg",
        },
    }


def system_status(call: Call) -> Reply:
    """Answer `GET /system_status` with environment and settings."""
    options = call.shop.options
    environment = {
        "home_url": options.address,
        "site_url": options.address,
        "version": options.version,
        "wp_version": options.wp_version,
        "wp_multisite": False,
        "server_info": "Simulated",
        "php_version": "8.2.0",
        "default_timezone": "UTC",
    }
    visibility = (
        "exclude-from-catalog",
        "exclude-from-search",
        "featured",
        "outofstock",
        *(f"rated-{n}" for n in range(1, 6)),
    )
    settings = {
        "api_enabled": False,
        "force_ssl": False,
        "currency": options.currency,
        "currency_symbol": symbol_of(options.currency),
        "currency_position": "left",
        "thousand_separator": ",",
        "decimal_separator": ".",
        "number_of_decimals": 2,
        "geolocation_enabled": False,
        "taxonomies": {name: name for name in ("external", "grouped", "simple", "variable")},
        "product_visibility_terms": {name: name for name in visibility},
        "woocommerce_com_connected": "no",
        "enforce_approved_download_dirs": True,
        "order_datastore": "WC_Order_Data_Store_CPT",
        "HPOS_enabled": False,
        "HPOS_sync_enabled": False,
        "enabled_features": ["analytics", "order_attribution"],
    }
    value = {"environment": environment, "database": {}, "active_plugins": [], "settings": settings}
    return json_reply(select(value, read_fields(call.request.query)))


def current_currency(call: Call) -> Reply:
    """Answer `GET /data/currencies/current`."""
    code = call.shop.options.currency
    root = f"{call.shop.options.address}/wp-json/wc/v3/data/currencies"
    links = {"self": [{"href": f"{root}/{code}"}], "collection": [{"href": root}]}
    value = {"code": code, "name": name_of(code), "symbol": symbol_of(code), "_links": links}
    return json_reply(select(value, read_fields(call.request.query)))
