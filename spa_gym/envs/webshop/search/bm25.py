"""Okapi BM25 in Lucene's arithmetic: lengths of documents in one byte, single precision, no (k1 + 1) in the numerator.

A term that occurs tf times in a document of dl terms adds

    weight - weight / (1 + tf * n)
    n = 1 / (k1 * (1 - b + b * dl / avgdl))
    weight = boost * ln(1 + (N - df + 0.5) / (df + 0.5))

which is weight * tf / (tf + k1 * (...)) in the order of operations of Lucene 8's BM25Similarity, so that every bit is
the same. dl is what is left of the length after it went through the byte of Lucene's SmallFloat.intToByte4.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["B", "K1", "LENGTHS", "contributions", "idf", "inverse_norms", "length_bytes"]

K1, B = 0.9, 0.4
"""The constants of Anserini, and so of WebShop (Lucene's own are 1.2 and 0.75)."""

_EXACT = 40  # lengths below are kept as they are: 255 - (the highest code of a 31-bit length with 4 significant bits)


def _length_of_byte(byte: int) -> int:
    """SmallFloat.byte4ToInt: exact below 40, then 3 bits behind the leading one, shifted."""
    if byte < _EXACT - 16:
        return byte
    code = byte - (_EXACT - 16)
    shift = (code >> 3) - 1
    length = code if shift < 0 else ((code & 7) | 8) << shift
    return length + _EXACT - 16


LENGTHS = np.array([_length_of_byte(byte) for byte in range(256)], np.int64)
"""The length that each byte stands for; shape (256,), ascending."""


def length_bytes(lengths: np.ndarray) -> np.ndarray:
    """Return the byte of each length: that of the greatest length that a byte can stand for and that is not greater.

    Args:
        lengths: Numbers of terms; integers, any shape.

    Returns:
        uint8, the same shape.
    """
    return (np.searchsorted(LENGTHS, lengths, side="right") - 1).astype(np.uint8)


def inverse_norms(num_terms: int, num_documents: int) -> np.ndarray:
    """Return n of the formula for each length byte.

    Args:
        num_terms: Terms in all documents together.
        num_documents: Documents with at least one term.

    Returns:
        float32, shape (256,).
    """
    k1, b, one = np.float32(K1), np.float32(B), np.float32(1)
    average = np.float32(num_terms / max(num_documents, 1)) or one
    return one / (k1 * ((one - b) + b * LENGTHS.astype(np.float32) / average))


def idf(document_frequency: int, num_documents: int) -> np.float32:
    """Return the inverse document frequency of a term, ln(1 + (N - df + 0.5) / (df + 0.5)), as a float32."""
    return np.float32(math.log(1 + (num_documents - document_frequency + 0.5) / (document_frequency + 0.5)))


def contributions(weights: np.ndarray | np.float32, saturations: np.ndarray) -> np.ndarray:
    """Return what terms add to documents' scores.

    Args:
        weights: boost * idf of each, float32.
        saturations: tf * n of each, float32.

    Returns:
        float32, the common shape.
    """
    return weights - weights / (np.float32(1) + saturations)
