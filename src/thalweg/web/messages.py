"""Messages: what a page may ask for; checked against types and bounds before anything runs.

`viewer/src/protocol.ts` is the same list in TypeScript.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

LIMIT_POINTS, LIMIT_DEPTH, LIMIT_WIDTH = 500, 4, 64
LIMIT_GRID, LIMIT_STEPS, LIMIT_OPTIMIZERS, LIMIT_LOG, LIMIT_RUNS = 301, 10_000, 6, 40, 24

Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Coordinate = Annotated[float, Meta(ge=-1e6, le=1e6)]
Run = Annotated[int, Meta(ge=0, le=9999)]
Step = Annotated[int, Meta(ge=-1, le=1_000_000)]
Rate = Annotated[float, Meta(gt=0, le=1e6)]
Points = Annotated[int, Meta(ge=5, le=LIMIT_GRID)]
Name = Annotated[str, Meta(max_length=500)]


class _Checked(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Bench(_Checked, frozen=True):
    """The network and its data; the defaults are the chapter's."""

    data: Literal["spiral", "moons", "circles", "xor", "blobs"] = "spiral"
    points: Annotated[int, Meta(ge=5, le=LIMIT_POINTS)] = 200
    noise: Annotated[float, Meta(ge=0, le=2)] = 0.3
    data_seed: Seed = 42
    depth: Annotated[int, Meta(ge=1, le=LIMIT_DEPTH)] = 1
    width: Annotated[int, Meta(ge=1, le=LIMIT_WIDTH)] = 16
    activation: Literal["relu", "tanh", "softplus", "gelu"] = "relu"
    scale: Annotated[float, Meta(ge=0, le=10)] = 0.5
    seed: Seed = 42
    l2: Annotated[float, Meta(ge=0, le=10)] = 0.0


class PlaneSpec(_Checked, frozen=True):
    """How to make a plane."""

    recipe: Literal[
        "random", "filter", "principal", "eigen", "points", "twins", "aligned", "stored"
    ] = "filter"
    seed: Seed = 0
    run: Run | None = None
    step: Step | None = None
    runs: Annotated[list[Run], Meta(max_length=LIMIT_RUNS)] = []
    steps: Annotated[list[Step], Meta(max_length=LIMIT_RUNS)] = []


class Window(_Checked, frozen=True):
    """The part of the plane that is mapped."""

    a0: Coordinate
    a1: Coordinate
    b0: Coordinate
    b1: Coordinate


class OptimizerSpec(_Checked, frozen=True):
    """One optimizer of a drop."""

    name: Literal["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "AdamW"]
    lr: Rate


class Drop(_Checked, frozen=True):
    """A ball at (a, b): one run an optimizer."""

    a: Coordinate
    b: Coordinate
    optimizers: Annotated[list[OptimizerSpec], Meta(min_length=1, max_length=LIMIT_OPTIMIZERS)]
    steps: Annotated[int, Meta(ge=1, le=LIMIT_STEPS)] = 300
    batch: Annotated[int, Meta(ge=0, le=100_000)] = 0
    seed: Seed = 0


class Action(_Checked, frozen=True, omit_defaults=True):
    """One entry of the log: a plane, a drop, or a run (by number) that was removed."""

    plane: PlaneSpec | None = None
    drop: Drop | None = None
    remove: Run | None = None


Log = Annotated[list[Action], Meta(max_length=LIMIT_LOG)]


class _Message(_Checked, frozen=True, tag_field="kind"):
    pass


class Place(_Message, frozen=True):
    """Where one looks: on the plane, at a step of a run, or at a critical point that was found."""

    a: Coordinate
    b: Coordinate
    run: Run | None = None
    step: Step | None = None
    found: Annotated[int, Meta(ge=0, le=999)] | None = None


class Open(_Message, frozen=True, tag="open"):
    """Begin, or begin again where a link or a lost connection left off."""

    bench: Bench | None = None
    log: Log = []
    window: Window | None = None
    points: Points = 81
    stored: Name | None = None


class SetBench(_Message, frozen=True, tag="bench"):
    """Another network, or other data; scenes tell the `number` of the last that is in them."""

    bench: Bench
    number: Annotated[int, Meta(ge=0, le=2**53)] = 0


class SetPlane(_Message, frozen=True, tag="plane"):
    """Another plane."""

    plane: PlaneSpec


class SetWindow(_Message, frozen=True, tag="window"):
    """Another part of the plane, or another resolution."""

    window: Window
    points: Points


class DropBall(_Message, frozen=True, tag="drop"):
    """Start runs."""

    drop: Drop


class Control(_Message, frozen=True, tag="control"):
    """Pause, play, step or remove one run, or all of them."""

    action: Literal["pause", "play", "step", "remove"]
    run: Run | None = None


class Speed(_Message, frozen=True, tag="speed"):
    """How fast the runs go; 0: as fast as they can."""

    steps_per_second: Annotated[float, Meta(ge=0, le=100_000)]


class Inspect(Place, frozen=True, tag="inspect"):
    """The numbers of a place."""


class Boundary(Place, frozen=True, tag="boundary"):
    """What the network of a place computes."""


class Find(_Message, frozen=True, tag="find"):
    """Critical points, from a place and from where the runs rest."""

    a: Coordinate
    b: Coordinate


class Basins(_Message, frozen=True, tag="basins"):
    """The basins of the map."""


class Trust(_Message, frozen=True, tag="trust"):
    """The trust report on what is shown."""

    full: bool = False


class Spectrum(Place, frozen=True, tag="spectrum"):
    """The Hessian's eigenvalues at a place."""


class Stability(_Message, frozen=True, tag="stability"):
    """Sharpness and stability ratio along a run."""

    run: Run


class TourStep(_Message, frozen=True, tag="tour"):
    """One step of a guided story."""

    tour: Name
    step: Annotated[int, Meta(ge=0, le=50)]


class Export(_Message, frozen=True, tag="export"):
    """What is seen, as a file; `view` is how, in the words of an address."""

    format: Literal["html", "svg"]
    view: Annotated[str, Meta(max_length=1000)] = ""


class Choose(_Message, frozen=True, tag="choose"):
    """One of the stored results."""

    stored: Name


Message = (
    Open
    | SetBench
    | SetPlane
    | SetWindow
    | DropBall
    | Control
    | Speed
    | Inspect
    | Boundary
    | Find
    | Basins
    | Trust
    | Spectrum
    | Stability
    | TourStep
    | Export
    | Choose
)

read = msgspec.json.Decoder(Message).decode  # raises msgspec.MsgspecError
