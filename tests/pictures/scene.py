"""What is said in the pictures: a short talk about a build that has become slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

QUESTION = "our CI went from 6 to 19 minutes this week. Where would you look first?"

ANSWER = """\
## Find the slow step first

Three usual suspects, **most likely first**:

1. **Cache misses**: a changed key means that everything is installed *again*
2. **Fewer workers**: tests run one after another
3. **A slow test** that nobody noticed

| Step | Last week | Today |
|:--|--:|--:|
| install | 0:40 | 9:50 |
| test | 4:10 | 7:20 |
| package | 1:10 | 1:30 |

It is the cache: `install` took the time. Let the key depend on the lock file *alone*:

```python
def cache_key(lock: Path) -> str:
    digest = sha256(lock.read_bytes())
    return f"deps-{digest.hexdigest()[:16]}"
```"""

SECOND = "The lock file has its build date in line 1. Could that be it?"

SECOND_ANSWER = """\
Yes, Jonas: **every build gets a new key** then, and no cache is ever found. Two ways out:

- leave line 1 out of the digest
- or stop writing the date, see \
[reproducible builds](https://reproducible-builds.org/docs/timestamps/)"""

FOLLOW_UP = "Nice. What was the first thing I asked?"

FOLLOW_UP_ANSWER = """\
You asked where to look first, after the build had gone from 6 to 19 minutes:

> our CI went from 6 to 19 minutes this week

Jonas then found the date in line 1."""

BEGUN = "please write up for Monday what we do about the slow builds"

BEGUN_ANSWER = """\
### Plan for Monday

1. **Ada** takes the date out of the lock file
2. **Jonas** makes the key the `sha256` of the rest
3. Both compare three builds, and **keep the numbers"""
"""As far as the model has come: the last bold words are still open."""
SURE = "three builds"
"""What is seen of it at any rate."""

REST = """ for the next time**

Done when a build takes *under seven minutes* again."""


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says, and what the model answers: in two parts, so that both are shown.

    An answer is always seen growing. How often it was written would depend on the machine's
    speed otherwise, and with it whether the platform marks it as edited.
    """

    who: str
    text: str
    answer: tuple[str, str]


def _halves(answer: str) -> tuple[str, str]:
    """An answer in two parts, at the blank after its first half."""
    at = answer.index(" ", len(answer) // 2)
    return answer[:at], answer[at:]


TALK: Sequence[Line] = (
    Line("Ada", QUESTION, _halves(ANSWER)),
    Line("Jonas", SECOND, _halves(SECOND_ANSWER)),
    Line("Ada", FOLLOW_UP, _halves(FOLLOW_UP_ANSWER)),
)

CUT_SHORT = Line("Jonas", BEGUN, (BEGUN_ANSWER, REST))
"""What is still being written when the second picture is taken."""

CLOCK = ("10:24", "10:24", "10:31", "10:31", "10:33", "10:33")
"""When each message was written, question and answer by turns."""
CLOCK_CUT_SHORT = ("16:02", "16:02")
