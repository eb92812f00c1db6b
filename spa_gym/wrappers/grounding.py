"""The grounding term g_t by name: what an executed action is worth beside its progress.

The fused reward is r_t = alpha * c_t + beta * g_t. Which g_t is chosen decides how long episodes become. For an
episode of n steps, e of them executed, under a step limit T_max:

- ``paper``: g_t = 1 if executed, else 0; an episode collects beta * e. It pays for staying alive: each further
  executed step earns beta, so wandering on to the limit is worth beta * (T_max - n) more than finishing at step n.
  With beta * T_max > 1 that can be more than the task itself is worth (R <= 1), and policies find it: measured with
  beta = 0.5, episodes go to the limit and success to zero.
- ``penalty``: g_t = 0 if executed, else -1; an episode collects -beta * (n - e). A failed action costs beta, an
  executed one is free: nothing is earned by staying. It is ``paper`` minus a constant cost of beta a step.
- ``potential``: g_t = x_t - x_{t-1} with x_t = 1 if executed, else 0, and x_0 = 1; an episode collects 0 or -beta.
  Potential-based shaping with discount 1: the sum telescopes, the next executed action gives back what a failure
  cost, so neither the length nor which policy is best changes (but for whether the last action was executed). The
  signal is the weakest of the three.

Sources: ``paper`` is SPA's (arXiv 2505.20732: alpha = 1, beta = 0.5, g_t = 1 when the action can be executed);
``potential`` follows Ng, Harada and Russell (ICML 1999), with the last action's outcome as the potential.
"""

from __future__ import annotations

from collections.abc import Callable

from spa_gym.core.errors import BadArgument

__all__ = ["GROUNDING_FORMS", "GroundingForm", "grounding_form"]

GroundingForm = Callable[[bool, bool], float]
"""(this action was executed, the one before it was) -> g_t; on the first action the second is True."""


def paper(grounded: bool, was_grounded: bool) -> float:
    """1 for an executed action, 0 for any other."""
    return 1.0 if grounded else 0.0


def penalty(grounded: bool, was_grounded: bool) -> float:
    """0 for an executed action, -1 for any other."""
    return 0.0 if grounded else -1.0


def potential(grounded: bool, was_grounded: bool) -> float:
    """-1 on the step that stops executing, +1 on the step that executes again, 0 otherwise."""
    return float(grounded) - float(was_grounded)


GROUNDING_FORMS: dict[str, GroundingForm] = {"paper": paper, "penalty": penalty, "potential": potential}


def grounding_form(name: str) -> GroundingForm:
    """The form of this name.

    Raises:
        BadArgument: No form has it.
    """
    form = GROUNDING_FORMS.get(name)
    if form is None:
        known = ", ".join(GROUNDING_FORMS)
        raise BadArgument(f"grounding out of {known}", repr(name), "pass grounding='paper' for SPA's form")
    return form
