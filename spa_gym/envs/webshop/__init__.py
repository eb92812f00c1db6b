"""WebShop in text: search a shop, compare its products, choose the options, buy."""
