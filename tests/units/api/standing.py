"""A core in memory, for as long as the real one is not there."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from bot.audience import Grant
from bot.credentials import Credential
from bot.memories import (
    Context, Filter, Found, Memory, Page, Person, Said, Scope, Stats, Status, Written, Wrote,
)
from bot.memory.port import ANY, Change, NewMemory


class Standing:
    def __init__(self) -> None:
        self.kept: dict[str, Memory] = {}
        self.keys: dict[str, object] = {}
        self.numbers = itertools.count(1)

    async def add(self, grant, new, *, key=""):
        [written] = await self.add_all(grant, [new], key=key)
        return written

    async def add_all(self, grant, new, *, key=""):
        if key and key in self.keys:
            return self.keys[key]
        done = []
        for each in new:
            scope = each.scope or grant.writable[0]
            same = [m for m in self.kept.values() if m.scope == scope and m.text.content == each.text.content]
            if "hunter2" in each.text.content or not each.text.content.strip():
                done.append(Written(Wrote.REFUSED, why="That looks like a secret."))
            elif same:
                done.append(Written(Wrote.TOUCHED, same[0]))
            else:
                n = next(self.numbers)
                memory = Memory(f"mem_{n:026d}", each.text, scope, each.source, created_at=float(n), updated_at=float(n))
                self.kept[memory.id] = memory
                done.append(Written(Wrote.CREATED, memory))
        if key:
            self.keys[key] = done
        return done

    async def restore(self, grant, memories, *, key=""):
        done = []
        for each in memories:
            if each.id in self.kept:
                done.append(Written(Wrote.UNCHANGED, self.kept[each.id]))
            else:
                self.kept[each.id] = each
                done.append(Written(Wrote.CREATED, each))
        return done

    async def get(self, grant, id):
        found = self.kept.get(id)
        return found if found and found.scope in grant.readable else None

    async def page(self, grant, filter=ANY, *, after="", limit=20):
        fit = [m for m in self.kept.values() if m.scope in grant.readable and self._fits(m, filter)]
        fit = sorted((m for m in fit if not after or m.id < after), key=lambda m: m.id, reverse=True)
        return Page(tuple(fit[:limit]), fit[limit - 1].id if len(fit) > limit else "")

    def _fits(self, m, f):
        return (not f.kinds or m.text.kind in f.kinds) and f.tags <= set(m.text.tags) and m.status in f.statuses

    async def update(self, grant, id, change, *, version=None, key=""):
        [written] = await self.update_all(grant, [(id, change, version)], key=key)
        return written

    async def update_all(self, grant, changes, *, key=""):
        if key and key in self.keys:
            return self.keys[key]
        done = []
        for id, change, version in changes:
            found = self.kept.get(id)
            if found is None or found.scope not in grant.writable:
                done.append(Written(Wrote.MISSING))
            elif version is not None and version != found.version:
                done.append(Written(Wrote.CONFLICT, found))
            elif change.content is not None:
                n = next(self.numbers)
                new = replace(found, id=f"mem_{n:026d}", text=replace(found.text, content=change.content), supersedes=(id,), version=1)
                self.kept[new.id] = new
                self.kept[id] = replace(found, status=Status.SUPERSEDED, superseded_by=new.id, version=found.version + 1)
                done.append(Written(Wrote.UPDATED, new))
            else:
                text = found.text
                if change.tags is not None:
                    text = replace(text, tags=change.tags)
                new = replace(found, text=text, version=found.version + 1)
                self.kept[id] = new
                done.append(Written(Wrote.UPDATED, new))
        if key:
            self.keys[key] = done
        return done

    async def delete(self, grant, ids, *, key=""):
        done = []
        for id in ids:
            found = self.kept.get(id)
            if found is None or found.scope not in grant.writable:
                done.append(Written(Wrote.MISSING))
            else:
                del self.kept[id]
                done.append(Written(Wrote.DELETED))
        return done

    async def search(self, grant, query, filter=ANY, *, limit=10, said=True):
        page = await self.page(grant, filter, limit=1000)
        words = query.lower().split()
        hits = [Found(1.0, m) for m in page.memories if any(w in m.text.content.lower() for w in words)]
        return hits[:limit]

    async def context(self, grant, query="", tags=(), *, max_tokens, said=True, besides=()):
        hits = await self.search(grant, query)
        text = "\n".join(h.memory.text.content for h in hits)
        return Context(text, tuple(hits), len(text) // 4, 0)

    async def stats(self, grant):
        page = await self.page(grant, limit=10**6)
        return Stats(len(page.memories))

    async def conversation(self, grant, thread, *, after=0, limit=50):
        if thread not in grant.threads and (thread.platform, thread.space, thread.channel) not in grant.channels:
            return None
        return [Said(thread, n, "user", "Ada", f"line {n}", 1.0 * n) for n in range(1, 6) if n > after][:limit]

    async def everything(self, grant, filter=ANY):
        page = await self.page(grant, filter, limit=10**6)
        for memory in reversed(page.memories):
            yield memory


class Tokens:
    def __init__(self) -> None:
        self.kept: dict[str, Credential] = {}

    async def add(self, credential):
        self.kept[credential.digest] = credential
        return True

    async def find(self, digest):
        return self.kept.get(digest)

    async def revoke(self, id, person=None):
        for each in list(self.kept.values()):
            if each.id == id:
                return self.kept.pop(each.digest)
        return None

    async def used(self, credential):
        pass
