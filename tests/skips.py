"""What was skipped, in a few lines instead of one for each test."""

import re
from collections import Counter

MISSING = re.compile(r"could not import '([\w.]+)'")


def condensed(reasons):
    """Lines of the reasons, with how many tests each skipped; the modules that are not
    installed share one."""
    modules, others = Counter(), Counter()
    for reason in reasons:
        text = reason.removeprefix("Skipped: ")
        found = MISSING.match(text)
        if found:
            modules[found[1].partition(".")[0]] += 1
        else:
            others[text] += 1
    if modules:
        listed = ", ".join(f"{name} ({n})" for name, n in sorted(modules.items()))
        yield f"{modules.total()} skipped, not installed: {listed}"
    for text, count in others.most_common():
        yield f"{count} skipped: {text}"
