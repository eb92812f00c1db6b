"""Tests of the generated world of VirtualHome."""
