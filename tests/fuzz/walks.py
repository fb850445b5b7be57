"""Runs walks until so many steps are done, and says whether a walk with a guard taken away was noticed."""

from __future__ import annotations

import contextlib
import io
import traceback
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.machine import IdentityWalk, walk_of
from tests.fuzz.mutants import MUTANTS

STEPS_OF_A_WALK = 100
_WALKS_AT_ONCE = 10


def walk(steps: int, first_seed: int) -> int:
    """Walks until at least `steps` steps are done, and gives how many. Raises what a walk found, shrunk and printed."""
    began = IdentityWalk.steps
    for number in _numbers(first_seed):
        missing = steps - (IdentityWalk.steps - began)
        if missing <= 0:
            break
        walks = min(_WALKS_AT_ONCE, -(-missing // STEPS_OF_A_WALK))
        run_state_machine_as_test(seed(number)(walk_of("IdentityWalk")), settings=_profile(walks))
    return IdentityWalk.steps - began


def piece(first_seed: int, steps: int) -> dict[str, Any]:
    """A piece of a long run, for a process of its own: steps, requests, outcomes, and what was found, in words."""
    IdentityWalk.reached.clear()
    IdentityWalk.requests, before, found = 0, IdentityWalk.steps, None
    try:
        walk(steps, first_seed)
    except Exception:
        found = f"seed {first_seed}:\n{traceback.format_exc()[-6000:]}"
    return {
        "steps": IdentityWalk.steps - before,
        "requests": IdentityWalk.requests,
        "reached": dict(IdentityWalk.reached),
        "found": found,
    }


def notice(mutant: str, most_steps: int, first_seed: int = 1) -> int | None:
    """After how many steps the walks noticed that this guard is missing; None if they did not.

    Raises what the very same walks find when the guard is there: it was not the mutant then.
    """
    began = IdentityWalk.steps
    for number in _numbers(first_seed):
        if IdentityWalk.steps - began >= most_steps:
            return None
        try:
            with MUTANTS[mutant](), contextlib.redirect_stdout(io.StringIO()):
                _walk_quickly(number)
        except Exception:
            noticed = IdentityWalk.steps - began
            _walk_quickly(number)
            return noticed
    return None


def _walk_quickly(number: int) -> None:
    """Without shrinking what is found."""
    quick = settings(_profile(_WALKS_AT_ONCE), phases=[Phase.generate], verbosity=Verbosity.quiet)
    run_state_machine_as_test(seed(number)(walk_of("IdentityWalk")), settings=quick)


def _numbers(first: int) -> Iterator[int]:
    number = first * 1_000_000
    while True:
        yield number
        number += 1


def _profile(walks: int) -> settings:
    return settings(
        max_examples=walks,
        stateful_step_count=STEPS_OF_A_WALK,
        deadline=None,
        database=None,  # a seed says it all
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
