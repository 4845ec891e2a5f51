"""Errors of the model side. Every one carries a sentence that a person can act on.

ModelError
├── BadModelFolder        a folder of weights that does not match its manifest, or is none
├── BadRequest            the caller's input cannot be used (HTTP 400, 413, 422)
├── Unauthorised          the bearer token is missing or wrong (HTTP 401)
├── ModelOverloaded       the queue is full; `retry_after` in seconds (HTTP 503 with Retry-After)
├── ModelUnavailable      no answer of ours: not started, died, network, deadline, nonsense (HTTP 502, 503, 504 or none)
│   ├── BadServerAddress       its address or who vouches for it cannot be used; only a person can mend that
│   └── ExplainerUnavailable   scores work, explanations do not
└── ModelFailed           the model raised, or what it computed is no answer (HTTP 500)
    └── NotNumbersError        the scores of a text are no numbers
"""

from __future__ import annotations


class ModelError(Exception):
    """Base of all errors of the model side; `str()` is the sentence."""


class BadModelFolder(ModelError):
    """The folder is refused; the sentence says what differs."""


class BadRequest(ModelError):
    """The input cannot be used."""


class Unauthorised(ModelError):
    """The bearer token is missing or wrong."""


class ModelOverloaded(ModelError):
    """The queue is full."""

    def __init__(self, sentence: str, *, retry_after: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class ModelUnavailable(ModelError):
    """The model server gave no answer."""


class BadServerAddress(ModelUnavailable):
    """The address of the model server, or the file with who vouches for it, cannot be used as it is set."""


class ExplainerUnavailable(ModelUnavailable):
    """Scores work, explanations do not (yet)."""


class ModelFailed(ModelError):
    """The model raised, or what it computed is no answer."""


class NotNumbersError(ModelFailed):
    """The model's scores are no numbers; whoever raises it has tried as often as makes sense."""

    def __init__(self, sentence: str = "The model's scores are not numbers. Check the model folder.") -> None:
        super().__init__(sentence)
