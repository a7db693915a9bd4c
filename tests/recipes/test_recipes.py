"""docs/contributing.md does not lie: each recipe is walked on a copy of the tree, and each of its places is needed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recipes.instances import INSTANCES
from tests.recipes.page import recipes
from tests.recipes.trees import ROOT, TESTS_FAILED, Tree

RECIPES = recipes(ROOT)
HALF_A_PAGE = 30  # lines
each_recipe = pytest.mark.parametrize("title", RECIPES)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("recipes"))


@pytest.fixture
def tree(copied: Tree) -> Iterator[Tree]:
    copied.mend()
    return copied


def test_every_recipe_has_an_instance_and_every_instance_a_recipe():
    assert list(RECIPES) == list(INSTANCES)


@each_recipe
def test_the_instance_of_a_recipe_is_made_at_the_places_that_the_page_names(title):
    assert [place.path for place in INSTANCES[title]] == list(RECIPES[title].places)


@each_recipe
def test_a_recipe_is_half_a_page(title):
    assert RECIPES[title].lines <= HALF_A_PAGE


@each_recipe
def test_a_recipe_runs_the_tests_of_its_places(title):
    program, target, files = shlex.split(RECIPES[title].run)
    assert (program, target) == ("make", "check")
    assert files.removeprefix("FILES=").split() == list(RECIPES[title].places)


@pytest.mark.slow
def test_what_runs_in_the_copy_is_the_copy(tree):
    shown = tree.python("-c", "import reconcile, tests.affected; print(reconcile.__file__, tests.affected.__file__)")
    assert [Path(one).is_relative_to(tree.folder) for one in shown.stdout.split()] == [True, True], shown.stdout


@pytest.mark.slow
@each_recipe
def test_who_follows_a_recipe_sees_green(tree, title):
    recipe = RECIPES[title]
    tree.apply(title, INSTANCES[title])
    drawn = tree.make(recipe.draw)
    assert drawn.returncode == 0, drawn.stdout
    needed = tree.python("-m", "tests.affected", *recipe.places).stdout.split()
    assert [test for test in recipe.held_by if not test.startswith(tuple(needed))] == [], "make check leaves them out"
    held = tree.test(recipe.held_by)
    assert held.returncode == 0, held.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    "title, forgotten",
    [
        pytest.param(title, number, id=f"{title}: {place.path}")
        for title, places in INSTANCES.items()
        for number, place in enumerate(places)
    ],
)
def test_a_place_that_is_forgotten_is_told(tree, title, forgotten):
    tree.apply(title, [place for number, place in enumerate(INSTANCES[title]) if number != forgotten])
    drawn = tree.make(RECIPES[title].draw)
    if drawn.returncode == 0:
        held = tree.test(RECIPES[title].held_by, "-x")
        assert held.returncode in TESTS_FAILED, held.stdout


@pytest.mark.slow
@each_recipe
def test_what_is_not_drawn_anew_is_told(tree, title):
    tree.apply(title, INSTANCES[title])
    held = tree.test(RECIPES[title].held_by, "-x")
    assert held.returncode in TESTS_FAILED, held.stdout
