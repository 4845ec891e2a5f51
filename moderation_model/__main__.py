"""The console script `candor-model`: score, explain, serve, train, evaluate, check, export, and the model versions."""

from __future__ import annotations

import typer

from moderation_model import check_verb, evaluate_verb, export_verb, models_verbs, score_verb, serve_verbs, train_verbs


def build_app() -> typer.Typer:
    """The command line with all verbs."""
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False, help="Candor's model."
    )
    for verbs in (score_verb, serve_verbs, train_verbs, evaluate_verb, check_verb, export_verb, models_verbs):
        verbs.register(app)
    return app


def main() -> None:
    """Entry point of the console script."""
    build_app()()


if __name__ == "__main__":
    main()
