"""What is imported by compiled code, or by a name that is made up when it runs."""

from PyInstaller.utils.hooks import collect_submodules

# What `python -m fastadd` takes would bring torch and the like along.
NOT_NEEDED = ("fastadd._pyinstaller", "fastadd._compare", "fastadd.__main__")

hiddenimports = collect_submodules(
    "fastadd", filter=lambda name: not name.startswith(NOT_NEEDED)
)
