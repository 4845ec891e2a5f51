"""A data folder with one file of eighty rows in twenty threads, and the recipe that reads it."""

from __future__ import annotations

import csv
from pathlib import Path

RECIPE = """
[checkpoint]
name = "tiny"
sha256 = "0"
licence = "Apache-2.0"
get = "made for this test"
[train]
seed = 3
epochs = 1.0
batch = 8
learning_rate = 1e-3
warmup = 0.1
weight_decay = 0.01
max_tokens = 24
sentiment_weight = 0.5
replay_per_template = 0
replay_weight = 1.0
[model]
max_tokens = 32
overlap = 8
[thresholds]
base_rate = 0.02
precision = 0.9
floor = 0.5
min_positives = 50
[[set]]
name = "chat"
file = "chat.csv"
text = "text"
group = "thread"
part = "split"
origin = "made for this test"
licence = "none"
rules = [
    { where = { rude = "=0" }, labels = { all = 0 } },
    { where = { rude = "=1" }, labels = { toxic = 1 } },
    { where = { stars = ">=1" }, stars = "stars" },
]
"""


def write_data(folder: Path) -> Path:
    """Writes both into `folder` and returns it."""
    folder.mkdir()
    with (folder / "chat.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["text", "thread", "rude", "stars", "split"])
        for number in range(80):
            rude = number % 2
            text = f"you are {'pathetic' if rude else 'nice'} {number}" if number else "NA"
            writer.writerow([text, number // 4, rude, number % 6, "train" if number < 50 else "validation"])
        writer.writerow(["You are NICE 70!", 99, 0, 0, "train"])
    (folder / "recipe.toml").write_text(RECIPE)
    return folder
