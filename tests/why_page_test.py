"""The page docs/why-rfc9293.md is what the command writes, and no sentence on it is stale.

Usage: why_page_test.py TCPMC SOURCE_DIR. With TCPMC_UPDATE_GOLDEN=1 the page is written anew instead of compared; look at
the difference before committing it.
"""
import difflib
import os
import subprocess
import sys

TCPMC, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PAGE = os.path.join(SOURCE, "docs", "why-rfc9293.md")

result = subprocess.run([TCPMC, "why", "rfc9293", "--markdown", "--explanations", "docs/why-rfc9293.json", "--progress", "none"],
                        capture_output=True, text=True, cwd=SOURCE, check=False)
sys.stderr.write(result.stderr)
if os.environ.get("TCPMC_UPDATE_GOLDEN"):
    with open(PAGE, "w", encoding="utf-8") as out:
        out.write(result.stdout)
with open(PAGE, encoding="utf-8") as page:
    shown = page.read()
difference = list(difflib.unified_diff(shown.splitlines(), result.stdout.splitlines(), "docs/why-rfc9293.md", "tcpmc why", lineterm="", n=0))
print("\n".join(difference[:40]))
sys.exit(1 if difference or result.returncode != 0 else 0)
