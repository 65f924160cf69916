"""The pages that are written from the settings table."""

from __future__ import annotations

from pathlib import Path

from dotenv import dotenv_values

from bot.plugins import find_adapters
from bot.settings import read_settings, variables
from bot.settings_page import EXAMPLE, PAGE, configuration_page, env_example, write_pages

ROOT = Path(__file__).parents[3]


def test_both_pages_are_up_to_date() -> None:
    """`make settings` writes them anew."""
    # Somebody else's adapter may be installed beside ours.
    specs = [spec for spec in find_adapters() if spec.create.startswith("adapters.")]
    assert (ROOT / EXAMPLE).read_text(encoding="utf-8") == env_example(specs)
    assert (ROOT / PAGE).read_text(encoding="utf-8") == configuration_page(specs)


def test_every_variable_is_explained_once() -> None:
    specs = find_adapters()
    page, example = configuration_page(specs), env_example(specs)
    for variable in variables(specs):
        assert page.count(f"| `{variable.name}` |") == 1
        assert example.count(f"\n{variable.name}=\n") == 1
        assert "|" not in variable.help and "\n" not in variable.help


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    specs = find_adapters()
    (tmp_path / "docs").mkdir()
    write_pages(tmp_path, specs)
    given = dotenv_values(tmp_path / EXAMPLE)
    assert len(given) == len(variables(specs))
    assert read_settings(given, specs) == read_settings({}, specs)
