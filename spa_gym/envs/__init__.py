"""The environments: one package for each world."""
