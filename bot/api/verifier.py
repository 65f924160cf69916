"""Who asks, by the token that came along: the same for REST and MCP, over HTTP and pipes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.api.faults import too_often, unauthorized
from bot.audience import Grant, imports_of, narrowed
from bot.credentials import LONGEST_TOKEN, PREFIX, Credentials, digest_of
from bot.links import Links
from bot.memories import Person, Scope, ScopeKind, Via
from bot.services import Claims

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose token is in force.

    Attributes:
        token: The id of the token, never the token.
        grant: What may be done by it.
        expires_at: As in `Credential`.
    """

    token: str
    grant: Grant
    expires_at: float


class Verifier:
    """Looks tokens up, and counts how often they are used.

    Args:
        credentials: Where they are kept. What was revoked there is refused at the next request.
        links: Which accounts belong together, by now.
        claims: Counts for all processes together.
        per_minute: Most requests with one token.
    """

    def __init__(
        self, credentials: Credentials, links: Links, claims: Claims, per_minute: int
    ) -> None:
        self._credentials = credentials
        self._links = links
        self._claims = claims
        self._per_minute = per_minute

    async def verify(self, token: str, via: Via) -> Caller:
        """What a token opens.

        Raises:
            Fault: It opens nothing (401), or has been used too often (429).
            StoreError: The store is away.
        """
        if not token.startswith(PREFIX) or len(token) > LONGEST_TOKEN:
            raise unauthorized()
        credential = await self._credentials.find(digest_of(token))
        if credential is None:
            raise unauthorized()
        wait = await self._claims.spend(credential.id, self._per_minute, MINUTE / self._per_minute)
        if wait > 0:
            raise too_often(wait)
        await self._credentials.used(credential)
        grant = await self._as_linked(credential.grant(via))
        return Caller(credential.id, grant, credential.expires_at)

    async def still(self, token: str) -> None:
        """Return if a token that opened something has not ended since. Raises as `verify` does."""
        if await self._credentials.find(digest_of(token)) is None:
            raise unauthorized()

    async def _as_linked(self, grant: Grant) -> Grant:
        """Without what belongs to accounts that were the person's own when the token was made."""
        others = {
            scope: Person(scope.platform, scope.space, scope.user)
            for scope in grant.readable
            if scope.kind is ScopeKind.USER and scope != Scope.of_person(grant.person)
        }
        if not others:
            return grant
        linked = await self._links.of(grant.person)
        gone = {scope for scope, person in others.items() if person not in linked}
        left = narrowed(grant, [each for each in grant.readable if each not in gone])
        imports = {imports_of(others[scope]) for scope in gone}
        return replace(left, channels=tuple(each for each in left.channels if each not in imports))
