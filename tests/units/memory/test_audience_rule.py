"""What is recalled in a place was known to everybody there before: over all places and scopes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings

from bot.audience import grant, narrowed, readable, writable
from bot.memory.rights import stays_here
from tests.units.memory.world import World, worlds


@given(worlds())
def test_everybody_in_a_place_is_in_the_audience_of_what_may_be_recalled_there(
    world: World,
) -> None:
    scopes = world.scopes()
    for place in world.places():
        for scope in readable(place.audience, world.accounts(place.asker)):
            assert place.readers <= scopes[scope], (place, scope)


@given(worlds())
def test_a_grant_opens_no_conversation_that_somebody_there_does_not_read(world: World) -> None:
    for place in world.places():
        directs = [
            (room.thread.platform, room.thread.space, room.thread.channel)
            for room in world.rooms
            if room.direct and place.asker in room.readers
        ]
        opened = grant(
            place.audience,
            place.account,
            linked=world.accounts(place.asker),
            directs=directs,
            admin=True,
        )
        # Where others read along too, nothing of what was said to the bot alone is opened.
        assert place.audience.alone is None or set(directs) <= set(opened.channels)
        for room in world.rooms:
            key = room.thread
            by_channel = (key.platform, key.space, key.channel) in opened.channels
            if key in opened.threads or (by_channel and not room.confined):
                assert place.readers <= room.readers, (place, room)


@given(worlds())
def test_where_nobody_says_for_whom_no_audience_becomes_wider(world: World) -> None:
    """In a channel it is remembered for the channel; a private reply asks for whom."""
    scopes = world.scopes()
    for place in world.places():
        if place.audience.alone is None or place.audience.direct:
            for usual in writable(place.audience)[:1]:
                assert scopes[usual] <= place.readers, (place, usual)


@given(worlds())
@settings(max_examples=10)
def test_what_stays_here_reaches_nobody_beyond(world: World) -> None:
    scopes = world.scopes()
    for place in world.places():
        opened = grant(place.audience, place.account, linked=world.accounts(place.asker))
        if not opened.writable or not scopes[opened.writable[0]] <= place.readers:
            continue
        for scope in opened.readable:
            assert not stays_here(opened, scope) or scopes[scope] <= place.readers, (place, scope)


@given(worlds())
def test_narrowing_adds_nothing(world: World) -> None:
    every = set(world.scopes())
    for place in world.places():
        whole = grant(place.audience, place.account)
        for kept in (set(), {whole.readable[0]}, every):
            less = narrowed(whole, kept)
            assert set(less.readable) == set(whole.readable) & kept
            assert set(less.writable) == set(whole.writable) & kept
            assert set(less.channels) <= set(whole.channels)
            assert set(less.threads) <= set(whole.threads)


@given(worlds())
@settings(max_examples=5)
def test_a_place_that_claims_to_be_read_by_one_alone_would_be_noticed(world: World) -> None:
    scopes = world.scopes()
    places = [each for each in world.places() if len(each.readers) > 1]
    assume(places)
    for place in places:
        wrong = replace(place.audience, alone=place.account)
        assert any(not place.readers <= scopes[each] for each in readable(wrong))
