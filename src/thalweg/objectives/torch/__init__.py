"""The PyTorch adapter: any module, loss and batches as an objective."""

from thalweg.core.errors import MissingExtraError

try:
    import torch  # noqa: F401
except ImportError as fault:
    wanted, mend = "the PyTorch adapter needs torch", "pip install 'thalweg[torch]'"
    raise MissingExtraError(wanted, "not installed", mend) from fault
