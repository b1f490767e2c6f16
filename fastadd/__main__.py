"""`python -m fastadd`: see `python -m fastadd --help`."""

import sys

from fastadd._compare.command import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # as of a program that the signal ends
