"""The command line: `thalweg COMMAND`. Nothing heavy is imported before a command runs."""

from thalweg.cli.app import entry, main

__all__ = ["entry", "main"]
