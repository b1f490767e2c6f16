"""Print what is in wheels, by the bytes that it takes there; fail above 1.5 MB."""

import sys
import zipfile
from pathlib import Path

LIMIT = 1_500_000

heavy = False
for path in map(Path, sys.argv[1:]):
    size = path.stat().st_size
    heavy |= size > LIMIT
    print(f"{size:>9,}  {path.name} ({LIMIT:,} allowed)")
    members = zipfile.ZipFile(path).infolist()
    for member in sorted(members, key=lambda member: -member.compress_size):
        print(f"{member.compress_size:>9,}  {member.file_size:>9,}  {member.filename}")
sys.exit(heavy)
