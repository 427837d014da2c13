"""External API `/api/external/v1` (contract rows SHS-01..18): API keys, camelCase, `{success,data,pagination}`."""
