"""Scenarios made from data: every interruption at every point of every way to the account."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml

from tests.scenarios.model import FOLDER, Scenario, filled

_DONE = {"step": "done"}


def generated_scenarios() -> Iterator[Scenario]:
    """For each point of a story where interruptions are tried, one scenario for each that is meant for it."""
    stories, interruptions = _read("stories.yml"), _read("interruptions.yml")
    for story_name, story in stories.items():
        for place, point in enumerate(story["way"]):
            if not point.get("try"):
                continue
            for name in story.get("only", interruptions):
                interruption = interruptions[name]
                steps = _steps_of(interruption, point, story_name)
                if steps is not None:
                    yield _scenario(f"{story_name} at {point['at']}: {name}", story, place, steps, interruption)


def ways_to_points() -> Iterator[tuple[str, str, list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]]:
    """For each point where interruptions are tried: its name, the kind of customer, the steps that lead there, the
    point, and the steps from there to the account.
    """
    for story_name, story in _read("stories.yml").items():
        way = story["way"]
        for place, point in enumerate(way):
            if point.get("try"):
                before = [{"step": way[0]["step"]}, *(_answered(way, at) for at in range(place))]
                after = [_answered(way, at) for at in range(place, len(way))]
                yield f"{story_name}, {point['at']}", story["customer"], before, point, after


def _read(file: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))
    return data


def _steps_of(interruption: dict[str, Any], point: dict[str, Any], story: str) -> list[dict[str, Any]] | None:
    """The steps for this point: its own if it has any, else the general ones; None where it is not tried."""
    own = interruption.get("at", {})
    for name in (f"{story}.{point['at']}", point["at"], point["step"]):
        if name in own:
            return _placed(own[name], point) if own[name] else None
    return _placed(interruption["steps"], point) if "steps" in interruption else None


def _placed(steps: list[dict[str, Any]], point: dict[str, Any]) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = filled(copy.deepcopy(steps), {"here": point["step"], "ask": point["asks"]})
    return placed


def _scenario(
    name: str, story: dict[str, Any], place: int, steps: list[dict[str, Any]], interruption: dict[str, Any]
) -> Scenario:
    way = story["way"]
    before = [{"step": way[0]["step"]}, *(_answered(way, at) for at in range(place))]
    whole = [*before, *steps]
    identity: dict[str, Any] = {}
    if interruption.get("finishes"):
        whole += [_answered(way, at) for at in range(_standing(way, place, steps), len(way))]
        identity = {"accounts": 1, "acknowledged": True}
    return Scenario.model_validate(
        {
            "name": name,
            "source": "generated",
            "customer": story["customer"],
            "only": interruption.get("only"),
            "steps": whole,
            "identity": identity,
        }
    )


def _answered(way: list[dict[str, Any]], at: int) -> dict[str, Any]:
    """The answer at a point, and that it leads to the next."""
    following = {"step": way[at + 1]["step"]} if at + 1 < len(way) else _DONE
    return {**way[at]["answer"], **following}


def _standing(way: list[dict[str, Any]], place: int, steps: list[dict[str, Any]]) -> int:
    """The point where the registration stands after the steps: an earlier one where they led back."""
    last = steps[-1]
    if (step := last.get("step", way[place]["step"])) == way[place]["step"]:
        return place
    back = [at for at in range(place, -1, -1) if way[at]["step"] == step]
    return next((at for at in back if way[at]["asks"] in last.get("says", [])), back[0])
