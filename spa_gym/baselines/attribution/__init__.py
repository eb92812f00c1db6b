"""The attribution benchmark: is the credit of a step right? Truth by continuations, metrics, scorers, tables."""
