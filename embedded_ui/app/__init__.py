"""The page inside the Shopify admin: `/app`, framed by the admin, known by ID tokens, without any cookie."""
