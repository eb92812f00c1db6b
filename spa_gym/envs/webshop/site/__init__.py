"""The shop as a web site: the same pages and rules as the environment's, for a person or a browser."""
