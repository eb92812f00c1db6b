r"""The pages as HTML, straight from the state, by string building: for mode "html" and for `spa-gym serve webshop`.

There is one function a page; what the sub pages of a product show is in html_sub_pages.py. What differs between the two
uses is a skin: `ORIGINAL` (html_skin.py) gives the bytes of princeton-nlp/WebShop, unclosed tags, tabs and blank lines
included, for agents that were trained on them; the site's (site/skin.py) gives a page that works and looks well in a
browser. Both have the same visible texts, buttons, options and links in the same order.

The markup follows the page format of the original's templates (Copyright (c) 2023 Princeton Natural Language
Processing, MIT License). Every value goes through `escape` or a function of the skin; nothing else reaches a page.
A blank at the end of a line is written as \x20, so that no editor eats it.
"""

from __future__ import annotations

from collections.abc import Callable

from spa_gym.envs.webshop.pages.html_skin import ORIGINAL, Skin, escape, script_json
from spa_gym.envs.webshop.pages.html_sub_pages import SUB_PAGE_PARTS
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.shop import Shop

__all__ = ["render"]


def render(state: PageState, shop: Shop, skin: Skin = ORIGINAL) -> str:
    """Render a page as HTML.

    Args:
        state: the page.
        shop: the shop that it is a page of.
        skin: `ORIGINAL` for the bytes of the original's text environment, or another.

    Returns:
        The document.
    """
    return f"{skin.top(state)}{_PAGES[state.kind](state, shop, skin)}</html>"


def _start(state: PageState, shop: Shop, skin: Skin) -> str:
    return f"""\
    <!-- Code reference: https://bootsnipp.com/snippets/m13mN -->
    <div class="container"{skin.attributes("box")}>
      <div class="col-md-6 col-md-offset-3">    \x20
        <div class="row">
          <div id="logo" class="text-center">
            <h2>WebShop</h2>
          </div>
          <div id="instruction-text" class="text-center">
            <h4>Instruction: <br>{escape(state.instruction)}</h4>
          </div>
          <form role="form" id="form-buscar" method="post" action="{skin.target(state, "Search")}">
            <div class="form-group">
              <div class="input-group">
                <input id="search_input" class="form-control" type="text" name="search_query" \
placeholder="Search..." required{skin.attributes("search")}/>
                <span class="input-group-btn">
                  <button class="btn btn-success" type="submit"{skin.attributes("Search")}>\
<i class="glyphicon glyphicon-search" aria-hidden="true"></i>Search</button>
                </span>
              </div>
            </div>
          </form>
        </div>           \x20
      </div>
    </div>
{skin.bottom(state)}  </body>
"""


def _results(state: PageState, shop: Shop, skin: Skin) -> str:
    previous = "            </div>\n"
    if state.page > 1:
        previous = f"{_form(state, skin, '< Prev', 14)}{previous}"
    products = "".join([_result(state, shop.view(index).product, skin) for index in state.shown()])
    return f"""\
    <div class="container py-5">
{_head(state, skin)}\
      <div class="row top-buffer">
        <div class="col-sm-8">
          <div class="display-4">
            <h3>Page {state.page} (Total results: {len(state.results)})</h3>
          </div>
         \x20
            <div class="col-sm-2">
{previous}\
            <div class="col-sm-2">
{_form(state, skin, "Next >", 14)}\
            </div>
         \x20
        </div>
      </div>

      <div class="row top-buffer">
        {products}
      </div>
    </div>
{skin.bottom(state)}  </body>
"""


def _result(state: PageState, product: Product, skin: Skin) -> str:
    return f"""
        <div class="col-lg-12 mx-auto list-group-item">
          <div class="col-lg-4">
            {skin.picture(product, large=False)}
          </div>
          <div class="col-lg-8">
            <ul class="list-group shadow">
                <div class="media align-items-lg-center flex-column flex-lg-row p-3">
                  <div class="media-body order-2 order-lg-1 searched-product">
                   \x20
                    <h4 class="mt-0 font-weight-bold mb-2 product-asin">\
<a class="product-link" href="{skin.link(state, product.asin)}">{escape(product.asin)}</a></h5>
                    <h4 class="mt-0 font-weight-bold mb-2 product-title">{escape(product.title)}</h5>
                    <div class="d-flex align-items-center justify-content-between mt-1">
                      <h5 class="font-weight-bold my-2 product-price">{escape(product.price_tag)}</h6>
                    </div>
<!--
                    <div class="d-flex align-items-center justify-content-between mt-1">
                      <h5 class="font-weight-bold my-2 product-category">{escape(product.category)}</h5>
                    </div>
                    <div class="d-flex align-items-center justify-content-between mt-1">
                      <h5 class="font-weight-bold my-2 product-query">{escape(product.query)}</h5>
                    </div>
                    <div class="d-flex align-items-center justify-content-between mt-1">
                      <h5 class="font-weight-bold my-2 product-product_category">{escape(product.product_category)}</h5>
                    </div>
-->
                  </div>
                </div>
            </ul>
          </div>
        </div>
        """


def _item(state: PageState, shop: Shop, skin: Skin) -> str:
    product = shop.view_of(state.asin).product
    groups = "".join([_option_group(state, product, group, skin) for group in product.options])
    attributes = f"\n{_tab(state, skin, 'attributes', 'Attributes')}            " if shop.show_attrs else ""
    return f"""\
    <div class="container py-5">
{_head(state, skin)}\
      <div class="row top-buffer">
{_form(state, skin, "< Prev", 8)}\
      </div>
      <div class="row top-buffer">
        <div class="col-md-4 mb-4 mb-md-0">
          <div class="row top-buffer">
            {skin.picture(product, large=True)}
          </div>
          {groups}
        </div>
        <div class="col-md-6">
          <h2>{escape(product.title)}</h2>
          <h4>Price: {escape(product.price_tag)}</h4>
          <h4>Rating: N.A.</h4>
          <div class="row top-buffer">
{_tab(state, skin, "description", "Description")}\
{_tab(state, skin, "bulletpoints", "Features")}\
{_tab(state, skin, "reviews", "Reviews")}\
            {attributes}
          </div>
        </div>
        <div class="col-sm-2">
          <div class="row top-buffer">
{_form(state, skin, "Buy Now", 12)}\
          </div>
        </div>
      </div>
    </div>
{skin.bottom(state)}  </body>
{skin.script(state, product)}"""


def _option_group(state: PageState, product: Product, group: str, skin: Skin) -> str:
    indent = 18 * " "
    before = f"\n{3 * (indent + chr(10))}{indent}"
    options = "".join([f"{before}{option}\n                " for option in skin.options(state, product, group)])
    return f"""
            <div class="row top-buffer">
              <h4>{escape(group)}</h4>
              <div class="radio-toolbar">
                {options}
              </div>
            </div>
          """


def _tab(state: PageState, skin: Skin, name: str, label: str) -> str:
    return f"""\
            <div class="col-sm-3" name="{name}">
              <form method="post" action="{skin.target(state, label)}">
                <button class="btn btn-primary" type="submit"{skin.attributes(label)}>{label}</button>
              </form>
            </div>
"""


def _sub(state: PageState, shop: Shop, skin: Skin) -> str:
    return f"""\
    <div class="container py-5">
{_head(state, skin)}\
      <div class="row top-buffer">
{_form(state, skin, "< Prev", 8)}\
      </div>
      <div class="row top-buffer">
        <div class="col-md-12">
          <div class="row top-buffer">
{SUB_PAGE_PARTS[state.sub or ""](shop.view_of(state.asin).product)}\
          </div>
        </div>
      </div>
    </div>
{skin.bottom(state)}  </body>
"""


def _done(state: PageState, shop: Shop, skin: Skin) -> str:
    """The last page; the text environment fills in the purchase and the score, and leaves the goal out."""
    return f"""\
    <!-- Code reference: https://bootsnipp.com/snippets/m13mN -->
    <div class="container"{skin.attributes("box")}>
      <div class="col-md-6 col-md-offset-3">    \x20
        <div class="row">
          <div id="thankyou" class="text-center">
            <h1>Thank you for shopping with us!</h1>
          </div>
          <div id="stats" class="text-center">
            <h3 align="mturk_code">Your code: </h3>
            <p><pre>None</pre> (Paste it in your MTurk interface.)</p>
            <div{skin.attributes("hidden")}>
              <h2 align="left">Purchased</h2>
              <hr class="solid">
              <h4 id="asin">asin<pre>{escape(state.asin or "")}</pre></p>
              <h4 id="options">options<pre>{script_json(dict(state.options))}</pre></h4>
              <h4 id="purchased_attrs">attrs<pre>None</pre></h4>
              <h4 id="purchased-category">category<pre>None</pre></h4>
              <h4 id="purchased-query">query<pre>None</pre></h4>
              <h4 id="purchased-pc">product category<pre>None</pre></h4>
              <h2 align="left">Target</h2>
              <hr class="solid">
              <h4 id="goal-asin">asin<pre></pre></p>
              <h4 id="goal-options">options<pre></pre></h4>
              <h4 id="goal-attrs">attrs<pre></pre></h4>
              <h4 id="goal-price">price upper<pre></pre></h4>
              <h4 id="goal-instruction-text">instuction text<pre></pre></h4>
              <h4 id="goal-category">category<pre></pre></h4>
              <h4 id="goal-pc">product category<pre></pre></h4>
              <h4 id="goal-query">query<pre></pre></h4>
              <h4>Goal <div id="goal"><pre>None</pre></div></h4>
              <h2 align="left">Reward</h2>
            </div>
            <hr class="solid">
      \t\t\t<h3   id="reward">Your score (min 0.0, max 1.0)<pre>{state.reward!r}</pre></h3>
            <h4 hidden>Reward Details <div id="reward_info"><pre>None</pre></div></h4>
          </div>
        </div>           \x20
      </div>
    </div>
{skin.bottom(state)}  </body>
"""


def _head(state: PageState, skin: Skin) -> str:
    """What stands at the top of every page between the first and the last: the instruction, and the way back."""
    return f"""\
      <div class="row top-buffer">
        <div class="col-sm-6">
          <div id="instruction-text" class="text-center">
            <h4>Instruction:<br>{escape(state.instruction)}</h4>
          </div>
        </div>
      </div>
      <div class="row top-buffer">
{_form(state, skin, "Back to Search", 8)}\
      </div>
"""


def _form(state: PageState, skin: Skin, label: str, indent: int) -> str:
    """A form that is a single button."""
    space = indent * " "
    return f"""\
{space}<form method="post" action="{skin.target(state, label)}">
{space}  <button type="submit" class="{_STYLES[label]}"{skin.attributes(label)}>{escape(label)}</button>
{space}</form>
"""


_STYLES = {
    "Back to Search": "btn btn-success",
    "< Prev": "btn btn-primary",
    "Next >": "btn btn-primary",
    "Buy Now": "btn btn-lg purchase",
}
_PAGES: dict[str, Callable[[PageState, Shop, Skin], str]] = {
    "index": _start,
    "results": _results,
    "item": _item,
    "sub": _sub,
    "done": _done,
}
