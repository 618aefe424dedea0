"""A few small networks with data, made to differ in what a strategy can do with them."""

import torch
from torch import nn

from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.metrics import accuracy

BATCH = 8


class Sequence(nn.Module):
    """Words, attention, the last place."""

    def __init__(self):
        super().__init__()
        self.word, self.norm = nn.Embedding(7, 8), nn.LayerNorm(8)
        self.mix, self.out = nn.Linear(8, 24), nn.Linear(8, 3)

    def forward(self, x):
        h = self.word(x)
        q, k, v = self.mix(self.norm(h)).chunk(3, dim=-1)
        h = h + nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(h[:, -1])


class Recurrent(nn.Module):
    """A GRU, for which torch has no batching rule."""

    def __init__(self):
        super().__init__()
        self.gru, self.out = nn.GRU(4, 6, batch_first=True), nn.Linear(6, 3)

    def forward(self, x):
        return self.out(self.gru(x)[0][:, -1])


class Deciding(nn.Module):
    """Looks at its own numbers, which neither vmap nor the compiler can follow."""

    def __init__(self):
        super().__init__()
        self.a, self.out = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x):
        h = self.a(x)
        return self.out(h.tanh() if h.sum().item() > 0 else h.relu())


def stack(activation=nn.Tanh, outputs=3):
    return nn.Sequential(nn.Linear(4, 6), activation(), nn.Linear(6, outputs))


def convolutional():
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)
    )
    with torch.no_grad():
        model.train()(torch.randn(32, 2, 6, 6))
    return model


NETS = {
    "stack": (stack, lambda n: torch.randn(n, 4)),
    "convolutional": (convolutional, lambda n: torch.randn(n, 2, 6, 6)),
    "attention": (Sequence, lambda n: torch.randint(0, 7, (n, 5))),
    "recurrent": (Recurrent, lambda n: torch.randn(n, 5, 4)),
    "deciding": (Deciding, lambda n: torch.randn(n, 4)),
}
STACKED = ("stack", "convolutional", "attention")  # those that vmap can do


def case(name, examples=20, batch_size=BATCH, **options):
    """A model and its objective; batches of 8, 8 and 4."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    make, draw = NETS[name]
    model, inputs = make(), draw(examples)
    labels = torch.randint(0, 3, (examples,))
    loss = nn.CrossEntropyLoss()
    options = {"metrics": [accuracy], "batch_size": batch_size, **options}
    return model, from_torch(model, loss, (inputs, labels), **options)
