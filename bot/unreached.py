"""Why a server on the network gave no answer, in words for the operator. Pure."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_CHAIN = 8
"""Causes that are looked at."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why there was no answer.

    Attributes:
        reason: A clause that holds no text of the exception, which may tell an address.
        fix: A sentence on what can be done.
    """

    reason: str
    fix: str


def unreached(error: BaseException, whom: str) -> Unreached:
    """What an exception of a network client stands for, or one that it was raised from.

    Args:
        error: The exception.
        whom: Who should have answered, such as "Slack".
    """
    causes = tuple(_chain(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        reason = "its certificate is not trusted"
        fix = "Install ca-certificates, or name your own authority with SSL_CERT_FILE."
    elif any(isinstance(cause, socket.gaierror) for cause in causes):
        reason = "its address was not found"
        fix = "Check that this machine is on the internet and that its name server (DNS) answers."
    else:
        reason = _refusal(causes)
        fix = f"Check that this machine may speak to {whom}: network, proxy, firewall."
    return Unreached(reason, fix)


def _refusal(causes: tuple[BaseException, ...]) -> str:
    """The system's words where the system refused."""
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "no encrypted connection could be made"
    for cause in reversed(causes):
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "it took too long"
    return f"the connection broke off ({type(causes[0]).__name__})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__
