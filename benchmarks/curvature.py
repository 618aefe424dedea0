"""Speed of curvature, as ratios against PyHessian 0.1 in the same run, and of dense spectra.

Run as `python benchmarks/curvature.py [images] [cases ...]`. The network is ResNet-20, trained a
few steps on random images, so that its spectrum has outliers, as in practice. PyHessian finds its
five eigenpairs by power iteration with its defaults; how well is measured afterwards, for each pair
as |Hv - lambda v| / |lambda| in double sums of the same products. Then ours are found to the
largest of those residuals or less; the trace likewise, to the standard error that PyHessian
reaches with all its default draws.
"""

import copy
import importlib
import sys
import time
import warnings

import numpy as np
import torch
from models import resnet_case, tanh_case

from thalweg.core.arrays import FloatArray
from thalweg.curvature.dense import spectrum
from thalweg.curvature.ends import ends
from thalweg.curvature.lanczos import Lanczos
from thalweg.curvature.trace import trace
from thalweg.objectives.activations import Activation
from thalweg.objectives.mlp import MLPObjective
from thalweg.objectives.network import MLP
from thalweg.objectives.torch.from_torch import from_torch

THREADS, TOP, DRAWS = 1, 5, 100
TRAINING_STEPS = 25


def told(what, found, bound):
    """Print one target with what was found."""
    verdict = "met" if found >= bound else "MISSED"
    print(f"  {what:<58}{found:8.2f}   target >= {bound:<5g} {verdict}")


def trained_case(images):
    """ResNet-20 with frozen batch statistics after a few steps of gradient descent."""
    model, loss, x, y = resnet_case(images)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(TRAINING_STEPS):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    optimizer.zero_grad()
    return model, loss, x, y


def peer_pairs(model, loss, x, y):
    """PyHessian's top pairs and trace: values, vectors, draws, seconds and products of each."""
    importlib.import_module("pyhessian")
    peer = sys.modules["pyhessian.hessian"]  # the class of the same name hides the module
    counted, product = [0], peer.hessian_vector_product

    def counting(*args):
        counted[0] += 1
        return product(*args)

    peer.hessian_vector_product = counting
    begin = time.perf_counter()
    analyzer = peer.hessian(copy.deepcopy(model), loss, data=(x, y), cuda=False)
    values, vectors = analyzer.eigenvalues(top_n=TOP)
    middle, products = time.perf_counter(), counted[0]
    draws = analyzer.trace(maxIter=DRAWS, tol=0.0)
    end = time.perf_counter()
    peer.hessian_vector_product = product
    flat = [torch.cat([part.reshape(-1) for part in vector]).numpy() for vector in vectors]
    rows = np.stack(flat).astype(np.float64)
    return (np.array(values), rows, middle - begin, products), (draws, end - middle, len(draws))


def residuals(objective, values: FloatArray, rows: FloatArray) -> FloatArray:
    """Return |Hv - lambda v| / |lambda| of each pair, the rows normalized."""
    rows = rows / np.linalg.norm(rows, axis=1)[:, None]
    rest = objective.hvp(objective.start, rows) - values[:, None] * rows
    return np.linalg.norm(rest, axis=1) / np.abs(values)


def against_peer(images):
    """Print pairs and trace of both."""
    torch.manual_seed(0)
    model, loss, x, y = trained_case(images)
    objective = from_torch(model, loss, (x, y))
    n = objective.layout.size
    operator = objective.operator(objective.start)
    operator.times(operator.native(np.ones((1, n))))  # warm
    (values, rows, seconds, products), (draws, trace_seconds, trace_products) = peer_pairs(
        model, loss, x, y
    )
    theirs = residuals(objective, values, rows)
    # All of the peer's pairs may be positive or not: it takes the largest magnitudes.
    negative = int((values < 0).sum())
    share = float(theirs.max()) * np.abs(values).min() / np.abs(values).max()
    begin = time.perf_counter()
    settings = Lanczos(tolerance=min(share, 0.5))
    found = ends(objective, objective.start, negative, TOP, lanczos=settings)
    own_seconds = time.perf_counter() - begin
    ours = residuals(objective, found.eigenvalues, found.eigenvectors)
    print(f"ResNet-20, {n:,} parameters, {images} images, {THREADS} thread")
    print(f"  PyHessian: {seconds:7.1f} s  {products:4d} products  {_list(values)}")
    print(f"    residuals {_list(theirs)}")
    print(f"  ours:      {own_seconds:7.1f} s  {found.products:4d} products  ", end="")
    print(f"{_list(found.eigenvalues[::-1])}")
    print(f"    residuals {_list(ours[::-1])}; {found.how}")
    error = float(np.std(draws, ddof=1) / np.sqrt(len(draws)))
    begin = time.perf_counter()
    pilot = DRAWS // 5
    estimate = trace(objective, objective.start, pilot, known=found, accuracy=0.95 * error)
    spent = estimate.draws
    own_trace = time.perf_counter() - begin
    print(f"  PyHessian: {trace_seconds:7.1f} s  {trace_products:4d} products  ", end="")
    print(f"trace {np.mean(draws):.2f} +- {error:.2f}")
    print(f"  ours:      {own_trace:7.1f} s  {spent:4d} products  ", end="")
    print(f"trace {estimate.value:.2f} +- {estimate.stderr:.2f}")
    both = (seconds + trace_seconds) / (own_seconds + own_trace)
    told("eigenpairs and trace, PyHessian's time over ours", both, 2)
    told("eigenpairs, ratio of times", seconds / own_seconds, 2)
    told("eigenpairs, ratio of products", products / found.products, 2)
    told("trace, standard error of theirs over ours", error / estimate.stderr, 1)
    told("trace, ratio of products", trace_products / spent, 1)


def dense():
    """Print the seconds of a dense spectrum of 337 parameters."""
    model, loss, x, y = tanh_case()
    labels = y.numpy()[:, 0].astype(float)
    network = MLP((2, 16, 16, 1), Activation.TANH)
    cases = {
        "NumPy": MLPObjective(network, x.numpy().astype(float), labels),
        "torch": from_torch(model, loss, (x, y), dtype=torch.float64),
    }
    print("dense spectrum with all eigenvectors, 337 parameters, 100 examples")
    for name, objective in cases.items():
        seconds = []
        for _ in range(5):
            begin = time.perf_counter()
            spectrum(objective, objective.start)
            seconds.append(time.perf_counter() - begin)
        told(f"{name}: {min(seconds):.3f} s; 0.2 s over that", 0.2 / min(seconds), 1)


def _list(values):
    return " ".join(f"{value:.3g}" for value in values)


def main():
    """Print the tables."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(THREADS)
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    print(f"torch {torch.__version__}, PyHessian 0.1")
    cases = {"dense": dense, "peer": lambda: against_peer(images)}
    for name in sys.argv[2:] or cases:
        cases[name]()


if __name__ == "__main__":
    main()
