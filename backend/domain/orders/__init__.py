"""Orders that stores report: what they take from stock, and give back. Table: `order_stock`."""
