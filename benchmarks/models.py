"""The networks and data of the PyTorch benchmarks; random, but the same in every run."""

import math
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

CLASSES = 10
VOCABULARY, LENGTH, WIDTH, HEADS, DEPTH = 64, 64, 128, 4, 4


def spiral(count=100):
    """Two interleaved arms: points (count, 2) and labels (count, 1), 0 or 1."""
    half = count // 2
    angle = torch.linspace(0.5, 3 * math.pi, half)
    arm = torch.stack([angle * angle.cos(), angle * angle.sin()], 1) / (3 * math.pi)
    labels = torch.cat([torch.zeros(half, 1), torch.ones(half, 1)])
    return torch.cat([arm, -arm]), labels


def perceptron(*widths, activation=nn.ReLU):
    """A stack of linear layers with an activation between them."""
    layers = [nn.Linear(widths[0], widths[1])]
    for low, high in pairwise(widths[1:]):
        layers += [activation(), nn.Linear(low, high)]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two 3 x 3 convolutions with batch normalization, and a way around them."""

    def __init__(self, low, high, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(low, high, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(high)
        self.conv2 = nn.Conv2d(high, high, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(high)
        self.stride, self.more = stride, high - low

    def forward(self, x):
        h = functional.relu(self.norm1(self.conv1(x)))
        h = self.norm2(self.conv2(h))
        if self.more:  # the shortcut without parameters of He et al. 2016, option A
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
        return functional.relu(h + x)


class ResNet20(nn.Module):
    """The 20-layer residual network for 3 x 32 x 32 images (He et al. 2016); 269,722 parameters."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        plan = [(16, 16, 1)] * 3 + [(16, 32, 2)] + [(32, 32, 1)] * 2
        plan += [(32, 64, 2)] + [(64, 64, 1)] * 2
        self.blocks = nn.Sequential(*(Residual(*step) for step in plan))
        self.out = nn.Linear(64, CLASSES)

    def forward(self, x):
        h = self.blocks(functional.relu(self.norm(self.conv(x))))
        return self.out(h.mean(dim=(2, 3)))


class Attention(nn.Module):
    """Causal self-attention and a feed-forward layer, each with normalization before it."""

    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mix, self.join = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        parts = self.mix(self.before(x)).view(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        h = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.join(h.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.narrow(functional.gelu(self.wide(self.between(x))))


class Transformer(nn.Module):
    """A causal transformer of 4 layers, 128 wide; the logits of the last place."""

    def __init__(self):
        super().__init__()
        self.word, self.place = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.layers = nn.Sequential(*(Attention() for _ in range(DEPTH)))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, x):
        h = self.word(x) + self.place.weight[: x.shape[1]]
        return self.out(self.norm(self.layers(h))[:, -1])


def settled(model, inputs):
    """Return the model in evaluation mode, its batch statistics taken from the inputs.

    The shifts of the normalization are moved off zero: the peer divides by their norm.
    """
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d | nn.LayerNorm):
                module.bias.normal_(0.0, 0.1)
        for _ in range(3):
            model.train()(inputs[:64])
    return model.eval()


def shallow_case():
    """The chapter's network: 2-16-1, ReLU, 100 points."""
    torch.manual_seed(0)
    return perceptron(2, 16, 1), functional.binary_cross_entropy_with_logits, *spiral()


def tanh_case():
    """337 parameters: 2-16-16-1, tanh, 100 points."""
    torch.manual_seed(0)
    model = perceptron(2, 16, 16, 1, activation=nn.Tanh)
    return model, functional.binary_cross_entropy_with_logits, *spiral()


def resnet_case(images=256):
    """ResNet-20 on random images with random labels."""
    torch.manual_seed(0)
    inputs, labels = torch.randn(images, 3, 32, 32), torch.randint(0, CLASSES, (images,))
    return settled(ResNet20(), inputs), functional.cross_entropy, inputs, labels


def transformer_case(sequences=32):
    """The transformer on random words; the next word is to be told."""
    torch.manual_seed(0)
    words = torch.randint(0, VOCABULARY, (sequences, LENGTH))
    labels = torch.randint(0, VOCABULARY, (sequences,))
    return settled(Transformer(), words), functional.cross_entropy, words, labels
