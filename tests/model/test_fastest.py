"""The numbers that a CPU is found to compute fastest with: tried once, remembered, never an error."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event

import pytest
import torch

from moderation_model.backends import fastest as module
from moderation_model.backends.fastest import FILE, fastest
from moderation_model.backends.ours import open_ours


class Trials:
    """Stands for `build`: counts what is built of which numbers, and lets one kind be as slow as a test wants."""

    def __init__(self, *, seconds: dict[torch.dtype, float], off: float = 0.0) -> None:
        self.built: list[torch.dtype] = []
        self.seconds, self.off = seconds, off
        self.clock = 0.0

    def __call__(self, dtype: torch.dtype) -> torch.nn.Module:
        self.built.append(dtype)
        return _Stub(self, dtype)


class _Stub(torch.nn.Module):
    def __init__(self, trials: Trials, dtype: torch.dtype) -> None:
        super().__init__()
        self.trials, self.dtype = trials, dtype

    def forward(self, row: int, tokens: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        self.trials.clock += self.trials.seconds[self.dtype]
        return torch.full((len(counts), 11), self.trials.off if self.dtype is torch.bfloat16 else 0.0)


@pytest.fixture(autouse=True)
def cache_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "candor" / FILE


@pytest.fixture(autouse=True)
def _bfloat16_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no bfloat16")


def chosen(trials: Trials, monkeypatch: pytest.MonkeyPatch, digest: str = "d") -> torch.dtype:
    monkeypatch.setattr(module, "thread_time", lambda: trials.clock)
    return fastest(trials, [(101, 102)], digest=digest).dtype  # pyright: ignore[reportArgumentType]


FAST = {torch.float32: 1.0, torch.bfloat16: 0.2}


def test_the_faster_kind_is_taken_and_not_tried_again(monkeypatch: pytest.MonkeyPatch, cache_at: Path) -> None:
    first, second = Trials(seconds=FAST), Trials(seconds=FAST)
    assert chosen(first, monkeypatch) is chosen(second, monkeypatch) is torch.bfloat16
    assert len(first.built) == 2
    assert second.built == [torch.bfloat16]
    assert list(json.loads(cache_at.read_text()).values()) == ["bfloat16"]


@pytest.mark.parametrize(
    ("seconds", "off"),
    [({torch.float32: 1.0, torch.bfloat16: 0.95}, 0.0), (FAST, 0.2)],
    ids=["no faster", "too far off"],
)
def test_float32_stays_where_short_numbers_bring_nothing_or_too_much(
    seconds: dict[torch.dtype, float], off: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen(Trials(seconds=seconds, off=off), monkeypatch) is torch.float32


def test_a_machine_that_is_busy_elsewhere_decides_no_other_way() -> None:
    class Interrupted(_Stub):
        """Short numbers take less of the processor, but each pass stands still for long."""

        def forward(self, row: int, tokens: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
            if self.dtype is torch.bfloat16:
                Event().wait(0.02)
            else:
                sum(range(50_000))
            return super().forward(row, tokens, counts)

    trials = Trials(seconds=FAST)
    found = fastest(lambda dtype: Interrupted(trials, dtype), [(101, 102)], digest="d")  # pyright: ignore[reportArgumentType]
    assert found.dtype is torch.bfloat16


def test_other_weights_are_tried_on_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen(Trials(seconds=FAST), monkeypatch, "one")
    other = Trials(seconds=FAST)
    chosen(other, monkeypatch, "other")
    assert len(other.built) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 1}', "null", "\x00"])
def test_a_spoilt_file_only_costs_another_trial(content: str, monkeypatch: pytest.MonkeyPatch, cache_at: Path) -> None:
    cache_at.parent.mkdir(parents=True)
    cache_at.write_text(content)
    assert chosen(Trials(seconds=FAST), monkeypatch) is torch.bfloat16
    assert "bfloat16" in json.loads(cache_at.read_text()).values()


def test_a_place_that_cannot_be_written_only_costs_another_trial(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        trials = Trials(seconds=FAST)
        assert chosen(trials, monkeypatch) is torch.bfloat16
        assert len(trials.built) == 2


def test_a_real_model_opens_the_same_way_twice(tiny_model_dir: Path, cache_at: Path) -> None:
    kinds = {open_ours(tiny_model_dir, device="cpu", threads=1).info.dtype for _ in range(2)}
    assert kinds == set(json.loads(cache_at.read_text()).values())
