"""Canvases as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.canvas import is_canvas, text_of

CANVAS = """<div class="quip-canvas-content"><h1 id='temp:C:a'>Plan &amp; next</h1>
<p id='temp:C:b' class='line'>Ship on <b>Friday</b>, <a
 href="https://example.org/x">as agreed</a>.</p>
<div data-section-style='7' class=""><ul id='c'><li id='d' class='checked' value='1'><span
 id='d'>spin</span></li><li id='e'><span id='e'>weave</span></li></ul></div>
<div data-section-style='6'><ol><li>first<ul><li>inner</li></ul></li><li>second</li></ol></div>
<pre>a  = 1
b</pre><table><tr><td><p class='line'>Who</p></td><td><p>What</p></td></tr>
<tr><td>Ada</td><td>loom</td></tr></table><p>The end<br>of it <i>all</i>.</p></div>"""

TEXT = """# Plan & next

Ship on **Friday**, [as agreed](https://example.org/x).

- [x] spin
- [ ] weave

1. first
    - inner
2. second

```
a  = 1
b
```

Who | What
Ada | loom

The end
of it *all*.
"""


def lines(text: bytes) -> list[str]:
    return [line.rstrip() for line in text.decode().splitlines() if line.strip()]


def test_what_it_says_is_written_as_markdown() -> None:
    data = CANVAS.encode()
    assert is_canvas(data)
    assert lines(text_of(data)) == lines(TEXT.encode())


def test_a_log_in_page_is_no_canvas() -> None:
    assert not is_canvas(b"<!DOCTYPE html><html><title>Sign in</title></html>")
    assert not is_canvas(b"")


@given(st.text(alphabet="<>/abdehilnoprtuv &;=\"'123 ", max_size=200))
def test_whatever_comes_is_read(page: str) -> None:
    assert text_of(page.encode()).endswith(b"\n")
