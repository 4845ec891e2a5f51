"""The verbs `serve` and `explain` of `candor-model`."""

from __future__ import annotations

import asyncio
import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from moderation_model import registry
from moderation_model.errors import ModelError
from moderation_model.models_verbs import Models, store_at

if TYPE_CHECKING:
    from moderation_model.backends import Classifier
    from moderation_model.contract import Explanation
    from moderation_model.learn_routes import Learning
    from moderation_model.models import ModelStore

TOKEN_VARIABLE = "CANDOR_MODEL_TOKEN"

Model = Annotated[str | None, typer.Option("--model", help="Folder or hub id. Default: the weights in the box.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
WaitMs = Annotated[
    float | None, typer.Option(help="Longest wait of an idle model for more messages. Default: 5.", min=0.0)
]
Cache = Annotated[
    bool, typer.Option(help="Remember the scores of what was said lately; without it every text is scored.")
]
ReusePort = Annotated[
    bool, typer.Option("--reuse-port", help="Let the next server take requests at the same port before this one ends.")
]
Certfile = Annotated[Path | None, typer.Option(help="PEM file with the certificate, to speak TLS.")]
Keyfile = Annotated[Path | None, typer.Option(help="PEM file with its key, where --certfile lacks it.")]
MostConnections = Annotated[
    int, typer.Option(help="Connections of all other machines together; one may hold a quarter.", min=1)
]
MostASecond = Annotated[float, typer.Option(help="Requests of one other machine in a second.", min=0.1)]


def register(app: typer.Typer) -> None:
    """Adds `serve` and `explain` to `app`."""
    app.command()(serve)
    app.command()(explain)


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one and prints it.", min=0, max=65535)] = 8765,
    model: Annotated[
        str | None, typer.Option("--model", help="Folder or hub id. Default: the champion of the model versions.")
    ] = None,
    models: Models = None,
    device: Device = "auto",
    wait_ms: WaitMs = None,
    cache: Cache = True,
    reuse_port: ReusePort = False,
    certfile: Certfile = None,
    keyfile: Keyfile = None,
    most_connections: MostConnections = 512,
    most_a_second: MostASecond = 1000,
    exit_on_stdin_close: Annotated[
        bool, typer.Option("--exit-on-stdin-close", help="End when standard input ends (for a supervising parent).")
    ] = False,
) -> None:
    """Serve the model over HTTP: the version that was promoted last, at first the one in the box.

    Beyond loopback a bearer token is required: set CANDOR_MODEL_TOKEN. Prints one JSON line when it is ready. To
    replace it without losing a request, run both with --reuse-port and end the old one (SIGTERM) once the new one is
    ready.
    """
    from moderation_model import serving
    from moderation_model.server import ServerConfig

    token = os.environ.get(TOKEN_VARIABLE) or None
    store = None if model else store_at(models)
    config = ServerConfig(
        host=host,
        port=port,
        token=token,
        wait_ms=wait_ms,
        remember=cache,
        reuse_port=reuse_port,
        exit_on_stdin_close=exit_on_stdin_close,
        certfile=certfile,
        keyfile=keyfile,
        most_connections=most_connections,
        most_a_second=most_a_second,
        learning=_learning(store, device) if store else None,
    )
    try:
        serving.run(config, partial(load_champion, store, device) if store else partial(_load, model, device))
    except ModelError as error:
        _refuse(error)


def explain(
    text: Annotated[str, typer.Argument(help="The text to explain.")],
    label: Annotated[str | None, typer.Option(help="Label to explain. Default: the strongest.")] = None,
    model: Model = None,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Show which words carried a label, without a server."""
    try:
        explanation = asyncio.run(_explain(text, label, model, device))
    except ModelError as error:
        _refuse(error)
    if as_json:
        typer.echo(json.dumps(explanation.to_dict(), ensure_ascii=False))
    else:
        show(explanation)


def _load(model: str | None, device: str) -> Classifier:
    """The classifier, once through: the first pass allocates and is slow."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # busy-waiting threads starve the rest of a small machine
    from moderation_model.backends import BACKENDS

    classifier = BACKENDS["torch"](model or registry.default_folder(), device=device)
    classifier.logits([window for windows in classifier.encode(["warm up"]) for window in windows])
    return classifier


def _learning(store: ModelStore, device: str) -> Learning:
    """Runs lie beside the versions that come of them."""
    from moderation_model.learn_routes import Learning

    return Learning(store, lambda folder: _load(str(folder), device), store.root / "runs")


def load_champion(store: ModelStore, device: str) -> Classifier:
    """The champion; the model in the box, with a sentence on standard error, where it cannot be opened."""
    champion = store.current()
    if champion.warning:
        typer.echo(champion.warning, err=True)
    try:
        return _load(str(champion.folder), device)
    except ModelError as error:
        if champion.version == store.shipped_version:
            raise
        typer.echo(f"{error} Until then the model in the box decides, not {champion.version}.", err=True)
        return _load(None, device)


async def _explain(text: str, label: str | None, model: str | None, device: str) -> Explanation:
    from moderation_model.batching import BatchQueue
    from moderation_model.explainer import Explainer
    from moderation_model.explainer_process import ExplainerProcess

    async with ExplainerProcess() as process:  # warms up while the model loads
        classifier = await asyncio.to_thread(_load, model, device)
        async with BatchQueue(classifier) as queue:
            return await Explainer(queue, process, seconds=120).explain(text, label=label)


def show(explanation: Explanation) -> None:
    """Prints a table: each word, its value, and a bar of its share."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    title = f"{explanation.label}: {explanation.score:.3f} ({explanation.reading}, {explanation.model_version})"
    table = Table("word", "value", "", title=Text(title), title_justify="left")
    strongest = max((abs(value) for value in explanation.values), default=0.0) or 1.0
    for word, value in zip(explanation.words, explanation.values, strict=True):
        bar = Text("█" * round(20 * abs(value) / strongest), style="red" if value > 0 else "green")
        table.add_row(Text(word), f"{value:+.2f}", bar)
    Console().print(table)


def _refuse(error: ModelError) -> NoReturn:
    typer.echo(str(error), err=True)
    raise typer.Exit(1)
