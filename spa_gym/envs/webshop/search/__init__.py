"""Ranked search as Lucene does it: the same words, the same scores, the same order."""
