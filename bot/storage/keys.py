"""The name of every key in Redis.

Keys of one channel share a hash tag, so that one script can change a thread together with the
indexes it is in, and so that all of it lies in one slot of a Redis Cluster. What budgets count
shares one with its server or workspace. A channel's bucket is
fixed by its name and by the number of buckets, which therefore never changes for given data.

    bobbin:schema                    HASH    version, buckets
    bobbin:notes:<name space>        HASH    name -> text
    bobbin:claim:<name space>:<name> STRING  who holds it
    bobbin:rate:<name space>:<name>  HASH    until when its turns are used up, nonce
    bobbin:{<space>}:spent:<day>     HASH    see afford.lua; two days
    bobbin:{<space>}:asked           ZSET    see afford.lua; a minute
    P = bobbin:{p:<name space>:<together>}:<scope>, a count of calls to a platform
    P:slots                          ZSET    nonce -> when the slot is free again, server's ms
    P:state                          HASH    see the header of reserve.lua
    bobbin:open:<platform>           ZSET    channel -> since when all of it is answered, ms
    bobbin:model:<digest>            HASH    see the header of exchange.lua
    B = bobbin:{bNNN}
    B:leases                         ZSET    thread -> end of its lease, server's ms; 0 when parked
    B:threads                        ZSET    thread -> last write, ms; without the imported ones
    B:imports                        ZSET    thread -> when it was brought from elsewhere, ms
    B:forgotten                      ZSET    thread -> when it was forgotten on request, ms
    B:proposed                       ZSET    thread -> when others may take up what it has proposed
    B:channel:<channel>              ZSET    thread -> last write, ms; the newest 100
    B:said:<channel>                 ZSET    thread -> stamp of its log's last change, see note_said
    B:found:<channel>                HASH    message id -> thread, for loose conversations
    B:bots:<channel>                 STRING  messages of other bots since a person's; an hour
    B:rules:<channel>                HASH    mention, hours, persona, memory; see bot/channel.py
    B:ruled                          ZSET    channel -> when something was set for it, ms
    B:use:<day>                      HASH    <whom>|<figure> -> sum; a person, a channel, a space
    B:event:<digest>                 STRING  nonce of the call that took the event; one day
    B:deleted:<digest>               STRING  of a message that people deleted; ten minutes
    B:gone:<digest>                  STRING  when a thread, channel or space went, ms; ten minutes
    B:answer:<nonce>                 STRING  what a write answered; ten minutes
    B:never                          nothing is ever stored there, see `Link.try_to_write`
    T = B:t:<thread>
    T:meta                           HASH    see the header of prelude.lua
    T:log                            HASH    seq -> entry
    T:queue                          LIST    messages waiting for the next turn
    T:mail                           LIST    messages of the running turn
    T:names                          HASH    author id -> unique name
    T:authors                        SET     author ids
    T:refs                           SET     message ids of this thread in B:found
    T:vectors                        HASH    seq -> model, line end, vector of the entry
    T:stage:<nonce>                  HASH    a log being imported
    M = bobbin:{mNNN}, long-term memory; the bucket is fixed by the name of the scope
    M:scopes                         ZSET    scope -> last write, ms; all that hold anything
    M:expires                        ZSET    <scope>/<memory id> -> when it is to go, ms
    M:done:<digest>                  STRING  what a write answered; a day, or ten minutes
    S = M:s:<scope>
    S:meta                           HASH    version, floor; see the header of memorise.lua
    S:memories                       HASH    memory id -> memory
    S:order                          ZSET    memory id -> 0, so that it lies in the order of ids
    S:changes                        ZSET    memory id -> version of its last change
    S:gone                           ZSET    id of a memory that was removed -> version; the latest
    S:hashes                         HASH    digest of a content -> id of the memory that has it
    S:used                           HASH    memory id -> <uses>|<last, ms>
    S:models                         SET     models that vectors were made with
    S:vectors                        HASH    <model>|<memory id> -> vector
    S:trail                          SET     <scope>/<memory id> of what came from there, elsewhere
    S:audit                          STREAM  who, what, id, via
    L = bobbin:{links}
    L:groups, L:codes, L:news        HASH    see the header of link_accounts.lua
    L:code:<digest>                  STRING  the account that made this code
    L:done:<person>                  STRING  what was answered when he redeemed a code; a minute
    L:tries:<digest>                 STRING  codes that were none, of one account; ten minutes
    K = bobbin:{tokens}
    K:tokens                         HASH    digest of a token -> what it opens
    K:ids                            HASH    id of a token -> its digest
    K:used                           HASH    digest -> when it was last used, s
    K:of:<person>                    SET     digests of this person's tokens
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from bot.audience import is_import
from bot.chat import ThreadKey
from bot.memories import Scope

BUCKETS = 128
PREFIX = "bobbin"
SCHEMA = f"{PREFIX}:schema"
LINK_GROUPS = f"{PREFIX}:{{links}}:groups"
LINK_CODES = f"{PREFIX}:{{links}}:codes"
LINK_NEWS = f"{PREFIX}:{{links}}:news"
TOKENS = f"{PREFIX}:{{tokens}}:tokens"
TOKEN_IDS = f"{PREFIX}:{{tokens}}:ids"
TOKENS_USED = f"{PREFIX}:{{tokens}}:used"

Place = tuple[str, str, str]
"""Platform, space, channel."""


def place_of(thread: ThreadKey) -> Place:
    """The parent channel that a thread belongs to."""
    return thread.platform, thread.space, thread.channel


def bucket_of(place: Place) -> int:
    """The bucket of a channel, 0 to BUCKETS - 1."""
    return zlib.crc32(":".join(place).encode("utf-8", "surrogatepass")) % BUCKETS


def notes(name_space: str) -> str:
    """The notes of one adapter."""
    return f"{PREFIX}:notes:{_quoted(name_space)}"


def claim(name_space: str, name: str) -> str:
    """Who holds a name."""
    return f"{PREFIX}:claim:{_quoted(name_space)}:{_quoted(name)}"


def rate(name_space: str, name: str) -> str:
    """How much of a shared rate is used."""
    return f"{PREFIX}:rate:{_quoted(name_space)}:{_quoted(name)}"


def spent(platform: str, space: str, day: str) -> str:
    """What is used and reserved in a server or workspace on a day, YYYYMMDD in UTC."""
    return f"{PREFIX}:{{{_quoted(platform)}:{_quoted(space)}}}:spent:{day}"


def asked_lately(platform: str, space: str) -> str:
    """Who has asked within the last minute in a server or workspace."""
    return f"{PREFIX}:{{{_quoted(platform)}:{_quoted(space)}}}:asked"


def pace(name_space: str, together: str, scope: str) -> tuple[str, str]:
    """The taken slots of a common count, and how it stands."""
    tag = f"p:{_quoted(name_space)}:{_quoted(together)}"
    base = f"{PREFIX}:{{{tag}}}:{_quoted(scope)}"
    return f"{base}:slots", f"{base}:state"


def open_channels(platform: str) -> str:
    """Channels in which everything is answered."""
    return f"{PREFIX}:open:{_quoted(platform)}"


def link_code(digest: str) -> str:
    """Who made the code with this digest."""
    return f"{PREFIX}:{{links}}:code:{digest}"


def link_done(person: str) -> str:
    """What was answered to a person, named as `str` writes him, who redeemed a code."""
    return f"{PREFIX}:{{links}}:done:{person}"


def link_tries(digest: str) -> str:
    """How many codes that were none somebody has tried, named by a digest."""
    return f"{PREFIX}:{{links}}:tries:{digest}"


def tokens_of(person: str) -> str:
    """The tokens of a person, who is named as `str` writes him."""
    return f"{PREFIX}:{{tokens}}:of:{person}"


def place_name(place: Place) -> str:
    """How a channel is called in indexes."""
    return _joined(place)


def model(endpoint: str) -> str:
    """How things are at a model's endpoint, of which only a digest is seen."""
    digest = hashlib.sha256(endpoint.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{PREFIX}:model:{digest[:32]}"


@dataclass(frozen=True, slots=True)
class BucketKeys:
    """Keys that the channels of one bucket share."""

    bucket: int

    @property
    def base(self) -> str:
        """What all keys of the bucket start with, the hash tag included."""
        return f"{PREFIX}:{{b{self.bucket:03d}}}"

    @property
    def leases(self) -> str:
        """Threads with a turn, by the end of its lease."""
        return f"{self.base}:leases"

    @property
    def threads(self) -> str:
        """Threads that people talk in, by last write."""
        return f"{self.base}:threads"

    @property
    def imports(self) -> str:
        """Threads that people brought from elsewhere, which are kept for another time."""
        return f"{self.base}:imports"

    @property
    def all_threads(self) -> tuple[str, str]:
        """The indexes in which every thread is found."""
        return self.threads, self.imports

    @property
    def forgotten(self) -> str:
        """Threads of which only that they were forgotten is kept."""
        return f"{self.base}:forgotten"

    @property
    def proposed(self) -> str:
        """Threads that propose something to remember, by when others may take that up."""
        return f"{self.base}:proposed"

    @property
    def leftovers(self) -> str:
        """Messages of replies that are to be deleted, by when somebody else may do it."""
        return f"{self.base}:leftovers"

    @property
    def never(self) -> str:
        """A name for what does not exist."""
        return f"{self.base}:never"

    @property
    def ruled(self) -> str:
        """Channels for which something is set."""
        return f"{self.base}:ruled"

    def rules(self, place: Place) -> str:
        """What is set for a channel."""
        return f"{self.base}:rules:{_joined(place)}"

    def usage(self, day: str) -> str:
        """Figures per person, channel and space; `day` is YYYYMMDD in UTC."""
        return f"{self.base}:use:{day}"

    def event(self, event_id: str) -> str:
        """Whether an event was taken. The id itself is not kept."""
        digest = hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.base}:event:{digest[:32]}"

    def deleted(self, place: Place, message: str) -> str:
        """That a message of a channel was deleted lately. It names neither of them."""
        named = f"{place_name(place)}:{_quoted(message)}".encode("utf-8", "surrogatepass")
        return f"{self.base}:deleted:{hashlib.sha256(named).hexdigest()[:32]}"

    def gone(self, platform: str, space: str, channel: str = "", thread: str = "") -> str:
        """When a space, a channel or a thread was found to be gone. It names none of them."""
        named = _joined((platform, space, channel, thread)).encode("utf-8", "surrogatepass")
        return f"{self.base}:gone:{hashlib.sha256(named).hexdigest()[:32]}"

    def answer(self, nonce: str) -> str:
        """What the write with this nonce answered."""
        return f"{self.base}:answer:{_quoted(nonce)}"

    def channel(self, place: Place) -> str:
        """Threads of one channel, by last write."""
        return f"{self.base}:channel:{_joined(place)}"

    def said(self, place: Place) -> str:
        """Threads of one channel that all of it reads, by the last change of their log."""
        return f"{self.base}:said:{_joined(place)}"

    def found(self, place: Place) -> str:
        """Loose conversations of one channel, by message id."""
        return f"{self.base}:found:{_joined(place)}"

    def bots(self, place: Place) -> str:
        """How many messages of other bots have come in a row in one channel."""
        return f"{self.base}:bots:{_joined(place)}"

    def of_channel(self, place: Place) -> tuple[str, ...]:
        """What is kept of one channel beside its threads and its rules."""
        return self.channel(place), self.said(place), self.found(place), self.bots(place)


def of_place(place: Place) -> BucketKeys:
    """The bucket's keys for a channel."""
    return BucketKeys(bucket_of(place))


@dataclass(frozen=True, slots=True)
class ThreadKeys:
    """Keys of one thread."""

    thread: ThreadKey

    @property
    def bucket(self) -> BucketKeys:
        """Keys of the thread's bucket."""
        return of_place(place_of(self.thread))

    @property
    def base(self) -> str:
        """What all keys of the thread start with."""
        return f"{self.bucket.base}:t:{self.thread}"

    @property
    def meta(self) -> str:
        """Counters, the running turn, the summary."""
        return f"{self.base}:meta"

    @property
    def log(self) -> str:
        """Entries by number."""
        return f"{self.base}:log"

    @property
    def queue(self) -> str:
        """Messages that wait for the next turn."""
        return f"{self.base}:queue"

    @property
    def mail(self) -> str:
        """Messages of the running turn."""
        return f"{self.base}:mail"

    @property
    def authors(self) -> str:
        """Who has written here."""
        return f"{self.base}:authors"

    @property
    def vectors(self) -> str:
        """Vectors of entries by number, each of one model."""
        return f"{self.base}:vectors"

    @property
    def said(self) -> str:
        """What can be searched in the thread's channel."""
        return self.bucket.said(place_of(self.thread))

    @property
    def rules(self) -> str:
        """What is set for the thread's channel."""
        return self.bucket.rules(place_of(self.thread))

    def stage(self, nonce: str) -> str:
        """A log on its way in."""
        return f"{self.base}:stage:{_quoted(nonce)}"

    def all(self) -> tuple[str, ...]:
        """The keys every script takes, in the order that prelude.lua names them."""
        base, bucket, place = self.base, self.bucket, place_of(self.thread)
        return (
            *(f"{base}:{part}" for part in ("meta", "log", "queue", "mail")),
            *(f"{base}:{part}" for part in ("names", "authors", "refs")),
            bucket.leases,
            bucket.imports if is_import(self.thread) else bucket.threads,
            bucket.channel(place),
            bucket.found(place),
        )


@dataclass(frozen=True, slots=True)
class MemoryBucket:
    """Keys that the scopes of one bucket share."""

    bucket: int

    @property
    def base(self) -> str:
        """What all keys of the bucket start with, the hash tag included."""
        return f"{PREFIX}:{{m{self.bucket:03d}}}"

    @property
    def scopes(self) -> str:
        """Every scope that holds anything, by last write."""
        return f"{self.base}:scopes"

    @property
    def expires(self) -> str:
        """Memories that are to go by themselves, by when."""
        return f"{self.base}:expires"

    def done(self, nonce: str) -> str:
        """What the write with this nonce answered. The nonce itself is not kept."""
        digest = hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.base}:done:{digest[:32]}"


@dataclass(frozen=True, slots=True)
class ScopeKeys:
    """Keys of one scope of long-term memory; all lie in one slot."""

    scope: Scope

    @property
    def bucket(self) -> MemoryBucket:
        """Keys of the scope's bucket."""
        name = str(self.scope).encode()
        return MemoryBucket(zlib.crc32(name) % BUCKETS)

    @property
    def base(self) -> str:
        """What all keys of the scope start with."""
        return f"{self.bucket.base}:s:{self.scope}"

    @property
    def meta(self) -> str:
        """The version."""
        return f"{self.base}:meta"

    @property
    def memories(self) -> str:
        """Memories by id."""
        return f"{self.base}:memories"

    @property
    def order(self) -> str:
        """Ids in their order, which is that of time."""
        return f"{self.base}:order"

    @property
    def used(self) -> str:
        """How often each was recalled, and when last."""
        return f"{self.base}:used"

    @property
    def hashes(self) -> str:
        """Which memory has which content."""
        return f"{self.base}:hashes"

    @property
    def models(self) -> str:
        """Models that vectors were made with."""
        return f"{self.base}:models"

    @property
    def vectors(self) -> str:
        """Vectors by model and id."""
        return f"{self.base}:vectors"

    @property
    def trail(self) -> str:
        """What came from this conversation or person and lies elsewhere."""
        return f"{self.base}:trail"

    @property
    def audit(self) -> str:
        """Who did what when."""
        return f"{self.base}:audit"

    def all(self) -> tuple[str, ...]:
        """The keys every script about a scope takes, in the order that scope.lua names them."""
        parts = ("meta", "memories", "order", "changes", "gone", "hashes")
        more = ("used", "models", "vectors", "trail", "audit")
        return (
            *(f"{self.base}:{part}" for part in (*parts, *more)),
            self.bucket.scopes,
            self.bucket.expires,
        )


def usage_field(thread: ThreadKey, user: str) -> str:
    """What a person's figures are kept under in a day's use; empty for nobody."""
    return _joined((thread.platform, thread.space, user)) if user else ""


def place_fields(thread: ThreadKey) -> tuple[str, str]:
    """What a channel's and a space's figures are kept under there."""
    space = _joined((thread.platform, thread.space))
    return f"{space}:{_quoted(thread.channel)}:channel", space


def _quoted(part: str) -> str:
    return quote(part, safe="@.-_", errors="surrogatepass")


def _joined(parts: Iterable[str]) -> str:
    return ":".join(map(_quoted, parts))
