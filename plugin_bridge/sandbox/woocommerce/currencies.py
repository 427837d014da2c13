"""Currencies that a simulated store can sell in: code, name and symbol as WooCommerce prints them."""

CURRENCIES: dict[str, tuple[str, str]] = {
    "AUD": ("Australian dollar", "&#36;"),
    "BRL": ("Brazilian real", "&#82;&#36;"),
    "CAD": ("Canadian dollar", "&#36;"),
    "CHF": ("Swiss franc", "&#67;&#72;&#70;"),
    "CNY": ("Chinese yuan", "&yen;"),
    "CZK": ("Czech koruna", "&#75;&#269;"),
    "DKK": ("Danish krone", "kr."),
    "EUR": ("Euro", "&euro;"),
    "GBP": ("Pound sterling", "&pound;"),
    "HUF": ("Hungarian forint", "&#70;&#116;"),
    "INR": ("Indian rupee", "&#8377;"),
    "JPY": ("Japanese yen", "&yen;"),
    "KWD": ("Kuwaiti dinar", "&#x62f;.&#x643;"),
    "MXN": ("Mexican peso", "&#36;"),
    "NOK": ("Norwegian krone", "&#107;&#114;"),
    "NZD": ("New Zealand dollar", "&#36;"),
    "PLN": ("Polish z&#x142;oty", "&#122;&#322;"),
    "RON": ("Romanian leu", "lei"),
    "SEK": ("Swedish krona", "&#107;&#114;"),
    "TRY": ("Turkish lira", "&#8378;"),
    "UAH": ("Ukrainian hryvnia", "&#8372;"),
    "USD": ("United States (US) dollar", "&#36;"),
    "ZAR": ("South African rand", "&#82;"),
}


def symbol_of(currency: str) -> str:
    """Return the HTML of a currency's symbol; its code when it is not listed."""
    return CURRENCIES[currency][1] if currency in CURRENCIES else currency


def name_of(currency: str) -> str:
    """Return the English name of a currency; its code when it is not listed."""
    return CURRENCIES[currency][0] if currency in CURRENCIES else currency
