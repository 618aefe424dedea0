"""Networks with hidden units of every kind, for the tests of twins."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from thalweg.objectives.torch.from_torch import from_torch
from thalweg.objectives.torch.policies import Normalisation

EXAMPLES = 12


def dense(activation, *widths):
    parts = []
    for i, o in pairwise(widths):
        parts += [nn.Linear(i, o), activation()]
    return nn.Sequential(*parts[:-1])


class Images(nn.Module):
    """Convolution, pooling, flattening, a dense layer; with or without normalization."""

    def __init__(self, activation=nn.ReLU, norm=nn.Identity):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 5, 3, padding=1)
        self.norm, self.act = norm(4), activation()
        self.c, self.d = nn.Linear(5 * 2 * 2, 7), nn.Linear(7, 3)

    def forward(self, x):
        x = F.max_pool2d(self.act(self.norm(self.a(x))), 2)
        x = F.max_pool2d(self.act(self.b(x)), 2)
        return self.d(self.act(self.c(torch.flatten(x, 1))))


class Residual(nn.Module):
    """A stream that blocks read and add to, before or after an activation."""

    def __init__(self, activation=torch.relu, norm=nn.Identity, after=False, width=6, blocks=2):
        super().__init__()
        self.stem, self.head = nn.Linear(4, width), nn.Linear(width, 3)
        self.up = nn.ModuleList(nn.Linear(width, 5) for _ in range(blocks))
        self.down = nn.ModuleList(nn.Linear(5, width) for _ in range(blocks))
        self.norms = nn.ModuleList(norm(width) for _ in range(blocks))
        self.activation, self.after = activation, after

    def forward(self, x):
        h = self.stem(x)
        for up, down, norm in zip(self.up, self.down, self.norms, strict=True):
            h = h + down(self.activation(up(norm(h))))
            h = self.activation(h) if self.after else h
        return self.head(h)


class ResidualImages(nn.Module):
    """The usual block of a residual network, with BatchNorm and a strided shortcut."""

    def __init__(self):
        super().__init__()
        shape = {"kernel_size": 3, "padding": 1, "bias": False}
        self.stem, self.norm = nn.Conv2d(1, 4, **shape), nn.BatchNorm2d(4)
        self.a, self.norm_a = nn.Conv2d(4, 5, **shape), nn.BatchNorm2d(5)
        self.b, self.norm_b = nn.Conv2d(5, 4, **shape), nn.BatchNorm2d(4)
        self.c, self.norm_c = nn.Conv2d(4, 6, stride=2, **shape), nn.BatchNorm2d(6)
        self.short, self.norm_s = nn.Conv2d(4, 6, 1, stride=2, bias=False), nn.BatchNorm2d(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        h = F.relu(self.norm(self.stem(x)))
        h = F.relu(h + self.norm_b(self.b(F.relu(self.norm_a(self.a(h))))))
        h = F.relu(self.norm_c(self.c(h)) + self.norm_s(self.short(h)))
        return self.head(F.adaptive_avg_pool2d(h, 1).flatten(1))


class Gated(nn.Module):
    """Depthwise convolution, and a gate a channel (squeeze and excitation)."""

    def __init__(self):
        super().__init__()
        self.a, self.deep = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 3, groups=6)
        self.down, self.up, self.head = nn.Linear(6, 4), nn.Linear(4, 6), nn.Linear(96, 3)

    def forward(self, x):
        x = F.relu(self.deep(F.relu(self.a(x))))
        gate = torch.sigmoid(self.up(F.relu(self.down(x.mean((2, 3))))))
        return self.head((x * gate[:, :, None, None]).view(x.size(0), -1))


class TiedWords(nn.Module):
    """One table of words in and out, learned places, a gain on the block."""

    def __init__(self):
        super().__init__()
        self.table, self.place = nn.Embedding(7, 6), nn.Parameter(torch.randn(1, 5, 6))
        self.up, self.down, self.gain = (
            nn.Linear(6, 8),
            nn.Linear(8, 6),
            nn.Parameter(torch.ones(6)),
        )
        self.head = nn.Linear(6, 7, bias=False)
        self.head.weight = self.table.weight

    def forward(self, x):
        h = self.table(x) + self.place
        h = h + self.gain * self.down(F.silu(self.up(h)))
        return self.head(h.mean(1))


class Attention(nn.Module):
    """A transformer block: the stream goes through attention, the dense layer does not."""

    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(7, 8), nn.Linear(8, 7)
        self.mix = nn.MultiheadAttention(8, 2, batch_first=True)
        self.up, self.down = nn.Linear(8, 10), nn.Linear(10, 8)

    def forward(self, x):
        h = self.table(x)
        h = h + self.mix(h, h, h, need_weights=False)[0]
        return self.head((h + self.down(F.gelu(self.up(h)))).mean(1))


class Shapes(nn.Module):
    """Axes that move, are cut, put together, averaged; weights without a module."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(2, 4, 3, padding=1), nn.Linear(4, 5)
        self.weight = nn.Parameter(torch.randn(6, 5))
        self.shift, self.head = nn.Parameter(torch.randn(6)), nn.Linear(6, 3)

    def forward(self, x):
        h = F.relu(self.a(x.view(-1, 2, 2))).permute(0, 2, 1)
        h = torch.tanh(self.b(h)).transpose(1, 2)
        h = torch.cat((h, -h[:, :, :1]), dim=2) / 2
        h = h.transpose(1, 2).mean(dim=1, keepdim=True).squeeze(1)
        return self.head(F.linear(h, self.weight, self.shift).relu())


class Products(nn.Module):
    """What keeps the order of units but not their signs and scales."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Linear(4, 5) for _ in range(4))
        self.one, self.two = nn.Linear(5, 3), nn.Linear(5, 3)

    def forward(self, x):
        product = self.one(self.a(x) * self.b(x))
        shifted = self.two(F.relu(self.c(x)) + 1.0)
        return product + shifted + F.relu(self.d(x)).mean(dim=1, keepdim=True)


def upwards():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.LeakyReLU(),
        nn.ConvTranspose2d(4, 3, 2),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(27, 3),
    )


NUMBERS, PICTURES, WORDS = "numbers", "pictures", "words"
TABLE = {
    "tanh 1": (lambda: dense(nn.Tanh, 4, 7, 3), NUMBERS, {"0": "odd"}),
    "relu 2": (lambda: dense(nn.ReLU, 4, 6, 5, 3), NUMBERS, dict.fromkeys("02", "homogeneous")),
    "tanh 3": (lambda: dense(nn.Tanh, 4, 6, 5, 4, 3), NUMBERS, dict.fromkeys("024", "odd")),
    "gelu 2": (lambda: dense(nn.GELU, 4, 6, 5, 3), NUMBERS, dict.fromkeys("02", "plain")),
    "images": (Images, PICTURES, dict.fromkeys("abc", "homogeneous")),
    "tanh images": (
        lambda: Images(nn.Tanh),
        PICTURES,
        {"a": "plain", "b": "plain", "c": "odd"},  # max pooling knows up from down
    ),
    "batch norm": (
        lambda: Images(norm=nn.BatchNorm2d),
        PICTURES,
        dict.fromkeys("abc", "homogeneous"),
    ),
    "one group": (
        lambda: Images(norm=lambda c: nn.GroupNorm(1, c)),
        PICTURES,
        dict.fromkeys("abc", "homogeneous"),
    ),
    "residual": (
        Residual,
        NUMBERS,
        {"stem": "linear", "up.0": "homogeneous", "up.1": "homogeneous"},
    ),
    "residual, activation after": (
        lambda: Residual(after=True),
        NUMBERS,
        dict.fromkeys(("stem", "up.0", "up.1"), "homogeneous"),
    ),
    "residual tanh": (
        lambda: Residual(torch.tanh),
        NUMBERS,
        {"stem": "linear", "up.0": "odd", "up.1": "odd"},
    ),
    "layer norm": (
        lambda: Residual(norm=nn.LayerNorm),
        NUMBERS,
        {"stem": "linear", "up.0": "homogeneous", "up.1": "homogeneous"},
    ),
    "residual images": (
        ResidualImages,
        PICTURES,
        dict.fromkeys(("stem", "a", "c"), "homogeneous"),
    ),
    "gated": (Gated, PICTURES, {"a": "homogeneous", "down": "homogeneous"}),
    "shapes": (Shapes, NUMBERS, {"a": "homogeneous", "b": "odd", "weight": "homogeneous"}),
    "products": (Products, NUMBERS, dict.fromkeys("acd", "plain")),
    "upwards": (upwards, PICTURES, {"0": "homogeneous", "2": "linear"}),
    "tied words": (TiedWords, WORDS, {"table": "odd", "up": "plain"}),
}


def data_of(kind):
    draw = torch.Generator().manual_seed(4)
    labels = torch.randint(0, 3, (EXAMPLES,), generator=draw)
    if kind == WORDS:
        return torch.randint(0, 7, (EXAMPLES, 5), generator=draw), labels
    shape = (4,) if kind == NUMBERS else (1, 8, 8)
    return torch.randn(EXAMPLES, *shape, generator=draw), labels


def objective_of(model, kind=NUMBERS, **options):
    options = {"dtype": torch.float64, "normalisation": Normalisation.BATCH, **options}
    return from_torch(model, nn.CrossEntropyLoss(), data_of(kind), **options)


def listed(name, seed=0):
    """The objective of the table, at random parameters."""
    make, kind, _ = TABLE[name]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return objective_of(make(), kind)
