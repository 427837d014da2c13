"""Pages for people: the panel and, later, the page inside the Shopify admin and the support console."""
