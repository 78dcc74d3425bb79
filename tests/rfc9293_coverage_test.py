"""docs/coverage-of-rfc9293.md is complete and up to date, and what is missing on it would be noticed.

Usage: rfc9293_coverage_test.py TCPMC SOURCE_DIR
"""
import importlib.machinery
import importlib.util
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
        self.rules = coverage.rules_of(coverage.read(coverage.REFERENCE))
        self.hand = coverage.PAGE.read_text(encoding="utf-8").partition(coverage.MARK)[0]

    def problems(self, page, rules=None):
        self.assertTrue(page != self.hand or rules)
        return "\n".join(coverage.check(coverage.with_links(page, rules or self.rules), rules or self.rules)[0])

    def row(self, label):
        return re.search(rf"^\| {label} \|.*\n", self.hand, re.M).group()

    def with_rules(self, *changed):
        """The page with other rules at some steps: label, last cell, label, last cell, ..."""
        page = self.hand
        for label, does in zip(changed[::2], changed[1::2]):
            page = page.replace(self.row(label), self.row(label).rpartition(" | ")[0].rstrip("|") + f" | {does} |\n")
        return page

    def replaced(self, old, new):
        self.assertIn(old, self.hand)
        return self.hand.replace(old, new)

    def test_it_is_complete(self):
        result = subprocess.run([sys.executable, SCRIPT, TCPMC], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_what_is_missing_is_noticed(self):
        row = self.row("M3")
        self.assertIn("the step M3 is not on the page", self.problems(self.replaced(row, "")))
        self.assertIn("3.10.7.4, eighth: nothing is said of paragraph 5", self.problems(self.replaced(row, "")))
        self.assertIn("the label M3 is unknown or stands twice", self.problems(self.replaced(row, row + row)))
        self.assertIn("'no-ack' is not on the page", self.problems(self.with_rules("J0", "left out: pace")))
        self.assertIn("J0: neither a rule", self.problems(self.with_rules("J0", "")))
        new = coverage.Rule("new-rule", "output", "none", False, frozenset(), ())
        self.assertIn("'new-rule' is not on the page", self.problems(self.hand, self.rules + [new]))

    def test_every_paragraph_and_requirement_is_kept(self):
        for place, (count, _) in coverage.PLACES.items():
            if count:
                page = re.sub(rf"^(\| \S+ \| {re.escape(place)}) ¶[\d,-]+", r"\1", self.hand, flags=re.M)
                self.assertIn(f"{place}: nothing is said of paragraph {count}", self.problems(page))
        for place, names in coverage.REQUIREMENTS.items():
            for name in names.split():
                page = re.sub(rf"^(\| \S+ \| {re.escape(place)}[ :].*)\b{name}\b", r"\1", self.hand, flags=re.M)
                page = re.sub(rf"^(\| \S+ \| {re.escape(place)}[ :].*)\b{name}\b", r"\1", page, flags=re.M)
                self.assertIn(f"{place}: nothing is said of {name}", self.problems(page))

    def test_what_does_not_exist_is_noticed(self):
        self.assertIn("there is no rule 'fin-fin-wait-7'", self.problems(self.with_rules("M3", "`fin-fin-wait-7`")))
        self.assertIn("there is no variant 'full-duplex-close'", self.problems(self.replaced("variants/half-", "variants/full-")))
        self.assertIn("Q14: there is no place 3.4.4", self.problems(self.replaced("(by 3.4.3)", "(by 3.4.4)")))
        self.assertIn("L1: stands at", self.problems(self.replaced("| L1 | 3.10.7.2, first", "| L1 | 3.10.7.2, second")))
        self.assertIn("A6: 3.10.5 has 7 paragraphs", self.problems(self.replaced("| A6 | 3.10.5 ¶1", "| A6 | 3.10.5 ¶1-8")))

    def test_a_rule_at_the_wrong_step_is_noticed(self):
        swapped = self.problems(self.with_rules("L1", "`listen-ack`", "L2", "`listen-rst`"))
        self.assertIn("L1: 'listen-ack' cites RFC 9293 3.10.7.2, second, not 3.10.7.2, first", swapped)
        self.assertIn("L2: 'listen-rst' cites", swapped)
        self.assertIn("K1: 'status' cites", self.problems(self.with_rules("K1", "`status`, `text-no-room`")))
        self.assertIn("C3: 'close-listen' is in LISTEN, the step in SYN-SENT", self.problems(self.with_rules("C3", "`close-listen`")))
        self.assertIn("K2: no rule is in CLOSING", self.problems(self.with_rules("K2", "`text-after-fin`, `time-wait-other`")))
        self.assertIn("E1: no rule cites 3.10.7.4, fifth", self.problems(self.with_rules("E1", "`open-active`, `listen-syn`, `syn-sent-syn-ack`")))
        self.assertIn("H4: 'rst-closing' stands twice", self.problems(self.with_rules("H4", "`rst-closing`, `rst-closing`, `rst-time-wait`")))
        self.assertIn("'crash' cites 3.5.1, but is at no step there",
                      self.problems(self.with_rules("E8", "`closed-ack`", "E9", "`closed-ack`", "E10", "`closed-ack`")))

    def test_a_variant_of_another_step_is_noticed(self):
        page = self.replaced("variants/refused-tries-again.json", "variants/no-time-wait.json")
        self.assertIn("H2: the variant 'no-time-wait' changes none of the rules", self.problems(page))
        page = self.replaced("variants/half-duplex-close.json", "variants/rfc1337.json")
        self.assertIn("C9: the variant 'rfc1337' changes none of the rules", self.problems(page))
        page = self.with_rules("H2", "variant [x](../model/tcp/variants/refused-tries-again.json)")
        self.assertIn("H2: neither a rule nor left out", self.problems(page))

    def test_a_reason_is_one_of_the_list(self):
        self.assertIn("J0: left out for '', which is none", self.problems(self.with_rules("J0", "left out:")))
        self.assertIn("T3: left out for 'we do not care much', which is none", self.problems(self.with_rules("T3", "left out: we do not care much")))
        self.assertIn("'time-wait-over' cites 3.10.8, but is at no step there", self.problems(self.with_rules("T3", "left out: pace")))
        row = re.search(r"^\| pace \|.*\n", self.hand, re.M).group()
        self.assertIn("the reason 'pace' is no sentence", self.problems(self.replaced(row, "| pace | who cares |\n")))
        self.assertIn("the reason 'whim' is given nowhere", self.problems(self.replaced(row, row + "| whim | We do not like to have it here. |\n")))

    def test_rules_are_linked(self):
        link = "[`no-ack`](why-rfc9293.md#no-ack)"
        plain = self.replaced(link, "`no-ack`")
        self.assertIn("J0: the rules are not linked", "\n".join(coverage.check(plain, self.rules)[0]))
        self.assertEqual(coverage.with_links(plain, self.rules), self.hand)

    def test_citations(self):
        self.assertEqual(coverage.cited("RFC 9293 3.10.7.4, first, fifth and eighth; 3.6.1"),
                         {"3.10.7.4, first", "3.10.7.4, fifth", "3.10.7.4, eighth", "3.6.1"})
        self.assertEqual(coverage.cited("RFC 9293 3.10.4, 3.10.7.4 fifth; RFC 5961 3.2"), {"3.10.4", "3.10.7.4, fifth"})
        self.assertEqual(coverage.cited("common practice, not in RFC 9293"), {"practice"})


if __name__ == "__main__":
    unittest.main()
