"""What clients that have no token find out about where they need one (RFC 9728)."""

from __future__ import annotations

from collections.abc import Sequence

from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from pydantic import AnyHttpUrl
from starlette.routing import Route

NAME = "Bobbin's memory"


def described_at(url: str, path: str) -> AnyHttpUrl:
    """Where what is served at a path of this server is described."""
    return build_resource_metadata_url(AnyHttpUrl(url + path))


def describing(url: str, path: str) -> Sequence[Route]:
    """What answers there."""
    resource, issuer = AnyHttpUrl(url + path), AnyHttpUrl(url)
    return create_protected_resource_routes(resource, [issuer], resource_name=NAME)
