"""The one table of guests: small PyTorch models of every awkward kind, with data and losses."""

import copy
import os
import random
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
FULL = os.environ.get("THALWEG_FULL") == "1"  # all counts; otherwise some, to be quick


class Tied(nn.Module):
    """Words in, words out, with one table for both."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.inner = nn.Linear(4, 4)
        self.out = nn.Linear(4, 7, bias=False)
        self.out.weight = self.table.weight

    def forward(self, words):
        return self.out(torch.tanh(self.inner(self.table(words)).mean(1)))


class LowRank(nn.Module):
    """A frozen linear layer with a trainable correction of rank 2."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner.requires_grad_(False)
        self.lora_a = nn.Parameter(0.3 * torch.randn(2, inner.in_features))
        self.lora_b = nn.Parameter(torch.zeros(inner.out_features, 2))

    def forward(self, x):
        return self.inner(x) + x @ self.lora_a.T @ self.lora_b.T


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.gru(x.reshape(len(x), 2, 4))[0][:, -1])


class Waves(nn.Module):
    """A real layer after a complex one that requires no gradient."""

    def __init__(self):
        super().__init__()
        self.phase = nn.Parameter(torch.randn(4, 4, dtype=torch.complex64), requires_grad=False)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        return self.head((x.to(self.phase.dtype) @ self.phase).abs())


class SparseTable(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 5, sparse=True)
        self.head = nn.Linear(5, 3)

    def forward(self, words):
        return self.head(torch.tanh(self.table(words)).mean(1))


def mlp(*extra):
    return nn.Sequential(nn.Linear(4, 6), *extra, nn.Tanh(), nn.Linear(6, 3))


def frozen():
    model = mlp()
    model[0].requires_grad_(False)
    return model


def lazy():
    model = nn.Sequential(nn.LazyLinear(6), nn.Tanh(), nn.LazyLinear(3))
    model(torch.zeros(1, 4))
    return model


def convolutional():
    return nn.Sequential(
        nn.Unflatten(1, (1, 4)),
        nn.Conv1d(1, 3, 3, padding=1),
        nn.GroupNorm(1, 3),
        nn.Tanh(),
        nn.ConvTranspose1d(3, 2, 2),
        nn.Flatten(),
        nn.Linear(10, 3),
    )


@dataclass(frozen=True)
class Guest:
    """A model and how to make it.

    Attributes:
        name: of the kind.
        make: returns the module.
        words: whether its inputs are words, not numbers.
        classes: how many.
        dtype: of its inputs.
    """

    name: str
    make: object
    words: bool = False
    classes: int = 3
    dtype: torch.dtype = torch.float32

    def __str__(self):
        return self.name

    @cached_property
    def data(self):
        draw = torch.Generator().manual_seed(3)
        targets = torch.randint(0, self.classes, (22,), generator=draw)
        if self.words:
            return torch.randint(0, 7, (22, 3), generator=draw), targets
        width = 8 if self.name == "recurrent" else 4
        return torch.randn(22, width, generator=draw).to(self.dtype), targets

    def model(self):
        """A model that has been trained a step, so that it has gradients, hooks and statistics."""
        with torch.random.fork_rng():
            torch.manual_seed(5)
            model = self.make()
            model.train()
            inner = getattr(model, "_orig_mod", model)
            for _ in range(2):
                F.cross_entropy(inner(self.data[0]).float(), self.data[1]).backward()
        next(inner.children()).eval()  # modes that differ between the modules
        inner.register_forward_hook(lambda module, inputs, outputs: None)
        return model


GUESTS = [
    Guest("plain", mlp),
    Guest("batch-norm", lambda: mlp(nn.BatchNorm1d(6))),
    Guest("dropout", lambda: mlp(nn.Dropout(0.5))),
    Guest("tied", Tied, words=True, classes=7),
    Guest("frozen", frozen),
    Guest("lazy", lazy),
    Guest("compiled", lambda: torch.compile(mlp(), backend="eager")),
    Guest("low-rank", lambda: nn.Sequential(LowRank(nn.Linear(4, 5)), nn.GELU(), nn.Linear(5, 3))),
    Guest("recurrent", Recurrent),
    Guest("complex", Waves),
    Guest("bfloat16", lambda: mlp().bfloat16(), dtype=torch.bfloat16),
    Guest("sparse", SparseTable, words=True),
    Guest("data-parallel", lambda: nn.DataParallel(mlp(nn.LayerNorm(6)))),
    Guest("convolutional", convolutional),
]


def _bits(tensor):
    tensor = tensor.detach()
    dense = tensor.coalesce().to_dense() if tensor.is_sparse else tensor
    return dense.contiguous().reshape(-1).clone().view(torch.uint8).numpy().tobytes()


def snapshot(model):
    """All that a caller could notice: the model and the state of the process."""
    modules = [
        (name, id(module), module.training, {k: list(v) for k, v in hooks(module)})
        for name, module in model.named_modules()
    ]
    parameters = [
        (
            *(name, id(p), p.data_ptr(), p._version, p.dtype, p.device, p.requires_grad, _bits(p)),
            None if p.grad is None else (id(p.grad), p.grad._version, _bits(p.grad)),
        )
        for name, p in model.named_parameters(remove_duplicate=False)
    ]
    buffers = [(n, id(b), b.data_ptr(), b._version, _bits(b)) for n, b in model.named_buffers()]
    return modules, parameters, buffers, process()


def hooks(module):
    return [(key, value) for key, value in vars(module).items() if key.endswith("_hooks")]


def process():
    """The random states, modes and flags of this process."""
    return (
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),
        random.getstate(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_default_dtype(),
    )


def naive_losses(model, loss, data, points, layout):
    """The losses by the book: a fresh copy of the model for every point, all data at once."""
    found = []
    for point in points:
        own = copy.deepcopy(model).eval()
        blocks = layout.unpack(point)
        state = own.state_dict()
        for name, values in blocks.items():
            state[name] = torch.as_tensor(values).to(state[name].dtype)
        missing = own.load_state_dict(state, strict=False)
        assert not missing.unexpected_keys
        with torch.no_grad():
            found.append(float(loss(own(data[0]), data[1])))
    return np.array(found)
