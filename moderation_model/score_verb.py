"""The verb `score`: one text as a table, or lines of JSON from standard input, answered line by line in order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, TextIO

import typer

from moderation_model.errors import BadRequest, ModelError, ModelFailed

if TYPE_CHECKING:
    from moderation_model.backends import Classifier
    from moderation_model.contract import Prediction

BATCH = 64
"""Lines scored together; a shorter batch is answered at once when no more input is waiting."""
FIELDS = ("scores", "sentiment", "flagged", "reading", "model_version", "readable", "language")

Model = Annotated[str | None, typer.Option("--model", help="Folder or hub id. Default: the weights in the box.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def register(app: typer.Typer) -> None:
    """Adds `score` to `app`."""
    app.command()(score)


def score(
    text: Annotated[str | None, typer.Argument(help="The text to score.")] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Read {"text": ...} lines from standard input.')] = False,
    model: Model = None,
    device: Device = "auto",
) -> None:
    """Score one text, or with --jsonl every line of standard input.

    A line that cannot be scored is answered by {"error": ...} in its place; the exit code is then 1.
    """
    if (text is None) != jsonl:
        raise typer.BadParameter("Give either one text or --jsonl.")
    try:
        classifier = open_model(model, device)
    except ModelError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if text is not None:
        try:
            show(text, classifier)
        except ModelFailed as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    elif not score_lines(sys.stdin.buffer, sys.stdout, classifier):
        raise typer.Exit(1)


def open_model(model: str | None, device: str) -> Classifier:
    """The model of that folder or hub id, else the one that ships."""
    from moderation_model.backends import BACKENDS
    from moderation_model.registry import default_folder

    return BACKENDS["torch"](model or default_folder(), device=device)


def score_lines(source: BinaryIO, target: TextIO, classifier: Classifier) -> bool:
    """Answers every line of `source` by one line in `target`, in order. True if all of them could be scored."""
    fine = True
    for lines in _batches(source):
        parsed = [_text_of(line) for line in lines]
        good = [each for each in parsed if isinstance(each, str)]
        answers = iter(_answers(good, classifier))
        for each in parsed:
            answer = next(answers) if isinstance(each, str) else {"error": str(each)}
            fine = fine and "error" not in answer
            target.write(json.dumps(answer) + "\n")
        target.flush()
    return fine


def show(text: str, classifier: Classifier) -> None:
    """Prints a table for people."""
    from rich.console import Console
    from rich.table import Table

    from moderation_model.scoring import predict

    prediction = predict([text], classifier)[0]
    table = Table()
    for heading in ("label", "score", "limit", ""):
        table.add_column(heading)
    for name, value in prediction.scores.items():
        mark = "flagged" if name in prediction.flagged else ""
        table.add_row(name, f"{value:.3f}", f"{prediction.thresholds[name]:.3f}", mark)
    console = Console()
    console.print(f"{prediction.model_version}, reading: {prediction.reading}")
    console.print(table)
    if not prediction.readable:
        why = (
            f"It reads like another language ({prediction.language})"
            if prediction.language
            else "Most letters are of a script"
        )
        console.print(f"{why} that the model does not read: nothing is flagged.")
    if classifier.info.missing:
        console.print(f"The model lacks: {', '.join(classifier.info.missing)}.")
    if classifier.info.has_sentiment:
        stars = ", ".join(f"{number}: {share:.2f}" for number, share in enumerate(prediction.sentiment.stars, 1))
        console.print(f"Stars: {stars} (mean {prediction.sentiment.mean:.1f})")


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Complete lines as they arrive, at most `BATCH` at once; a last line needs no line end."""
    rest: list[bytes] = []
    read = getattr(source, "read1", source.read)
    while chunk := read(1 << 16):
        if b"\n" not in chunk:
            rest.append(chunk)
            continue
        *lines, last = b"".join([*rest, chunk]).split(b"\n")
        rest = [last] if last else []
        for start in range(0, len(lines), BATCH):
            yield lines[start : start + BATCH]
    if rest:
        yield [b"".join(rest)]


def _text_of(line: bytes) -> str | BadRequest:
    """The line's text, or what is wrong with it."""
    try:
        data = json.loads(line)
    except RecursionError:
        return BadRequest("The line is nested too deeply to be read.")
    except ValueError as error:
        return BadRequest(f"The line is not JSON: {error}.")
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return BadRequest('The line is no object with a string under "text".')
    return data["text"]


def _answers(texts: Sequence[str], classifier: Classifier) -> list[dict[str, Any]]:
    """One answer per text. If a batch fails, its texts are tried one by one, so that only the culprit is lost."""
    from moderation_model.scoring import predict

    try:
        return [_answer(prediction) for prediction in predict(texts, classifier)] if texts else []
    except (ModelFailed, RuntimeError, ValueError, MemoryError) as error:
        if len(texts) == 1:
            told = str(error) if isinstance(error, ModelFailed) else f"{type(error).__name__}."
            return [{"error": f"The model failed on this text: {told}"}]
        return [answer for text in texts for answer in _answers([text], classifier)]


def _answer(prediction: Prediction) -> dict[str, Any]:
    data = prediction.to_dict()
    return {name: data[name] for name in FIELDS}
