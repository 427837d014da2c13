"""Price monitoring API `/api/v2` (contract rows PRI-01..22): header pair, form posts, numbers as text."""
