"""Unit flow: follows hidden units through a traced model, operation by operation.

An operation that is not understood does no harm: the units that reach it are left out.
"""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

from thalweg.core.units import Nature
from thalweg.objectives.torch.unit_ledger import Ledger, Use
from thalweg.objectives.torch.unit_rules import (
    ELEMENTWISE,
    NAMES,
    POOL_MODULES,
    POOLS,
    REDUCTIONS,
    RESHAPES,
    SHAPES,
    after_reshape,
)

_SUMS = ("add", "add_", "iadd", "sub", "sub_", "isub", "__add__", "__radd__")
_QUOTIENTS = ("div", "div_", "truediv", "itruediv")
_PRODUCTS = ("mul", "mul_", "imul", *_QUOTIENTS)


@dataclass(frozen=True)
class Tag:
    """Which axis of a tensor holds units: each owns `repeat` slices in a row."""

    axis: int
    order: int
    factor: int
    repeat: int = 1


class Flow(fx.Interpreter):
    """Runs a traced model once, and notes in a ledger what its hidden units are.

    Args:
        traced: the graph module.
        names: the name of each parameter by identity; a tied one has one name.
        ledger: takes the notes.
    """

    def __init__(self, traced: fx.GraphModule, names: dict[int, str], ledger: Ledger) -> None:
        super().__init__(traced)
        self.names, self.ledger = names, ledger
        self.values: dict[fx.Node, Any] = {}
        self.tags: dict[fx.Node, Tag] = {}

    def run_node(self, n: fx.Node) -> Any:
        """Run one operation, and follow the units through it."""
        found = super().run_node(n)
        self.values[n] = found
        tag = self._follow(n)
        if tag is not None:
            self.tags[n] = tag
        return found

    def _follow(self, n: fx.Node) -> Tag | None:
        if n.op in ("placeholder", "get_attr"):
            return None
        if n.op == "output":
            for each in n.all_input_nodes:
                self._close(each, "")
            return None
        if n.op == "call_module":
            return self._module(n, self.fetch_attr(str(n.target)))
        name = n.target if n.op == "call_method" else getattr(n.target, "__name__", "")
        return self._function(n, str(name))

    def _module(self, n: fx.Node, module: nn.Module) -> Tag | None:
        kind, source = type(module), n.all_input_nodes[0] if n.all_input_nodes else n
        plain = len(n.all_input_nodes) == 1 and not n.kwargs and isinstance(self.values[n], Tensor)
        if not plain or not self._owns(module):
            return self._lost(n, module)
        tag, ndim = self.tags.get(source), self.values[source].ndim
        if kind is nn.Linear:
            return self._weighted(source, module, (1, 0), (ndim - 1, ndim - 1))
        if kind is nn.Embedding and module.max_norm is None:
            return self._weighted(source, module, (0, 1), (ndim, ndim))
        if isinstance(module, _ConvNd):
            return self._convolved(n, source, module)
        if isinstance(module, _BatchNorm | _InstanceNorm | nn.GroupNorm | nn.LayerNorm):
            return self._normalized(n, source, module)
        if kind in ELEMENTWISE:
            return self._limited(tag, ELEMENTWISE[kind])
        if isinstance(module, _DropoutNd):
            masked = module.training and module.p > 0
            return self._lost(n, module, "fixed masks") if masked else tag
        if kind in POOL_MODULES:
            return self._pooled(n, source, POOL_MODULES[kind])
        if kind in (nn.Flatten, nn.Unflatten):
            return self._reshaped(n, source)
        return self._lost(n, module)

    def _function(self, n: fx.Node, name: str) -> Tag | None:
        result = self.values[n]
        if name in SHAPES and not isinstance(result, Tensor):
            return None
        source = n.args[0] if n.args and isinstance(n.args[0], fx.Node) else None
        if name in _SUMS or name in _PRODUCTS:
            return self._pair(n, name)
        if name in ("cat", "concat"):
            return self._joined(n)
        if source is None or not isinstance(result, Tensor):
            return self._lost(n)
        tag = self.tags.get(source)
        if name == "linear":
            return self._bare_linear(n, source)
        if name in ("dropout", "dropout1d", "dropout2d", "dropout3d"):
            off = n.kwargs.get("training", n.args[2] if len(n.args) > 2 else True) is False
            return tag if off else self._lost(n)
        others = [self.values[each] for each in n.all_input_nodes if each is not source]
        if tag is None or any(isinstance(other, Tensor) for other in others):
            return self._lost(n)
        if name in NAMES:
            return self._limited(tag, NAMES[name])
        if name in POOLS:
            return self._pooled(n, source, name)
        if name in REDUCTIONS:
            return self._reduced(n, source, REDUCTIONS[name])
        if name in RESHAPES:
            return self._reshaped(n, source)
        if name == "getitem":
            return self._indexed(n, source)
        if name in ("transpose", "permute"):
            return self._permuted(n, source, name == "transpose")
        return self._lost(n)

    def _weighted(
        self, source: fx.Node, module: Any, axes: tuple[int, int], channels: tuple[int, int]
    ) -> Tag:
        """Return new units, made by a weight (its axes: reading, making) from all on one axis."""
        weight, bias = self.names[id(module.weight)], getattr(module, "bias", None)
        self._read(source, weight, axes[0], channels[0])
        tag = Tag(channels[1], self.ledger.orders.add(), self.ledger.factors.add())
        self._made(tag, weight, axes[1])
        if bias is not None:
            self._made(tag, self.names[id(bias)], 0)
        return tag

    def _convolved(self, n: fx.Node, source: fx.Node, module: _ConvNd) -> Tag | None:
        channel = self.values[n].ndim - len(module.kernel_size) - 1
        tag, weight = self.tags.get(source), self.names[id(module.weight)]
        if module.groups == 1:
            axes = (0, 1) if isinstance(module, _ConvTransposeNd) else (1, 0)
            return self._weighted(source, module, axes, (channel, channel))
        deep = module.groups == module.in_channels and not isinstance(module, _ConvTransposeNd)
        if not deep or tag is None or tag.axis != channel:
            return self._lost(n, module)
        tag = replace(tag, repeat=tag.repeat * (module.out_channels // module.in_channels))
        self._made(tag, weight, 0, acts=False)  # each channel on its own: no new units
        if module.bias is not None:
            self._made(tag, self.names[id(module.bias)], 0)
        return tag

    def _bare_linear(self, n: fx.Node, source: fx.Node) -> Tag | None:
        """Follow functional.linear with the parameters themselves."""
        given = [*n.args[1:], *n.kwargs.values()]
        names = [self._parameter(each) for each in given if each is not None]
        if None in names or not names:
            return self._lost(n)
        axis = self.values[source].ndim - 1
        self._read(source, str(names[0]), 1, axis)
        tag = Tag(axis, self.ledger.orders.add(), self.ledger.factors.add())
        for name in names:
            self._made(tag, str(name), 0)
        return tag

    def _normalized(self, n: fx.Node, source: fx.Node, module: Any) -> Tag | None:
        tag, ndim = self.tags.get(source), self.values[source].ndim
        if tag is None:
            return self._lost(n, module)
        shaped = isinstance(module, nn.LayerNorm)
        shift = ndim - len(module.normalized_shape) if shaped else 1  # first axis of the gain
        if isinstance(module, _BatchNorm | _InstanceNorm):
            frozen = not module.training and module.running_mean is not None
            if frozen:
                reason = "frozen statistics (take Normalisation.BATCH or REESTIMATED)"
                return self._lost(n, module, reason)
            fits = tag.axis == 1
        else:
            fits = shaped or (tag.axis == 1 and module.num_groups in (1, module.num_channels))
        if not fits:
            return self._lost(n, module)
        self.ledger.limit(tag.factor, Nature.PLAIN)  # undone by the normalization, but for its eps
        new = replace(tag, factor=self.ledger.factors.add())
        own = [p for p in (module.weight, module.bias) if p is not None]
        if tag.axis >= shift:
            for parameter in own:
                self._made(new, self.names[id(parameter)], tag.axis - shift)
        if tag.axis < shift or len(own) < 2:
            self.ledger.limit(new.factor, Nature.PLAIN)
        return new

    def _pair(self, n: fx.Node, name: str) -> Tag | None:
        """Follow a sum or a product of two; a quotient is a product too."""
        given: tuple[Any, ...] = (*n.args, *n.kwargs.values())
        first, second, ndim = given[0], given[1], self.values[n].ndim
        a, b = (self.tags.get(x) if isinstance(x, fx.Node) else None for x in (first, second))
        summed, divided = name in _SUMS, name in _QUOTIENTS
        if a is not None and b is not None:
            # Broadcasting counts axes from the end.
            backs = self.values[first].ndim - a.axis, self.values[second].ndim - b.axis
            if backs[0] != backs[1] or a.repeat != b.repeat:
                return self._lost(n)
            self.ledger.orders.join(a.order, b.order)
            factor = self._sum(a, b) if summed else self._product(a, b, divided)
            return replace(a, axis=ndim - backs[0], factor=factor)
        if a is not None:
            back = self.values[first].ndim - a.axis
            return self._with_other(n, replace(a, axis=ndim - back), second, summed, False)
        if b is not None:
            back = self.values[second].ndim - b.axis
            return self._with_other(n, replace(b, axis=ndim - back), first, summed, divided)
        return self._lost(n)

    def _sum(self, a: Tag, b: Tag) -> int:
        self.ledger.factors.join(a.factor, b.factor)
        return a.factor

    def _product(self, a: Tag, b: Tag, divided: bool) -> int:
        """Return the factor of a product: that of the one that can change, if only one can."""
        if self.ledger.nature(b.factor) is Nature.PLAIN:
            return a.factor
        if divided or self.ledger.nature(a.factor) is not Nature.PLAIN:
            self.ledger.limit(a.factor, Nature.PLAIN)
            self.ledger.limit(b.factor, Nature.PLAIN)
        return b.factor

    def _with_other(
        self, n: fx.Node, tag: Tag, other: Any, summed: bool, below: bool
    ) -> Tag | None:
        """Follow a sum or product of units with a number, a parameter or a plain tensor."""
        value = self.values[other] if isinstance(other, fx.Node) else other
        name, back = self._parameter(other), self.values[n].ndim - tag.axis
        length = value.shape[-back] if isinstance(value, Tensor) and value.ndim >= back else 1
        if length > 1 and name is None:
            return self._lost(n)
        if length > 1:
            self._made(tag, str(name), value.ndim - back, acts=summed)
        if below or (summed and length == 1):  # 1 / unit, or the same shift for all units
            self.ledger.limit(tag.factor, Nature.PLAIN)
        return tag

    def _joined(self, n: fx.Node) -> Tag | None:
        """Follow tensors that are put one after the other along an axis without units."""
        given: tuple[Any, ...] = (*n.args, *n.kwargs.values())
        tags = [self.tags.get(part) for part in given[0]]
        first, along = tags[0], given[1] if len(given) > 1 else 0
        places = {None if tag is None else (tag.axis, tag.repeat) for tag in tags}
        if first is None or len(places) > 1 or along % self.values[n].ndim == first.axis:
            return self._lost(n)
        for tag in tags:
            if tag is not None:
                self.ledger.orders.join(first.order, tag.order)
                self._sum(first, tag)
        return first

    def _pooled(self, n: fx.Node, source: fx.Node, name: str) -> Tag | None:
        tag, (axes, nature) = self.tags.get(source), POOLS[name]
        if tag is not None and tag.axis >= self.values[source].ndim - axes:
            return self._lost(n)
        return self._limited(tag, nature)

    def _reduced(self, n: fx.Node, source: fx.Node, nature: Nature) -> Tag | None:
        tag, before, after = self.tags[source], self.values[source].ndim, self.values[n].ndim
        if set(n.kwargs) - {"dim", "keepdim"}:
            return self._lost(n)
        given: Any = n.kwargs.get("dim", n.args[1] if len(n.args) > 1 else None)
        dims = tuple(range(before)) if given is None else given
        gone = {d % before for d in (dims if isinstance(dims, tuple | list) else (dims,))}
        if tag.axis in gone:  # all units alike go into it: their order does not matter
            self.ledger.limit(tag.factor, Nature.PLAIN)
            return None
        lower = 0 if after == before else sum(d < tag.axis for d in gone)
        return self._limited(replace(tag, axis=tag.axis - lower), nature)

    def _reshaped(self, n: fx.Node, source: fx.Node) -> Tag | None:
        tag = self.tags.get(source)
        if tag is None:
            return None
        before, after = self.values[source].shape, self.values[n].shape
        place = after_reshape(before, after, tag.axis, tag.repeat)
        return self._lost(n) if place is None else replace(tag, axis=place[0], repeat=place[1])

    def _permuted(self, n: fx.Node, source: fx.Node, swaps: bool) -> Tag | None:
        tag, ndim = self.tags[source], self.values[source].ndim
        given = n.args[1] if isinstance(n.args[-1], tuple | list) else n.args[1:]
        if n.kwargs or not isinstance(given, tuple | list):
            return self._lost(n)
        dims = [int(d) % ndim for d in given if isinstance(d, int)]
        if swaps:
            axis = {dims[0]: dims[1], dims[1]: dims[0]}.get(tag.axis, tag.axis)
        else:
            axis = dims.index(tag.axis)
        return replace(tag, axis=axis)

    def _indexed(self, n: fx.Node, source: fx.Node) -> Tag | None:
        """Follow x[...] with whole numbers, slices and None, if all units are kept."""
        tag, index = self.tags[source], n.args[1]
        before = after = 0
        for each in index if isinstance(index, tuple) else (index,):
            kept = isinstance(each, slice)
            if not (each is None or kept or isinstance(each, int)):
                return self._lost(n)
            if each is not None and before == tag.axis:
                return replace(tag, axis=after) if each == slice(None) else self._lost(n)
            before += each is not None
            after += kept or each is None
        return replace(tag, axis=after + tag.axis - before)

    def _limited(self, tag: Tag | None, nature: Nature) -> Tag | None:
        if tag is not None:
            self.ledger.limit(tag.factor, nature)
        return tag

    def _read(self, source: fx.Node, block: str, axis: int, channel: int) -> None:
        """Note that a weight reads the units of a tensor, or that it reads what has none."""
        tag = self.tags.get(source)
        if tag is not None and tag.axis == channel:
            self.ledger.use(Use(block, axis, tag.repeat, tag.order, tag.factor, inward=False))
        else:
            self.ledger.fix(block, axis)
            self._close(source, f"{block} reads another axis")

    def _made(self, tag: Tag, block: str, axis: int, acts: bool = True) -> None:
        """Note that a parameter belongs to the units; `acts`: that it sets their scale."""
        factor = tag.factor if acts else None
        self.ledger.use(Use(block, axis, tag.repeat, tag.order, factor, inward=True))

    def _close(self, n: fx.Node, reason: str) -> None:
        tag = self.tags.get(n)
        if tag is not None:
            self.ledger.close(tag.order, reason)

    def _lost(self, n: fx.Node, module: nn.Module | None = None, has: str = "") -> None:
        """Leave out the units that go into an operation, and keep its parameters as they are."""
        what = type(module).__name__ if module is not None else _title(n)
        reason = f"{what} has {has}" if has else f"{what} is not understood"
        for each in n.all_input_nodes:
            self._close(each, reason)
            name = self._parameter(each)
            if name is not None:
                self._fix(name, self.values[each].ndim)
        own = list(module.parameters()) if module is not None else []
        for parameter in own:
            self._fix(self.names[id(parameter)], parameter.ndim)
        if own and not any(each in self.tags for each in n.all_input_nodes):
            self.ledger.skip(str(n.target), reason)

    def _fix(self, name: str, ndim: int) -> None:
        for axis in range(ndim):
            self.ledger.fix(name, axis)

    def _parameter(self, given: Any) -> str | None:
        value = self.values.get(given) if isinstance(given, fx.Node) else None
        return self.names.get(id(value)) if isinstance(value, nn.Parameter) else None

    def _owns(self, module: nn.Module) -> bool:
        """Whether the module's weights are parameters, not made of others as by weight_norm."""
        names = ("weight", "bias")
        given = [getattr(module, name, None) for name in names]
        return all(not isinstance(p, Tensor) or id(p) in self.names for p in given)


def _title(n: fx.Node) -> str:
    return str(n.target) if n.op == "call_method" else getattr(n.target, "__name__", str(n.target))
