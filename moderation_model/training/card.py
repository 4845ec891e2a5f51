"""The model card, written from the manifest and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METRICS: Mapping[str, str] = {
    "jigsaw_mean_roc_auc": "Jigsaw validation, mean ROC-AUC of the six labels",
    "jigsaw_toxic_roc_auc": "Jigsaw validation, `toxic`, ROC-AUC",
    "jigsaw_severe_toxic_roc_auc": "Jigsaw validation, `severe_toxic`, ROC-AUC",
    "jigsaw_obscene_roc_auc": "Jigsaw validation, `obscene`, ROC-AUC",
    "jigsaw_threat_roc_auc": "Jigsaw validation, `threat`, ROC-AUC",
    "jigsaw_insult_roc_auc": "Jigsaw validation, `insult`, ROC-AUC",
    "jigsaw_identity_hate_roc_auc": "Jigsaw validation, `identity_hate`, ROC-AUC",
    "toxichat_people_roc_auc": "ToxiChat validation, turns by people, `toxic`, ROC-AUC",
    "paradetox_roc_auc": "ParaDetox validation, `toxic`, ROC-AUC",
    "hatemoji_roc_auc": "HatemojiBuild validation, the higher of `toxic` and `identity_hate`, ROC-AUC",
    "chat_toxic_ece": "ToxiChat and ParaDetox validation, `toxic`, expected calibration error",
    "irc_flagged_share": "Ubuntu IRC lines flagged at the limits, without `obscene`",
    "own_abuse_flagged_share": "Our own held-out abusive sentences flagged (templates never trained on)",
    "own_harmless_flagged_share": "Our own held-out harmless sentences flagged (templates never trained on)",
    "sst5_exact": "SST-5 validation, stars exactly right",
    "sst5_off_by_one": "SST-5 validation, at most one star away",
}
"""Figure -> what it says, in the order of the card."""

_INTENDED = """\
## Intended use

Pointing moderators of English chat to messages worth a look. A person decides; the score is a reason to look, not a
finding. Calibrated scores and limits are for short chat messages.

Not for: punishing anyone without a person in between, ranking or profiling people, other languages than English,
legal, medical or employment decisions, finding people at risk of self-harm, judging art or research on abuse.
"""

_FAILURES = """\
## Known failures

Seen while it was tried by hand and on the figures above:

- Contempt without a rude word (patronising questions, sarcasm, in-jokes) is missed.
- About two in five of our own held-out threats are missed, above all those that need to know who is speaking.
- It reads one message at a time: an insult that needs the message before it is invisible, and so is friendship.
- Names that are also rude words are taken for insults, and so are some calls for decency that name the insult.
- Some kind sentences about trans people get a high `toxic` score (below its limit), learnt from the data's abuse.
- Profanity as emphasis gets a `toxic` score of up to 0.75 (below its limit).
- Emoji are read by their names; hate that is written with emoji is told from harmless use little better than by chance.
- Chat slang ("stfu", "kys", "noob") and other languages than English mean little or nothing to it.
- The limits count false alarms on Ubuntu IRC, a polite place; a rowdier server sees more of them.
"""

_SST = """\
The sentiment head is trained on the Stanford Sentiment Treebank, which is published for research and states no
licence. Whoever needs weights free of it can train them without: remove `sst5` from the recipe.
"""


def card(manifest: Mapping[str, Any]) -> str:
    """Markdown: what it is, limits, figures, data and licences, known failures, intended use."""
    trained, versions = manifest["trained"], manifest["versions"]
    parts = [
        f"# {manifest['version']}\n",
        f"{manifest['architecture']}. Started from {manifest['checkpoint']['name']}"
        f" ({manifest['checkpoint']['licence']}), trained on {trained['date']} with torch {versions['torch']} and"
        f" transformers {versions['transformers']}: {trained['rows']} rows, {trained['steps']} steps,"
        f" {round(trained['seconds'] / 60)} minutes on {trained['device']}. Weights are 16-bit safetensors.\n",
        "## Labels and limits\n",
        _thresholds(manifest["thresholds"]),
        "## Figures\n\nMeasured on rows kept out of training, calibration and limits, with 95 % intervals. The two"
        " lines on our own sentences use templates that were not trained on but took part in calibration.\n",
        _metrics(manifest["metrics"]),
        "## Data\n",
        _data(manifest["data"]),
        _SST,
        _FAILURES,
        _INTENDED,
    ]
    return "\n".join(parts)


def _thresholds(thresholds: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| label | limit | chosen by |", "|---|---:|---|"]
    lines += [f"| `{name}` | {limit['value']:.3f} | {limit['chosen_by']} |" for name, limit in thresholds.items()]
    return "\n".join(lines) + "\n"


def _metrics(metrics: Mapping[str, Mapping[str, float]]) -> str:
    lines = ["| figure | value | 95 % interval | texts |", "|---|---:|---|---:|"]
    for name, text in METRICS.items():
        if name in metrics:
            at = metrics[name]
            lines.append(f"| {text} | {at['value']:.4f} | {at['low']:.4f} to {at['high']:.4f} | {at['count']} |")
    return "\n".join(lines) + "\n"


def _data(sets: list[Mapping[str, str]]) -> str:
    lines = ["| set | file | origin | licence as stated | SHA-256 of the file |", "|---|---|---|---|---|"]
    lines += [
        f"| {at['set']} | {at['file']} | {at['origin']} | {at['licence']} | `{at['sha256'][:16]}…` |" for at in sets
    ]
    lines.append(
        "| replay | checks/replay/*.yaml | sentences written for this project | Apache-2.0 | in the repository |"
    )
    return "\n".join(lines) + "\n"
