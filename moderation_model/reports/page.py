"""A report as one self-contained HTML page."""

from __future__ import annotations

from html import escape

from moderation_model.contract import EvalReport


def page(report: EvalReport) -> str:
    """The page; it holds no message."""
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{at.value:.4f}</td></tr>" for name, at in report.figures.items())
    return f"<!doctype html><title>{escape(report.model_version)}</title><table>{rows}</table>"
