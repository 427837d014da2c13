"""Plugin and panel API under `/api` (contract rows S2S-01..11, 22..24): one file per resource."""
