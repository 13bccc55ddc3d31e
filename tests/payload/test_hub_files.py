"""Parts belong together, copies do not: which files of a model's repository a loader takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hunter.payload.hub_files import loaded_files


@dataclass(frozen=True)
class File:
    name: str
    n_bytes: int | None = 100


def taken(*names: str | tuple[str, int]) -> tuple[set[str], list[str]]:
    """The names that are counted, and what is warned of."""
    files = [File(name) if isinstance(name, str) else File(*name) for name in names]
    warnings: list[str] = []
    chosen = loaded_files(files, warnings)
    assert len({file.name for file in chosen}) == len(chosen)
    return {file.name for file in chosen}, warnings


SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
TOGETHER: dict[str, tuple[str, ...]] = {
    "a text encoder as pickle beside shards": (
        "diffusion_pytorch_model-00001-of-00002.safetensors",
        "diffusion_pytorch_model-00002-of-00002.safetensors",
        "models_t5_umt5-xxl-enc-bf16.pth",
        "Wan2.1_VAE.pth",
    ),
    "folders of parts": (
        "split_files/diffusion_models/flux.safetensors",
        "split_files/text_encoders/t5xxl.safetensors",
        "split_files/vae/ae.safetensors",
    ),
    "folders of parts in several formats": (
        "diffusion_models/a.safetensors",
        "text_encoders/b.pth",
        "vae/c.ckpt",
    ),
    "one stem in folders of their own": ("model.safetensors", "1_Dense/model.safetensors"),
    "one stem in folders of their own, in other formats": ("unet/m.safetensors", "vae/m.bin"),
    "heads beside shards": (*SHARDS, "model_mtp.safetensors"),
    "an adapter beside a model": ("model.safetensors", "adapter_model.bin"),
    "two checkpoints": ("sd-v1-4.ckpt", "sd-v1-4-full-ema.ckpt"),
    "a precision of another part": ("a.fp16.safetensors", "b.safetensors"),
    "a vocoder in pickle": ("model.safetensors", "vocoder.pt", "speaker.bin"),
    "weights for llama.cpp beside an encoder": ("flux-Q4_K_M.gguf", "ae.safetensors"),
    "two models for llama.cpp": ("flux-Q8_0.gguf", "t5-encoder-Q8_0.gguf"),
    "eyes beside a model for llama.cpp": ("m-Q4_K_M.gguf", "mmproj-m-F16.gguf"),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_parts_belong_together_and_the_user_is_told(case: str) -> None:
    names = TOGETHER[case]
    counted, warnings = taken(*names)
    assert counted == set(names)
    assert any("parts are all counted" in text for text in warnings)


COPIES: dict[str, tuple[set[str], tuple[str | tuple[str, int], ...]]] = {
    "one stem in two formats": ({"a.safetensors"}, ("a.bin", "a.safetensors", "a.ckpt", "a.pth")),
    "transformers' two names": ({"model.safetensors"}, ("pytorch_model.bin", "model.safetensors")),
    "transformers' two names in shards": (
        set(SHARDS),
        (*SHARDS, "pytorch_model-00001-of-00003.bin", "pytorch_model-00002-of-00003.bin"),
    ),
    "two names within a longer one": (
        {"open_clip_model.safetensors"},
        ("open_clip_pytorch_model.bin", "open_clip_model.safetensors"),
    ),
    "whole and in shards": ({"model.safetensors"}, (*SHARDS, "model.safetensors")),
    "in two ways to cut it": (
        set(SHARDS),
        (*SHARDS, "model-00001-of-00009.safetensors", "model-00009-of-00009.safetensors"),
    ),
    "plain and in half precision": (
        {"m.safetensors"},
        ("m.safetensors", "m.fp16.safetensors", "m.bf16.bin"),
    ),
    "several precisions and no plain one: the largest": (
        {"m.bf16.safetensors"},
        (("m.fp8.safetensors", 1), ("m.bf16.safetensors", 9), ("m.fp16.safetensors", 8)),
    ),
    "the maker's own form": (set(SHARDS), (*SHARDS, "consolidated.safetensors")),
    "the maker's own form in a folder": (
        {"model.safetensors"},
        ("model.safetensors", "original/consolidated.00.pth", "metal/model.bin"),
    ),
    "other runtimes": (
        {"model.safetensors"},
        ("model.safetensors", "onnx/model.onnx", "flax_model.msgpack", "tf_model.h5",
         "openvino/openvino_model.bin"),
    ),
    "what training leaves behind": (
        {"model.safetensors"},
        ("model.safetensors", "optimizer.pt", "scheduler.pt", "training_args.bin",
         "rng_state_0.pth", "checkpoint-500/model.safetensors"),
    ),
    "one of many quantisations": (
        {"m-Q4_K_M.gguf"},
        ("m-Q4_K_M.gguf", "m-Q8_0.gguf", "m-UD-Q2_K_XL.gguf", "BF16/m-BF16-00001-of-00002.gguf",
         "imatrix.gguf"),
    ),
    "a quantisation in shards": (
        {"Q4_0/m-Q4_0-00001-of-00002.gguf", "Q4_0/m-Q4_0-00002-of-00002.gguf"},
        ("Q4_0/m-Q4_0-00001-of-00002.gguf", "Q4_0/m-Q4_0-00002-of-00002.gguf", "m-F16.gguf"),
    ),
    "a quantisation of the same stem": ({"m.safetensors"}, ("m.safetensors", "m-Q8_0.gguf")),
    "llama.cpp's copy of a model for transformers": (set(SHARDS), (*SHARDS, "gemma-7b.gguf")),
}  # fmt: skip


@pytest.mark.parametrize("case", COPIES)
def test_of_copies_one_is_counted(case: str) -> None:
    counted, names = COPIES[case]
    assert taken(*names)[0] == counted
    assert taken(*reversed(names))[0] == counted


def test_a_pipeline_is_its_folders_one_copy_of_each_part_and_its_settings() -> None:
    counted, warnings = taken(
        "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json",
        "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin", "text_encoder/model.safetensors",
        "text_encoder/pytorch_model.bin", "safety_checker/pytorch_model.bin", "whole.safetensors",
    )  # fmt: skip
    assert counted == {
        "model_index.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json",
        "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors",
        "safety_checker/pytorch_model.bin",
    }  # fmt: skip
    assert not warnings


def test_one_part_needs_no_warning() -> None:
    assert not taken(*SHARDS, "config.json")[1]


@pytest.mark.parametrize("names", [(), ("README.md",), ("a/.safetensors", "x.bin.txt", ".gguf")])
def test_a_repository_without_weights_has_none(names: tuple[str, ...]) -> None:
    counted, _ = taken(*names)
    assert not {name for name in counted if name.endswith(".md")}
