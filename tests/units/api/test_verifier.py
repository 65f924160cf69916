"""What a token opens now, whatever it opened when it was made."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace

import pytest

from bot.api.faults import Fault
from bot.api.verifier import Verifier
from bot.audience import grant, imports_of
from bot.credentials import issue
from bot.memories import Person, Scope, Via
from tests.units.api.site import MANY, Site, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")


def verifier_of(site: Site) -> Verifier:
    """As it stands behind REST and MCP."""
    threads = site.threads
    return Verifier(threads.tokens, threads.links, threads.claims("api"), MANY)


async def test_what_belonged_to_a_linked_account_is_closed_when_it_is_no_longer(site: Site) -> None:
    place = somebody()
    me = place.alone
    assert me is not None
    other = Person("slack", "T1", f"U{me.user}")
    issued = issue(
        grant(place, me, linked=[other]), "", now=time.time(), random=secrets.token_bytes
    )
    await site.threads.tokens.add(issued.credential)
    await site.threads.links.issue(other, f"code {me.user}")
    await site.threads.links.redeem(me, f"code {me.user}")
    verifier = verifier_of(site)
    linked = (await verifier.verify(issued.token, Via.API)).grant
    assert Scope.of_person(other) in linked.readable
    assert imports_of(other) in linked.channels
    await site.threads.links.unlink(other)
    alone = (await verifier.verify(issued.token, Via.API)).grant
    assert alone.readable == grant(place, me).readable
    assert set(alone.channels) == set(grant(place, me).channels)


async def test_one_that_has_ended_opens_nothing(site: Site) -> None:
    issued = await site.token(days=0)
    ended = replace(issued.credential, expires_at=time.time() - 1)
    await site.threads.tokens.revoke(ended.id)
    await site.threads.tokens.add(ended)
    with pytest.raises(Fault) as refused:
        await verifier_of(site).verify(issued.token, Via.MCP)
    assert refused.value.status == 401


async def test_nothing_of_a_token_is_stored_but_its_digest(site: Site) -> None:
    issued = await site.token()
    found = await site.threads.tokens.find(issued.credential.digest)
    assert found == issued.credential
    assert issued.token[4:] not in repr(found)
