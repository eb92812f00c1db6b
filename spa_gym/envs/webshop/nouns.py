"""The nouns of product titles: what WebShop's reward compares to tell whether two products are of the same kind.

The original asks spaCy for them. Its models are not on PyPI, so spaCy is used where a model is installed, and a small
tagger of our own otherwise: in a title nearly every word is a noun, so it takes all words but function words, numbers,
common adjectives and verbs (lists), and what ends like an adjective, adverb or participle (suffixes).

How much depends on it (benchmarks/webshop_nouns.py prints these figures): beside the noun lists of the 15 recorded
purchases, which come from a stand-in for spaCy, its tokens have an F1 of 0.99 on the half of the titles that the lists
were adjusted on and 0.98 on the other half (which had been read, too), and `type` of the reward is the same in all 15.
Beside a tagger that takes every word, `type` differs in 3.9 % of random pairs of the 1,000 official products, 7.6 %
within a department, 8.9 % within a query, and never for the product that was asked for. Beside spaCy itself it could
not be measured; of the four title scores below 1 that the original's tests expect of spaCy, three are met within 0.02,
and the fourth is 0.50 instead of 0.33. Results that are compared should name the same tagger.
"""

from __future__ import annotations

import importlib
import importlib.util
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from gymnasium.error import DependencyNotInstalled

from spa_gym.core.errors import BadArgument
from spa_gym.core.extras import require_extra
from spa_gym.core.plain_arguments import import_name

__all__ = ["SPACY_MODELS", "NounTagger", "builtin_nouns", "resolve_noun_tagger"]

NounTagger = Callable[[str], Sequence[str]]
"""Title -> its nouns in lower case, in order, with repetitions."""

SPACY_MODELS = ("en_core_web_lg", "en_core_web_sm")
"""The paper's model, then the one that the original's code loads today."""

_PART = re.compile(
    r"""
    [^\W\d_]\.(?:[^\W\d_]\.)+                                     # D.O.N., U.S.A.
    | \d+(?:[.,]\d+)*(?=(?:oz|fl|in|ft|yd|cm|mm|km|m|kg|g|mg|lb|ml|gb|tb|mb|k)(?![^\W_]))   # the 7.5 of 7.5oz
    | [^\W_]+(?:[.*+"″”]+[^\W_]+)*                                # words; 19.7"x31.5" is one
    """,
    re.VERBOSE | re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"['’]s?(?!\w)", re.IGNORECASE)

_FUNCTION_WORDS = """
    a about above across after again against all along also always an and another any anyone are around as at away back
    be been before behind below beneath beside between beyond both but by can could do does down during each eight
    either else enough even ever every everyone few five for four from had has have he her here hers him his how i if in
    inside instead into is it its itself just like many may me might mine more most much must my near neither never nine
    no none nor not now of off often on once one only onto or other others our ours out outside over own per seven she
    should since six so some such ten than that the their them then there these they this those though three through
    throughout till to together too toward towards twelve two under until up upon us very via vs was we were what when
    where which while who whom whose why will with within without would yet you your yours yourself
"""
_ADJECTIVES = """
    able active actual adult african amazing ancient artificial authentic automatic available awesome bad basic
    beautiful best better big bold brand brief british broad canadian casual cheap chic chinese chunky classic classy
    clean close comfy compact complete cool crazy creamy crispy crunchy curly current cute daily decent decorative deep
    delicate delicious different digital dirty dual durable early easy eco electric elegant empty essential european
    exclusive external extra fancy faux favorite favourite fine firm first flat flexible fluffy formal french fresh full
    fun funky funny fuzzy general gentle genuine german giant glossy good gorgeous great half handmade handy happy hard
    healthy heavy holy hot huge hybrid ideal indoor industrial inner internal irish italian japanese juicy kosher large
    last latest lazy light lightweight little lovely low lucky luxurious major manual massive matte max medical medium
    mini minimalist moist multiple naked narrow neutral new next nice non normal nutty official old open optical
    original outdoor outer oversized perfect permanent personal petite plaid plain plush popular portable powerful
    precise premium pretty prime professional proper pure quick quiet random rapid rare raw ready real rear regular
    resistant retro rich right rough round royal rugged rustic safe salty same scary second secure semi sensitive
    serious several shaggy sharp sheer shiny short silky silly simple single sleek sleepy slow small smart smooth soft
    solid special spicy stable standard sticky stiff strong sturdy stylish suitable super sweet tall tasty tender thick
    thin third tight tiny top total tough traditional trendy true ultimate unique universal unscented upper usable used
    vegan vegetarian versatile vertical vibrant vintage warm washable waterproof weird wet whole wide wild wireless
    wonderful wooden wrong xl xxl young yummy
"""
_VERBS = """
    adapt add allow appear apply ask bake become begin believe born bring build burn buy carry catch choose clip come
    connect contain cook create cut decorate deliver drank drink drive ease eat eliminate enhance enjoy enlarge ensure
    expand feel fill find fit fits fix fold follow get gets give glow go grow hang happen help helps hide hold holds
    hydrate improve include includes increase insert join keep keeps know lasts learn leave let live look looks lose
    love made maintain make makes match matches measure meet moisturize need needs nourish offer pair plug prevent print
    promote protect protects prove provide provides pull push put reach read reduce relax relieve relieves remove
    removes repair replace restore run save say see sell send set shake shakes shape show sing sit sleep slip smell
    soothe spread stand stay stop support take taste teach tell think throw treat try turn use want wash wear win wipe
    work works write
"""
_ADVERBS = """
    abroad ahead almost already anywhere apart aside everywhere far forever forward however indeed later maybe nearly
    perhaps quite rather really soon still thus today twice usually well
"""
_NO_NOUNS = frozenset(f"{_FUNCTION_WORDS} {_ADJECTIVES} {_VERBS} {_ADVERBS}".split())

_NO_NOUN_ENDINGS = re.compile(r"...(?:ly|ed|ing|able|ible|ful|less|ous|ive|ish|ian|proof)$")
_NOUNS_ALL_THE_SAME = frozenset(
    """
    adhesive anomaly archive assembly bedding belly building butterfly camping ceiling charging clothing coating cooking
    decking detective dining dragonfly drawstring dressing dumpling earring family finish fishing flooring frosting
    gaming gaslighting handful hunting imply jelly kayaking knitting legging lighting lining living monopoly morning
    musician native packaging paneling parking perspective piercing polish printing pudding radish relish rolling
    roofing sailing seasoning serving shaving shelving sibling speed spring starfish stargazing starling sterling
    stocking string supply swimming training vegetable wedding
    """.split()
)


def builtin_nouns(text: str) -> list[str]:
    """Tag a title with nothing but word lists and endings, in some ten microseconds.

    Returns:
        Lower-case nouns in order, with repetitions.

    Example:
        >>> builtin_nouns("Women's Long-Sleeve T Shirt, 2 Pack - Washable Striped Cotton for 16x24 Frames")
        ['women', 'long', 'sleeve', 't', 'shirt', 'pack', 'cotton', '16x24', 'frames']
    """
    words = _PART.findall(_POSSESSIVE.sub(" ", text.lower()))
    return [word for word in words if _is_noun(word)]


def _is_noun(word: str) -> bool:
    if word in _NO_NOUNS or not any(map(str.isalpha, word)):
        return False
    return word in _NOUNS_ALL_THE_SAME or not _NO_NOUN_ENDINGS.search(word)


class _SpacyNouns:
    """The original's way: the tokens whose part of speech is noun or proper noun.

    Args:
        model: Name of an installed model.

    Raises:
        DependencyNotInstalled: spaCy is not there.
        OSError, ValueError: The model is not there, or was made for another version of spaCy.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        spacy = require_extra("spacy", "spacy", "the noun tagger 'spacy'")
        # Parts of speech come from the tagger; the other parts of the pipeline cost time and change nothing here.
        self._pipeline = spacy.load(model, exclude=["parser", "ner", "lemmatizer"])

    def __reduce__(self) -> tuple[Any, ...]:
        return _SpacyNouns, (self.model,)

    def __call__(self, text: str) -> list[str]:
        return [token.text.lower() for token in self._pipeline(text) if token.pos_ in ("NOUN", "PROPN")]


def resolve_noun_tagger(tagger: str | NounTagger | None = None) -> tuple[str, NounTagger]:
    """Find the tagger that an argument names.

    Args:
        tagger: One of

            - None or `"auto"`: spaCy if one of `SPACY_MODELS` is installed and loads, else `"builtin"`;
            - `"builtin"`: `builtin_nouns`;
            - `"spacy"`: the first of `SPACY_MODELS` that loads;
            - `"package.module:function"` or a callable: your own, title -> lower-case nouns in order.

    Returns:
        The name to write into records ("builtin", "spacy:en_core_web_sm", "package.module:function"), and the tagger.

    Raises:
        BadArgument: The name is none of these, or its module or function does not exist.
        DependencyNotInstalled: `"spacy"` was asked for, and no model loads.

    Example:
        >>> resolve_noun_tagger("builtin")[0]
        'builtin'
    """
    if tagger in (None, "auto"):
        return _installed_spacy() or ("builtin", builtin_nouns)
    if tagger == "builtin":
        return "builtin", builtin_nouns
    if tagger == "spacy":
        found = _installed_spacy()
        if found is None:
            raise DependencyNotInstalled(
                f"the noun tagger 'spacy' needs a model out of {', '.join(SPACY_MODELS)}, and none loads here. "
                f"Run: pip install spacy && python -m spacy download {SPACY_MODELS[-1]}"
            )
        return found
    if isinstance(tagger, str):
        return tagger, _own_tagger(tagger)
    if not callable(tagger):
        raise BadArgument("a noun tagger: a name or a function from text to list of nouns", repr(tagger))
    name = f"{getattr(tagger, '__module__', '')}:{getattr(tagger, '__qualname__', type(tagger).__qualname__)}"
    return import_name(tagger) or name, tagger


def _installed_spacy() -> tuple[str, NounTagger] | None:
    for model in SPACY_MODELS:
        # Asked first because importing spaCy takes a second, and most who have it have no model.
        if importlib.util.find_spec(model) is None:
            continue
        try:
            return f"spacy:{model}", _SpacyNouns(model)
        except (DependencyNotInstalled, ImportError, OSError, ValueError):
            continue
    return None


def _own_tagger(spec: str) -> NounTagger:
    module, _, name = spec.partition(":")
    expected = "a noun tagger: auto, builtin, spacy or package.module:function"
    if not module or not name:
        raise BadArgument(expected, repr(spec), "for example noun_tagger='builtin'")
    try:
        found = operator.attrgetter(name)(importlib.import_module(module))
    except (ImportError, AttributeError, TypeError) as error:  # TypeError: a relative name
        raise BadArgument(expected, f"{spec!r} ({error})", "check the spelling, and that it can be imported") from error
    if callable(found):
        return cast(NounTagger, found)
    raise BadArgument(expected, f"{spec!r}, which is no function", "name a function from text to list of nouns")
