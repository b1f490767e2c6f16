"""What is imported by compiled code, or by a name that is made up when it runs."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules(
    "fastadd", filter=lambda name: not name.startswith("fastadd._pyinstaller")
)
