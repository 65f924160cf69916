"""A model's endpoint, whose SDK is imported when one is opened: it takes half a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, cast

from bot.model.port import Model
from bot.model.settings import ModelSettings
from bot.plugins import resolve

_MODELS = {
    "chat": "bot.model.chat:ChatModel",
    "responses": "bot.model.responses:ResponsesModel",
}
"""By API."""

_SPEECH = "bot.model.speech:SpeechModel"


class Endpoint(Model, Protocol):
    """A model behind an address, each request made once."""

    @property
    def api(self) -> Literal["chat", "responses"]:
        """Over which API it is asked."""
        ...

    @property
    def takes_tools(self) -> bool:
        """As far as is known: False once it has refused them."""
        ...

    async def offered(self) -> tuple[str, ...]:
        """Names of the models that the server lists for this key.

        Raises:
            ModelError: The server cannot be asked, or keeps no list.
        """
        ...


def open_endpoint(settings: ModelSettings) -> Endpoint:
    """The endpoint that the settings name.

    The demo, an export and a look at the settings do without, and so without the SDK.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    opened = resolve(_MODELS[settings.wire])
    return cast("Callable[[ModelSettings], Endpoint]", opened)(settings)


def open_speech(settings: ModelSettings) -> Model:
    """The same for a model that writes recordings down.

    Raises:
        ModelMisconfigured: The settings cannot be used.
    """
    return cast("Callable[[ModelSettings], Model]", resolve(_SPEECH))(settings)
