"""Which modules are read as a plain stack, and which are not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from thalweg.objectives.activations import Activation
from thalweg.objectives.torch.strategies.stack import Stack, stack_of


class Written(nn.Module):
    """Two layers whose forward pass is given."""

    def __init__(self, forward, outputs=1):
        super().__init__()
        self.a, self.b, self.written = nn.Linear(4, 3), nn.Linear(3, outputs), forward

    def forward(self, x):
        return self.written(self, x)


LAYERS = (("a.weight", "a.bias"), ("b.weight", "b.bias"))
STACKS = [
    (lambda s, x: s.b(F.relu(s.a(x))), Activation.RELU, False),
    (lambda s, x: s.b(torch.relu(s.a(torch.flatten(x, 1)))).squeeze(-1), Activation.RELU, True),
    (lambda s, x: torch.squeeze(s.b(s.a(x.flatten(1)).tanh()), 1), Activation.TANH, True),
    (lambda s, x: s.b(F.gelu(s.a(x.flatten(start_dim=1)))), Activation.GELU, False),
    (lambda s, x: s.b(F.relu(s.a(x), inplace=True)), Activation.RELU, False),
]
OTHERS = {
    "no activation": lambda s, x: s.b(s.a(x)),
    "an activation at the end": lambda s, x: s.b(s.a(x).relu()).relu(),
    "an activation before": lambda s, x: s.b(s.a(x.relu()).relu()),
    "two activations": lambda s, x: s.b(s.a(x).relu().tanh()),
    "another activation": lambda s, x: s.b(torch.sigmoid(s.a(x))),
    "an approximate gelu": lambda s, x: s.b(F.gelu(s.a(x), approximate="tanh")),
    "a sum": lambda s, x: s.b(s.a(x).relu()) + 1,
    "a factor": lambda s, x: s.b(2 * s.a(x).relu()),
    "a way around": lambda s, x: s.b(s.a(x).relu() + x[:, :3]),
    "a choice": lambda s, x: s.b(s.a(x).relu() if x.sum() > 0 else s.a(x)),
    "its weight read": lambda s, x: F.linear(s.a(x).relu(), s.b.weight),
    "an axis lost in the middle": lambda s, x: s.b(s.a(x).squeeze(-1).relu()),
    "all axes flattened": lambda s, x: s.b(s.a(x.flatten()).relu()),
    "two outputs": lambda s, x: (s.b(s.a(x).relu()), x),
    "its input": lambda s, x: x,
}


@pytest.mark.parametrize(("forward", "activation", "squeezed"), STACKS)
def test_a_stack_is_read_however_it_is_written(forward, activation, squeezed):
    found = stack_of(Written(forward).eval())
    assert found == Stack((4, 3, 1), activation, LAYERS, squeezed)


@pytest.mark.parametrize("forward", OTHERS.values(), ids=OTHERS)
def test_whatever_else_happens_makes_it_none(forward):
    assert stack_of(Written(forward).eval()) is None


def test_modules_of_a_stack():
    plain = nn.Sequential(
        nn.Flatten(), nn.Linear(4, 3, bias=False), nn.GELU(), nn.Dropout(), nn.Linear(3, 2)
    ).eval()
    assert stack_of(plain) == Stack(
        (4, 3, 2), Activation.GELU, (("1.weight", None), ("4.weight", "4.bias"))
    )
    assert stack_of(plain.train()) is None
    assert stack_of(nn.Sequential(nn.Linear(4, 3), nn.Softplus(), nn.Linear(3, 1)).eval()) is None
    assert stack_of(nn.Sequential(nn.Linear(4, 1)).eval()).widths == (4, 1)


def test_hooks_and_parametrizations_make_it_none():
    hooked = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1)).eval()
    handle = hooked[0].register_forward_hook(lambda module, args, output: 2 * output)
    assert stack_of(hooked) is None
    handle.remove()
    assert stack_of(hooked) is not None
    nn.utils.parametrizations.weight_norm(hooked[0])
    assert stack_of(hooked) is None


def test_one_output_is_squeezed_only():
    assert stack_of(Written(lambda s, x: s.b(s.a(x).relu()).squeeze(-1), 2).eval()) is None
