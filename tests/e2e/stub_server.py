"""A real model server on a tiny model whose training runs are `stub_run`'s, and which explains nothing.

python -m tests.e2e.stub_server PORT MODELS SHIPPED
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from moderation_model import serving
from moderation_model.backends.ours import load
from moderation_model.learn_routes import Learning
from moderation_model.models import ModelStore
from moderation_model.serve_verbs import load_champion
from moderation_model.server import ServerConfig

NO_EXPLAINER = (sys.executable, "-c", "import sys; sys.stdin.read()")


def main(port: int, models: Path, shipped: Path) -> None:
    """Serves until standard input closes."""
    store = ModelStore(models, shipped=shipped)
    learning = Learning(
        store,
        lambda folder: load(folder, device="cpu", threads=1),
        models / "runs",
        run_command=(sys.executable, "-m", "tests.e2e.stub_run"),
    )
    config = ServerConfig(
        port=port, exit_on_stdin_close=True, learning=learning, explainer_command=NO_EXPLAINER, explain_seconds=0.1
    )
    serving.run(config, partial(load_champion, store, "cpu"))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
