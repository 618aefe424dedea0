"""PyTorch files in memory to arrays, by the restricted unpickler and nothing else."""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO

import numpy as np
import torch

from thalweg.interop.checkpoints.refusal import Refused, check_name, check_total, one_line
from thalweg.interop.checkpoints.zips import check_zip, whole_members

OLD_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # files from before PyTorch 1.6
NESTS = ("state_dict", "model_state_dict", "model")
PLAIN = {torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128}
MEND = "save only model.state_dict(), or a .safetensors file"
DEEPEST = 20
MOST_ENTRIES = 100_000
Leaf = tuple[str, object]


def read_torch(data: bytes, budget: int) -> tuple[dict[str, np.ndarray], str]:
    """Return the arrays of a state dict by name, and where in the file it was ("" at the top).

    The state dict is what stands under `state_dict`, `model_state_dict` or `model`, the first of
    these that holds a mapping, and so on inside it; without them it is the whole mapping. Mappings
    in it are opened with dots. Values that are not tensors are left out.

    Args:
        data: the whole file.
        budget: bytes that the arrays may take.

    Raises:
        Refused: code, TorchScript, broken checksums, tensors that are not plain, too many bytes.
    """
    _check_envelope(data, budget)
    try:
        content = torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler and its C++ reader raise nearly everything
        raise _reason(error) from None
    state, nest = _state_of(content)
    tensors = {}
    for count, (name, value) in enumerate(_leaves(state, "")):
        if count == MOST_ENTRIES:
            raise Refused(f"more than {MOST_ENTRIES:,} entries", MEND)
        if name in tensors:
            raise Refused(f"two entries of the name {one_line(repr(name))}", MEND)
        if isinstance(value, torch.Tensor):
            tensors[check_name(name)] = value
    if not tensors:
        raise Refused("no tensors", MEND)
    for name, tensor in tensors.items():
        _check_tensor(name, tensor)
    check_total(sum(t.numel() * max(t.element_size(), 4) for t in tensors.values()), budget)
    return {name: _array(tensor) for name, tensor in tensors.items()}, nest


def warm_up() -> None:
    """Open one small file of each form, so that nothing is left to import later."""
    for new in (True, False):
        file = BytesIO()
        tensors = {"a": torch.ones(1), "b": torch.nn.Parameter(torch.ones(1).bfloat16())}
        torch.save(tensors, file, _use_new_zipfile_serialization=new)
        read_torch(file.getvalue(), 1 << 20)


def _check_envelope(data: bytes, budget: int) -> None:
    if data[:2] == b"PK":
        names = [name for name, _ in whole_members(check_zip(data, budget))]
        if any(name.endswith("/constants.pkl") or "/code/" in name for name in names):
            raise Refused("a TorchScript program, which is code", MEND)
    elif not data.startswith(OLD_MAGIC):
        raise Refused("neither of the two forms that torch.save writes", MEND)


def _reason(error: Exception) -> Refused:
    text = str(error)
    call = re.search(r"GLOBAL ([\w.]+)", text) or re.search(r"class ([\w.]+)", text)
    if call:
        return Refused(f"a call of {call[1]}, which could run code", MEND)
    if isinstance(error, MemoryError) or "alloc" in text:
        return Refused("more memory asked for than the limit", "raise limits if it is trusted")
    said = re.search(r"WeightsUnpickler error: *([^\n]+)", text)
    first = said[1] if said else text.strip().partition("\n")[0]
    return Refused(one_line(f"{type(error).__name__}: {first}"))


def _state_of(content: object) -> tuple[Mapping[object, object], str]:
    path: list[str] = []
    while True:
        if not isinstance(content, Mapping):
            raise Refused(f"a {type(content).__name__} instead of a mapping of tensors", MEND)
        nest = next((key for key in NESTS if isinstance(content.get(key), Mapping)), None)
        if nest is None:
            return content, ".".join(path)
        if len(path) == DEEPEST:
            raise Refused(f"mappings more than {DEEPEST} deep", MEND)
        path.append(nest)
        content = content[nest]


def _leaves(state: Mapping[object, object], above: str, depth: int = 0) -> Iterator[Leaf]:
    """Yield everything in the mapping by dotted name, and each mapping itself, which counts too."""
    for key, value in state.items():
        yield f"{above}{key}", value
        if isinstance(value, Mapping):
            if depth == DEEPEST:
                raise Refused(f"mappings more than {DEEPEST} deep", MEND)
            yield from _leaves(value, f"{above}{key}.", depth + 1)


def _check_tensor(name: str, tensor: torch.Tensor) -> None:
    usual = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    plain = usual and tensor.layout is torch.strided and tensor.device.type == "cpu"
    if not plain or tensor.is_quantized or tensor.is_nested:
        kind = f"{type(tensor).__name__}, {tensor.layout}, on {tensor.device.type}"
        raise Refused(one_line(f"a tensor {name!r} that is not plain ({kind})"), MEND)


def _array(tensor: torch.Tensor) -> np.ndarray:
    """Return a copy; formats that NumPy lacks become float32, which holds them exactly."""
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.is_floating_point() and tensor.dtype not in PLAIN:
        tensor = tensor.to(torch.float32)
    return np.array(tensor.contiguous().numpy())
