"""How much the reward of WebShop depends on the tagger that finds the nouns of titles.

    python benchmarks/webshop_nouns.py [--data-dir DIR] [--recordings webshop_traces.jsonl.gz] [--pairs 20000]

Two questions. How near is the built-in tagger to the noun lists of the recordings: F1 over tokens with repetitions, on
the half of the titles that its word lists were adjusted on (even places in alphabetical order) and on the other half;
and in how many recorded pairs of goal and purchase `r_type` differs. And how often do two taggers give another `r_type`
for the same pair of official products: the built-in one beside one that takes all words but function words and numbers,
and beside spaCy where a model is installed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spa_gym.envs.webshop.catalogue import Catalogue
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.nouns import NounTagger, builtin_nouns, resolve_noun_tagger
from spa_gym.envs.webshop.official.catalogue import official_catalogue
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.reward import PurchaseScorer

_SHARED = Path(__file__).resolve().parents[2] / "shared"
_FUNCTION_WORDS = frozenset("a an and as at by for from in into of on or s the to up with without your".split())


def every_word(text: str) -> list[str]:
    """The crudest tagger that makes sense of a title: everything is a noun but function words and numbers."""
    return [word for word in re.findall(r"\w*[^\W\d_]\w*", text.lower()) if word not in _FUNCTION_WORDS]


def goal_for(product: Product) -> Goal:
    """A goal of which only the kind of product counts."""
    return Goal(product.asin, product.category, product.query, product.title, product.product_category, "", (), 1.0, ())


def disagreement(pairs: Iterable[tuple[Product, Product]], one: NounTagger, other: NounTagger) -> float:
    """The share of pairs (product of the goal, purchase) whose `r_type` is another with the other tagger."""
    first, second = PurchaseScorer(one, 1 << 16), PurchaseScorer(other, 1 << 16)
    differs = [
        first.match(bought, goal_for(target)).r_type != second.match(bought, goal_for(target)).r_type
        for target, bought in pairs
    ]
    return sum(differs) / len(differs)


def agreement(recorded: dict[str, list[str]]) -> float:
    """F1 of the built-in tagger's tokens, with repetitions, over all titles."""
    common = own = theirs = 0
    for title, nouns in recorded.items():
        mine, wanted = Counter(builtin_nouns(title)), Counter(nouns)
        common, own, theirs = common + (mine & wanted).total(), own + mine.total(), theirs + wanted.total()
    return 2 * common / (own + theirs)


def print_recorded(finals: list[tuple[Product, Product, dict[str, Any]]]) -> None:
    recorded: dict[str, list[str]] = {}
    for target, bought, final in finals:
        recorded |= {target.title: final["goal_nouns"], bought.title: final["purchased_nouns"]}
    for name, start in (("adjusted on", 0), ("others", 1)):
        half = {title: recorded[title] for title in sorted(recorded)[start::2]}
        print(f"token F1, {name}: {agreement(half):.3f} over {len(half)} titles")
    pairs = [(target, bought) for target, bought, _ in finals]
    share = disagreement(pairs, builtin_nouns, lambda title: recorded[title])
    print(f"r_type, built-in beside the recorded nouns: differs in {share:.1%} of {len(pairs)} recorded purchases")


def random_pairs(catalogue: Catalogue, number: int) -> dict[str, list[tuple[Product, Product]]]:
    """Pairs of two different products: any two, two of one department, two found under one query."""
    rng, products = random.Random(0), [catalogue[i] for i in range(len(catalogue))]
    kinds = {"any": lambda p: "", "same department": lambda p: p.category, "same query": lambda p: p.query}
    pairs: dict[str, list[tuple[Product, Product]]] = {}
    for name, kind in kinds.items():
        shelves: dict[str, list[Product]] = {}
        for product in products:
            shelves.setdefault(kind(product), []).append(product)
        targets = rng.choices([product for product in products if len(shelves[kind(product)]) > 1], k=number)
        pairs[name] = [(t, rng.choice([p for p in shelves[kind(t)] if p is not t])) for t in targets]
    pairs["the very product"] = [(product, product) for product in products]
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=_SHARED / "data", help="the official 1,000 products")
    parser.add_argument("--recordings", type=Path, default=_SHARED / "golden" / "webshop_traces.jsonl.gz")
    parser.add_argument("--pairs", type=int, default=20_000, help="random pairs of each kind")
    arguments = parser.parse_args()
    catalogue = official_catalogue(arguments.data_dir)
    by_asin = {catalogue[i].asin: catalogue[i] for i in range(len(catalogue))}
    with gzip.open(arguments.recordings, "rt", encoding="utf-8") as file:
        traces = [json.loads(line) for line in file]
    print_recorded(
        [(by_asin[t["goal"]["asin"]], by_asin[t["final"]["asin"]], t["final"]) for t in traces if t["final"]]
    )
    others: dict[str, NounTagger] = {"every word": every_word}
    name, auto = resolve_noun_tagger("auto")
    if auto is not builtin_nouns:
        others[name] = auto
    for other, tagger in others.items():
        for kind, pairs in random_pairs(catalogue, arguments.pairs).items():
            print(
                f"r_type, built-in beside {other}: differs in {disagreement(pairs, builtin_nouns, tagger):.1%}, {kind}"
            )


if __name__ == "__main__":
    main()
