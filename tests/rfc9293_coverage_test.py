"""docs/coverage-of-rfc9293.md is complete and up to date, and what is missing on it would be noticed.

Usage: rfc9293_coverage_test.py TCPMC SOURCE_DIR
"""
import importlib.machinery
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import unittest

SCRIPT = pathlib.Path(sys.argv.pop()).resolve() / "scripts" / "coverage-of-rfc9293"
TCPMC = sys.argv.pop()
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("coverage", str(SCRIPT))
coverage = importlib.util.module_from_spec(importlib.util.spec_from_loader("coverage", loader))
loader.exec_module(coverage)


class Page(unittest.TestCase):
    def setUp(self):
        self.rules = coverage.rules_of(json.loads(coverage.without_comments(coverage.REFERENCE.read_text(encoding="utf-8"))))
        self.hand = coverage.PAGE.read_text(encoding="utf-8").partition(coverage.MARK)[0]

    def problems(self, change, rules=None):
        changed = change(self.hand)
        self.assertTrue(changed != self.hand or rules)
        return "\n".join(coverage.check(changed, rules or self.rules)[0])

    def test_it_is_complete(self):
        result = subprocess.run([sys.executable, SCRIPT, TCPMC], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_what_is_wrong_is_noticed(self):
        row = re.search(r"^\| M3 .*\n", self.hand, re.M).group()
        self.assertIn("the step M3 is not on the page", self.problems(lambda page: page.replace(row, "")))
        self.assertIn("M3", self.problems(lambda page: page.replace(row, row + row)))
        self.assertIn("there is no rule 'fin-fin-wait-7'", self.problems(lambda page: page.replace("`fin-fin-wait-2`", "`fin-fin-wait-7`")))
        self.assertIn("'no-ack' is not on the page", self.problems(lambda page: page.replace("| `no-ack` |", "| left out: nobody ever omits it |")))
        self.assertIn("J0: neither a rule", self.problems(lambda page: page.replace("| `no-ack` |", "| |")))
        self.assertIn("J0: left out without a reason", self.problems(lambda page: page.replace("| `no-ack` |", "| left out: |")))
        self.assertIn("J0: left out without a reason", self.problems(lambda page: page.replace("| `no-ack` |", "| left out: as J2 |")))
        self.assertIn("there is no model/tcp/variants/full-duplex-close", self.problems(lambda page: page.replace("variants/half-", "variants/full-")))
        self.assertIn("'new-rule' is not on the page", self.problems(lambda page: page, self.rules + [("new-rule", "output", "none", False)]))


if __name__ == "__main__":
    unittest.main()
