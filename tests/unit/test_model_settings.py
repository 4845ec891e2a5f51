"""Where the model server is set wrongly, no start helps: a person has to mend the setting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import MISCONFIGURED, build_cli
from tests.unit.test_doctor import NOWHERE, finding, settings_for


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"URL": "http://gpu.example:8765"}, "CANDOR_MODEL_PLAIN_HTTP=true"),
        ({"URL": "gpu"}, "http://host:port"),
        ({"URL": "https://gpu.example", "CA": "missing.pem"}, "Mend CANDOR_MODEL_CA."),
        ({"CA": "missing.pem"}, "Mend CANDOR_MODEL_CA."),
    ],
)
def test_a_model_server_that_is_set_wrongly_is_one_sentence_and_not_started_again_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str], says: str
) -> None:
    for name in [name for name in os.environ if name.startswith("CANDOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CANDOR_DISCORD_TOKEN", "a token")
    monkeypatch.setenv("CANDOR_MODEL_URL", NOWHERE)
    for name, value in chosen.items():
        monkeypatch.setenv(f"CANDOR_MODEL_{name}", value)
    result = CliRunner().invoke(build_cli(), ["run"])
    assert result.exit_code == MISCONFIGURED
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


async def test_a_model_server_that_is_set_wrongly_is_a_finding_with_the_settings_to_mend(tmp_path: Path) -> None:
    for chosen in ({"model_url": "http://gpu.example:8765"}, {"model_ca": tmp_path / "missing.pem"}):
        found = await finding(settings_for(tmp_path, **chosen), "model")
        assert not found.ok
        assert found.fix == "Mend CANDOR_MODEL_URL or CANDOR_MODEL_CA."
