"""Pictures in a request, and models that take none."""

from __future__ import annotations

import base64

import pytest

from bot.model.dialect import Dialect
from bot.model.port import Message, Picture, Prompt
from bot.model.settings import ModelSettings
from bot.model.sight import takes_no_pictures

PICTURE = Picture("image/jpeg", b"\xff\xd8\xffpixels", 640, 480)


@pytest.mark.parametrize(
    "words",
    [
        "Invalid content type. image_url is only supported by certain models.",
        "Model local does not support image input.",
        "Failed to deserialize: messages[1]: unknown variant `image_url`, expected `text`",
        "This model doesn't support images",
        "No endpoints found that support image input",
        "llama3 is not a multimodal model",
        "this model is missing data required for image input",
        "image input is not supported - hint: you may need to provide the mmproj",
        "At most 0 image(s) may be provided in one request.",
        "Vision is not enabled for this deployment",
    ],
)
def test_words_of_servers_without_eyes(words: str) -> None:
    assert takes_no_pictures(words)


@pytest.mark.parametrize(
    "words",
    [
        "The model `gpt-7` does not exist or you do not have access to it.",
        "Invalid image: the image data is broken",
        "Your request was rejected by our safety system: image",
        "maximum context length is 8192 tokens",
        "Incorrect API key provided",
    ],
)
def test_words_about_something_else(words: str) -> None:
    assert not takes_no_pictures(words)


def test_pictures_follow_their_message_within_the_request() -> None:
    dialect = Dialect(ModelSettings("gpt-6-luna", "sk-x"))
    low = Picture("image/png", b"\x89PNG", 32, 32, detail="low")
    older = (Message("user", "Ada: a"), Message("assistant", "b"))
    prompt = Prompt((*older, Message("user", "Ada: look", (PICTURE, low))))
    *_, newest = dialect.messages(prompt)
    data = base64.b64encode(PICTURE.data).decode()
    assert newest["content"] == [
        {"type": "text", "text": "Ada: look"},
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}},
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "low"},
        },
    ]
    assert all(isinstance(message["content"], str | list) for message in dialect.messages(prompt))


def test_what_pictures_cost() -> None:
    assert PICTURE.tokens == 24 + 20 * 15
