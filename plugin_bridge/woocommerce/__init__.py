"""WooCommerce: REST v3 client, connect ladder, catalog walk and mapping to the platform-neutral shapes."""
