"""Tells PyInstaller where the hook lies that finds all compiled modules."""

from pathlib import Path


def hook_directories():
    return [str(Path(__file__).parent)]
