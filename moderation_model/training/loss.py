"""The masked multi-task loss: labels that nobody gave add nothing, in any row, for either head."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from moderation_model.labels import LABEL_NAMES
from moderation_model.training.recipe import TrainSettings


class MultiTask(nn.Module):
    """`BertTwoHeads`, bare or in an adapter, with its loss. In training it gives that alone, else both heads, too."""

    def __init__(self, model: nn.Module, settings: TrainSettings) -> None:
        super().__init__()
        self.model = model
        self.sentiment_weight = settings.sentiment_weight
        self.soft_stars = settings.soft_stars
        self.positive_weights = positive_weights(settings.positive_weights)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        stars: torch.Tensor,
        weight: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """`labels` (rows, 6) and `stars` (rows, 5) hold NaN where unknown; `weight` (rows,).

        Gives {"loss"}, and outside training also "toxicity" (rows, 6) and "sentiment" (rows, 5), logits.
        """
        toxicity, sentiment = self.model(input_ids, attention_mask)
        loss = masked_loss(
            toxicity,
            sentiment,
            labels,
            soften(stars, self.soft_stars),
            weight=weight,
            sentiment_weight=self.sentiment_weight,
            positive_weights=self.positive_weights,
        )
        return {"loss": loss} if self.training else {"loss": loss, "toxicity": toxicity, "sentiment": sentiment}


def positive_weights(by_label: Mapping[str, float]) -> torch.Tensor:
    """(6,), 1 where nothing is said."""
    return torch.tensor([by_label.get(name, 1.0) for name in LABEL_NAMES])


def masked_loss(
    toxicity: torch.Tensor,
    sentiment: torch.Tensor,
    labels: torch.Tensor,
    stars: torch.Tensor,
    *,
    weight: torch.Tensor,
    sentiment_weight: float,
    positive_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean over known labels plus `sentiment_weight` times the mean over rows with stars; unknown ones add nothing."""
    known = ~labels.isnan()
    each = functional.binary_cross_entropy_with_logits(
        toxicity,
        labels.nan_to_num(),
        reduction="none",
        pos_weight=None if positive_weights is None else positive_weights.to(toxicity.device),
    )
    shares = known * weight.unsqueeze(1)
    loss = (each * shares).sum() / known.sum().clamp(min=1)
    rated = ~stars.isnan().any(1)
    crossed = -(stars.nan_to_num() * functional.log_softmax(sentiment, dim=1)).sum(1)
    return loss + sentiment_weight * (crossed * rated * weight).sum() / rated.sum().clamp(min=1)


def soften(stars: torch.Tensor, share: float) -> torch.Tensor:
    """Moves `share` of every rating to its neighbours, so that one star off costs less than four; rows still sum to 1.

    At the ends of the scale the one neighbour gets all of it (a short form of the soft ordinal labels of
    Diaz and Marathe, 2019).
    """
    if not share:
        return stars
    neighbours = torch.zeros_like(stars)
    neighbours[:, 1:4] += stars[:, 0:3] * torch.tensor([1.0, 0.5, 0.5], device=stars.device)
    neighbours[:, 4] += stars[:, 3] * 0.5
    neighbours[:, 1:4] += stars[:, 2:5] * torch.tensor([0.5, 0.5, 1.0], device=stars.device)
    neighbours[:, 0] += stars[:, 1] * 0.5
    return (1 - share) * stars + share * neighbours
