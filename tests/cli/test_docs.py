"""What the documents say of settings and commands is what the program has."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from bot.channels.wechat_templates import read_templates
from bot.wording import Wording
from cli.app import app
from cli.doctor_channels import CHECKS
from cli.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = {f"MASHANG_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("document", [".env.example", "docs/operations.md"])
def test_every_setting_is_told_and_no_other(document: str) -> None:
    told = set(re.findall(r"MASHANG_[A-Z_]+[A-Z]", (ROOT / document).read_text(encoding="utf-8")))

    assert NAMES - told == set()
    assert told - NAMES - {"MASHANG_TEST_POSTGRESQL"} == set()


GUIDES = sorted((ROOT / "docs" / "channels").glob("*.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_names_only_settings_and_commands_that_there_are(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    assert set(re.findall(r"MASHANG_[A-Z_]+[A-Z]\b", text)) - NAMES == set()
    commands = get_command(app).commands  # type: ignore[attr-defined]
    said = re.findall(r"main\.py ([a-z]+)(?: ([a-z]+))?", text)
    assert said
    for name, second in said:
        assert name in commands, name
        if name == "doctor" and second:
            assert second in CHECKS
        elif second and hasattr(commands[name], "commands"):
            assert second in commands[name].commands, f"{name} {second}"


def test_every_channel_with_a_guide_is_in_the_index() -> None:
    index = (ROOT / "docs" / "channels" / "README.md").read_text(encoding="utf-8")
    for guide in GUIDES:
        assert guide.stem == "README" or f"({guide.name})" in index, guide.name
    for channel in CHECKS:
        assert f"`main.py doctor {channel}`" in index, channel


def test_the_example_of_subscription_templates_is_one() -> None:
    text = (ROOT / "docs" / "channels" / "wechat.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("   ") for line in example.splitlines()]
    templates = read_templates("\n".join(lines), Wording().keys())
    assert set(templates.by_kind) == {"case.answered", "case.asked", "*"}
    for kind in re.findall(r"`(case\.[a-z_]+)`", text):
        assert kind in Wording().keys(), kind  # noqa: SIM118 - its keys are a method's
