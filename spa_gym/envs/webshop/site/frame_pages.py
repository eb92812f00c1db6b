"""Pages and parts of the site that the shop itself does not have: the list of tasks, the score's details, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from spa_gym.core.tasks import Task
from spa_gym.envs.webshop.goals import Goal
from spa_gym.envs.webshop.pages.html_skin import escape
from spa_gym.envs.webshop.pages.page_state import PageState
from spa_gym.envs.webshop.product import Product
from spa_gym.envs.webshop.reward import PurchaseScore
from spa_gym.envs.webshop.site.skin import document_top

__all__ = ["TASKS_A_PAGE", "Tasks", "refusal_page", "score_details", "tasks_page"]

TASKS_A_PAGE = 20


class Tasks(Protocol):
    """The tasks of a site: a `TaskSet` of goals, or a list."""

    def __len__(self) -> int:
        """Return the number of tasks."""
        ...

    def __getitem__(self, index: int, /) -> Task:
        """Return the task at a position."""
        ...


def tasks_page(tasks: Tasks, first: int, num_products: int, version: str) -> str:
    """Render the first page of the site: a random task, a task by number, or one out of a list.

    Args:
        tasks: All tasks.
        first: Position of the first one to list.
        num_products: Size of the shop, to say so.
        version: Of the static files.
    """
    last = min(first + TASKS_A_PAGE, len(tasks))
    rows = "".join([_task_row(index, tasks[index]) for index in range(first, last)])
    turns = ""
    if first > 0:
        turns += f'<a href="/?first={max(0, first - TASKS_A_PAGE)}" rel="prev">Earlier tasks</a>'
    if last < len(tasks):
        turns += f'<a href="/?first={last}" rel="next">Later tasks</a>'
    return f"""\
{document_top("WebShop: choose a task", "tasks", version)}\
    <header>
      <a class="brand" href="/">WebShop</a>
    </header>
    <main>
      <section class="intro">
        <h1>Can you shop as asked?</h1>
        <p>Every task is an instruction. Search the shop, open a product, choose its options and press
        <b>Buy Now</b>; the score says how well it fits. There are {num_products:,} products and {len(tasks):,} tasks.
        </p>
        <div class="choices">
          <a class="primary" href="/random">Take a random task</a>
          <form method="get" action="/task">
            <label for="task">or number</label>
            <input id="task" name="task" type="number" min="0" max="{len(tasks) - 1}" required>
            <button type="submit">Start</button>
          </form>
        </div>
      </section>
      <h2>Tasks {first:,} to {last - 1:,}</h2>
      <ol class="tasks" start="{first}">
{rows}\
      </ol>
      <nav class="turns" aria-label="More tasks">{turns}</nav>
    </main>
  </body>
</html>"""


def _task_row(index: int, task: Task) -> str:
    return f"""\
        <li><a href="/task?task={index}"><span class="number">{index}</span>
          <span class="text">{escape(task.goal)}</span><span class="department">{escape(task.task_type)}</span></a></li>
"""


def refusal_page(status: int, what: str, mend: str, version: str) -> str:
    """Render the page of a request that cannot be served: what is wrong, and what to do."""
    return f"""\
{document_top("WebShop: that did not work", "refusal", version)}\
    <header>
      <a class="brand" href="/">WebShop</a>
    </header>
    <main>
      <section class="intro">
        <p class="status">{status}</p>
        <h1>{escape(what)}</h1>
        <p>{escape(mend)}</p>
        <div class="choices"><a class="primary" href="/">Choose a task</a></div>
      </section>
    </main>
  </body>
</html>"""


def score_details(
    state: PageState, goal: Goal, product: Product, price: float, purchase: PurchaseScore, task: int, num_tasks: int
) -> str:
    """Render what stands below the score: what was asked and bought, how the score came about, and the way on."""
    parts = purchase.components
    asked = ", ".join([f"{pair[0]}: {pair[1]}" if isinstance(pair, tuple) else pair for pair in goal.goal_options])
    chosen = ", ".join([f"{group}: {value}" for group, value in state.options.items()])
    limit = f"at most ${goal.price_upper:,.2f}" if goal.price_upper < 1_000_000 else "any"
    num_attributes = len(goal.attributes)
    facts = (
        ("Product", goal.name, product.title, _share(parts["r_type"])),
        ("Attributes", ", ".join(goal.attributes), _of(parts["r_att"], num_attributes), _share(parts["r_att"])),
        ("Options", asked or "none", chosen or "none", _share(parts["r_option"]) if "r_option" in parts else ""),
        ("Price", limit, f"${price:,.2f}", _share(parts["r_price"])),
    )
    rows = "".join([_fact(*fact) for fact in facts])
    following = (task + 1) % num_tasks
    return f"""\
    <section class="details" data-frame aria-label="How the score came about">
      <p class="asked">{escape(goal.instruction_text)}</p>
      <div class="table"><table>
        <thead>
          <tr><td></td><th scope="col">Asked for</th><th scope="col">Bought</th><th scope="col">Fits</th></tr>
        </thead>
        <tbody>
{rows}\
        </tbody>
      </table></div>
      <p class="formula">score = {_number(parts["r_type"])} (kind of product) &times;
      {_sum(parts)}</p>
      <div class="choices">
        <a class="primary" href="/task?task={following}">Next task</a>
        <a href="/task?task={task}">Try this one again</a>
        <a href="/random">A random task</a>
        <a href="/">All tasks</a>
      </div>
    </section>
"""


def _fact(name: str, asked: str, bought: str, fits: str) -> str:
    columns = (("Asked for", asked), ("Bought", bought), ("Fits", fits))
    cells = "".join([f'<td data-column="{column}">{escape(text)}</td>' for column, text in columns])
    return f'          <tr><th scope="row">{escape(name)}</th>{cells}</tr>\n'


def _share(value: float | bool) -> str:
    return f"{float(value):.0%}"


def _of(share: float | bool, count: int) -> str:
    return f"{round(float(share) * count)} of {count}" if count else "none asked for"


def _number(value: float | bool) -> str:
    return f"{float(value):g}"


def _sum(parts: dict[str, float | bool]) -> str:
    """The weighted sum in brackets: attributes, options, price."""
    names: Sequence[tuple[str, str]] = (("att", "attributes"), ("option", "options"), ("price", "price"))
    terms = [
        f"{float(parts[f'w_{name}']):.2f} &times; {float(parts[f'r_{name}']):.2f} ({word})"
        for name, word in names
        if f"r_{name}" in parts
    ]
    return f"({' + '.join(terms)})"
