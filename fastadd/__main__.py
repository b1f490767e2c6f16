"""`python -m fastadd`: see `python -m fastadd --help`."""

import sys

from fastadd._compare.command import main

if __name__ == "__main__":
    sys.exit(main())
