"""Named settings of `pretrain`: how the shipped checkpoints were made, and the larger ones that a GPU makes first."""

from __future__ import annotations

from dataclasses import replace

from spa_gym.baselines.models.view import Cut, View
from spa_gym.baselines.training.pretrain_config import PretrainConfig
from spa_gym.baselines.training.sources import Source

__all__ = ["RECIPES"]

_LIKE_OFFICIAL = Source(env_kwargs={"size": "official"}, weight=0.7)
_OFFICIAL_TRAIN = Source(env_kwargs={"source": "official", "split": "train"}, weight=0.3, worlds=0)

_SHOP_VIEW = View(
    lower=True,
    cuts=(
        Cut(
            r"^instruction: \[sep\] .*? \[sep\] back to search",
            "back to search",
            "the instruction stands on every page; the first one, which is read whole, has it too",
        ),
        Cut(r"\$(\d+)(?:\.\d+)?", r"\1", "prices in whole dollars, one token; the limits are whole dollars too"),
        Cut(r"(\d)\.00 dollars", r"\1 dollars", "so that a limit is the same token as a price"),
        Cut(
            r" \[sep\] (s[0-9a-z]{9}) \[sep\] (.*?) \[sep\] (\d+(?: to \d+)?)(?= \[sep\]|$)",
            r" [sep] \2 \3 \1",
            "a product's id behind its title and price: where it is read, all that speaks for it has been read",
        ),
        Cut(
            r"^(back to search \[sep\] < prev \[sep\] (?!.*\[sep\] buy now$)(?:\S+ ){80}).*",
            r"\1",
            "descriptions and features beyond 80 words, which only large shops have",
        ),
        Cut(
            r"^(thank you for shopping with us!).*",
            r"\1",
            "a form without content, and the score, which is a reward and nothing to be read",
        ),
    ),
    repeat_words=6,  # enough to tell results, page by page, from a product
)
"""Of text mode; a page that was read before in the episode is told by its first words alone."""

_SHOP_BUTTONS = (
    *("[sep]", "back to search", "< prev", "next >", "description", "features", "reviews", "buy now"),
    *("color", "size", "style"),
)

RECIPES: dict[str, PretrainConfig] = {
    "household": PretrainConfig(),
    "headline": PretrainConfig(
        sources=(_LIKE_OFFICIAL, _OFFICIAL_TRAIN),
        tokens=12e6,
        hidden=256,
        heads=4,
        evaluate=(
            ("valid_unseen", {"source": "official"}),
            ("valid_seen", {"source": "official"}),
            ("valid_unseen", {"size": "official"}),
        ),
        store_dtype="bfloat16",
    ),
    "shop": PretrainConfig(
        sources=(
            Source("SPA-WebShop-v0", {"size": "small"}, explore=0.1),
            Source("SPA-WebShop-v0", {"size": "official"}, explore=0.1),
        ),
        tokens=8e6,
        vocab_size=4096,
        text_episodes=3000,
        not_names=_SHOP_BUTTONS,
        implied_spaces=True,
        kinds=(r"s[0-9a-z]{9}",),  # product ids
        number_line=True,
        view=_SHOP_VIEW,
        evaluate=(("test", {"size": "small"}), ("test", {"size": "official"})),
        store_dtype="bfloat16",
    ),
    "house": PretrainConfig(
        sources=(Source("SPA-VirtualHome-v0", {"size": "small"}, explore=0.5),),
        tokens=2.5e6,
        vocab_size=1100,
        text_episodes=1000,
        evaluate=(("valid_unseen", {"size": "small"}),),
        store_dtype="bfloat16",
    ),
}
"""By name: `household` knows the language of the generated rooms, `headline` is the policy for the official games,
`shop` knows the language of the generated shop, `house` that of the generated houses; `household-large`, `shop-large`
and `house-large` are the same at 11 to 12 M parameters, on twice the tokens, for `spa-gym reproduce --preset gpu`."""

RECIPES |= {
    f"{name}-large": replace(
        RECIPES[name], hidden=384, layers=6, heads=6, tokens=2 * RECIPES[name].tokens, batch_tokens=8192
    )
    for name in ("household", "shop", "house")
}
