"""A small transformer learns English letter by letter; its path on the plane that fits it best.

Run it with `python examples/transformer.py [FOLDER] [--small]`; needs the extras `torch` and
`datasets` (the text is scikit-learn's own descriptions of its datasets).
"""

import sys
from importlib.resources import files
from pathlib import Path

import torch
from torch import nn

import thalweg as tw

SMALL = "--small" in sys.argv
FOLDER = Path(next((a for a in sys.argv[1:] if a[0] != "-"), "figures"))
STEPS, POINTS, EXAMPLES = (12, 7, 8) if SMALL else (600, 41, 128)
LENGTH, WIDTH = 32, 32

pages = sorted(files("sklearn.datasets.descr").iterdir(), key=lambda page: page.name)
text = "".join(p.read_text(encoding="utf-8") for p in pages if p.name.endswith(".rst")).lower()
letters = sorted(set(text))
codes = torch.tensor([letters.index(letter) for letter in text])


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.letter, self.place = nn.Embedding(len(letters), WIDTH), nn.Embedding(LENGTH, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(WIDTH, len(letters))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, x):
        hidden = self.body(self.letter(x) + self.place.weight, mask=self.mask, is_causal=True)
        return self.out(hidden).transpose(1, 2)


def batch(size):
    rows = torch.randint(0, len(codes) - LENGTH - 1, (size, 1)) + torch.arange(LENGTH + 1)
    return codes[rows[:, :-1]], codes[rows[:, 1:]]


torch.manual_seed(0)
model, criterion = Transformer(), nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
with tw.Recorder(model, optimizer, keep=tw.Every(max(1, STEPS // 60))) as run:
    for _ in range(STEPS):
        optimizer.zero_grad()
        inputs, targets = batch(32)
        criterion(model(inputs), targets).backward()
        optimizer.step()
loss = tw.from_torch(model, criterion, batch(EXAMPLES), metrics=[tw.accuracy])
seen = tw.follow(loss, run.trajectory, points=POINTS)
tw.save_figure(seen.figure("Learning to spell"), FOLDER, "transformer")
