from __future__ import annotations

import errno
import socket
import ssl

import aiohttp
import pytest

from bot.unreached import unreached

REFUSED = OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.7', 443)")
NO_NAME = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed")
NO_TLS = ssl.SSLError(1, "wrong version number")


@pytest.mark.parametrize(
    ("cause", "reason", "fix"),
    [
        (REFUSED, "Connection refused", "network, proxy, firewall"),
        (NO_NAME, "its address was not found", "DNS"),
        (UNTRUSTED, "its certificate is not trusted", "SSL_CERT_FILE"),
        (NO_TLS, "no encrypted connection could be made", "speak to the Mill"),
        (TimeoutError(), "it took too long", "speak to the Mill"),
        (None, "the connection broke off (ServerDisconnectedError)", "speak to the Mill"),
    ],
)
def test_why_nobody_answered_is_told_with_what_to_do(
    cause: Exception | None, reason: str, fix: str
) -> None:
    outer = aiohttp.ServerDisconnectedError("https://10.0.0.7/?ticket=secret")
    outer.__cause__ = cause
    why = unreached(outer, "the Mill")
    assert why.reason == reason
    assert fix in why.fix and "10.0.0.7" not in why.fix
