"""The house has no cycles: every folder includes only what it may. Usage: layers_test.py SOURCE_DIR"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "model/language": {"model/language"},
    "model/system": {"model/system", "model/language"},
    "checker": {"checker"},
    "properties": {"properties", "model/system", "model/language"},
    "traces": {"traces", "model/system", "model/language"},
    "exports": {"exports", "properties", "model/system", "model/language"},
    "cli": {"cli", "exports", "traces", "properties", "checker", "model/system", "model/language"},
}

root = pathlib.Path(sys.argv[1])
mistakes = []
for folder, allowed in MAY_INCLUDE.items():
    for path in sorted((root / folder).glob("*.[ch]pp")):
        text = path.read_text(encoding="utf-8")
        for included in re.findall(r'#include "([^"]+)/[^/"]+"', text):
            if included not in allowed:
                mistakes.append(f"{path.relative_to(root)} includes {included}")
        if folder == "checker" and re.search(r"\bTCP\b|\bsegment\b|\bSYN\b", text.replace("knows nothing of TCP", "")):
            mistakes.append(f"{path.relative_to(root)} speaks of TCP")
print("\n".join(mistakes) or "all includes point the right way")
sys.exit(1 if mistakes else 0)
