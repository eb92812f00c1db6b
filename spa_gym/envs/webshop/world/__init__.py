"""A shop of our own: invented products, goals and shoppers, endless by seed."""
