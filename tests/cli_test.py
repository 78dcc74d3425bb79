"""The tcpmc command as its users meet it: exit codes, streams, messages, and golden files of what is printed.

Usage: cli_test.py TCPMC SOURCE_DIR [unittest arguments]. With TCPMC_UPDATE_GOLDEN=1 the golden files are written
anew instead of compared; look at the difference before committing it.
"""
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import xml.etree.ElementTree

TCPMC, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
GOLDEN = os.path.join(SOURCE, "tests", "golden")


def run(*arguments, cwd=None, stdin=None):
    return subprocess.run([TCPMC, *arguments], capture_output=True, text=True, cwd=cwd, input=stdin, check=False)


def without_time(text):
    """Elapsed times differ from run to run; nothing else may."""
    return re.sub(r"\d+(\.\d)? s, input", "TIME, input", text)


def compare(case, name, text):
    """With a golden file."""
    path = os.path.join(GOLDEN, name)
    if os.environ.get("TCPMC_UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
    case.maxDiff = None
    with open(path, encoding="utf-8") as golden:
        case.assertEqual(golden.read(), text)


class Golden(unittest.TestCase):
    def test_unused_options(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run("check", "--protocol", "rfc9293", "--scenario", "open-stale-syn", "--property", "no-stale-revival",
                         "--checkpoint", folder, "--max-depth", "3")
        self.assertEqual(result.returncode, 0)
        self.assertIn("--checkpoint has no effect on the question", result.stderr)
        self.assertIn("--max-depth has no effect on the question", result.stderr)

    def test_reduced(self):
        asked = ("check", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close", "--format", "json")
        whole, reduced = (json.loads(run(*asked, *more).stdout)["rows"][0] for more in ((), ("--reduce", "all")))
        self.assertEqual([a["verdict"] for a in whole["answers"]], [a["verdict"] for a in reduced["answers"]])
        self.assertEqual((whole["reduced"], reduced["reduced"]), ([], ["faults"]))
        self.assertEqual(reduced["not_reduced"], ["symmetry: A starts in CLOSED and B in LISTEN"])
        self.assertLess(reduced["states"], whole["states"])
        refused = run(*asked, "--reduce", "symmetry")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--reduce symmetry is not possible: A starts in CLOSED and B in LISTEN", refused.stderr)

    def test_many_segments_at_once(self):
        sends = ", ".join(['"send SYN seq=iss"'] * 9)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "many.json"), "w", encoding="utf-8") as out:
                out.write('{ "variant": "many", "of": "rfc9293", "cite": "a test", "says": "too much",\n  "changes": [ { "replace": '
                          '"open-active", "with": { "id": "nine", "in": "CLOSED", "do": [ %s ] } } ] }\n' % sends)
            result = run("check", "--protocol", "./many.json", "--scenario", "close-one-loss", cwd=folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("many.json:2:", result.stderr)
        self.assertIn("one event sends more than 8 segments", result.stderr)

    def test_two_way_handshake(self):
        result = run("check", "--protocol", "two-way-handshake", "--scenario", "open-stale-syn", "--property", "no-stale-revival")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        compare(self, "two-way-handshake.txt", without_time(result.stdout))

    def test_old_data(self):
        result = run("check", "--protocol", "rfc9293", "--scenario", "reuse-with-data", "--property", "no-stale-data")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        compare(self, "old-data.txt", without_time(result.stdout))

    def test_holds(self):
        result = run("check", "--protocol", "time-wait-2msl", "--scenario", "close-one-loss", "--property", "reliable-close")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        compare(self, "holds.txt", without_time(result.stdout))

    def test_show_protocol(self):
        compare(self, "show-rfc9293.txt", run("show", "rfc9293").stdout)

    def test_show_variant(self):
        compare(self, "show-rfc1337.txt", run("show", "rfc1337").stdout)

    def test_show_states(self):
        compare(self, "show-states.txt", run("show", "rfc9293", "--states").stdout)

    def test_list(self):
        compare(self, "list.txt", run("list").stdout)

    def test_simulate_violated(self):
        result = run("simulate", "--protocol", "time-wait-1msl", "--scenario", "close-one-loss", "--property", "reliable-close",
                     "--property", "stuck", "--seed", "1", "--walks", "2000")
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        compare(self, "simulate-violated.txt", without_time(result.stdout))

    def test_simulate_inconclusive(self):
        result = run("simulate", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement", "--seed", "1", "--walks", "500")
        self.assertEqual((result.returncode, result.stderr), (3, ""))
        compare(self, "simulate-inconclusive.txt", without_time(result.stdout))

    def test_sweep(self):
        with tempfile.TemporaryDirectory() as folder:
            files = {kind: os.path.join(folder, "sweep." + kind) for kind in ("csv", "json", "svg")}
            result = run("sweep", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close",
                         "--set", "r2=0", "--over", "loss=0..1", "--over", "rto=2..4", "--over", "time_wait=1..7",
                         "--law", "time_wait >= msl + loss * rto", *(x for k, f in files.items() for x in ("--" + k, f)))
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            hashes = re.compile(r'("input": "|input )[0-9a-f]{16}')  # change with every change of rfc9293.json
            compare(self, "sweep.txt", hashes.sub(r"\1HASH", without_time(result.stdout)))
            for kind, path in files.items():
                with open(path, encoding="utf-8") as f:
                    compare(self, "sweep." + kind, hashes.sub(r"\1HASH", f.read()))

    def test_trace_json(self):
        with tempfile.TemporaryDirectory() as folder:
            run("check", "--protocol", "two-way-handshake", "--scenario", "open-stale-syn", "--property", "no-stale-revival",
                "--traces", folder)
            with open(os.path.join(folder, "two-way-handshake.open-stale-syn.no-stale-revival.json"), encoding="utf-8") as f:
                trace = json.load(f)
            trace["sources"] = [{"path": s["path"], "text": "..."} for s in trace["sources"]]
            compare(self, "two-way-handshake.json", json.dumps(trace, indent=2) + "\n")


KNOCK_LINT = """no rule for the call OPEN in: WAITING; OPEN
0 times an event may match no rule although some rule of it names the state
0 pairs of rules where the order decides and neither is a special case of the other
3 pairs whose later rule takes what the earlier leaves
tcpmc 0.1.0: lint of knock: 5 rules, 0 never match
"""


class Rules(unittest.TestCase):
    """What is said about rules: which fire, which are odd, what breaks without one."""

    def check(self, *more):
        return run("check", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement", *more)

    def test_rules_are_counted(self):
        short, listed = self.check(), self.check("--rules")
        self.assertEqual((short.returncode, listed.returncode), (0, 0))
        self.assertRegex(short.stdout, r"\nrules: \d+ of \d+ fired \(--rules lists the others\)\n")
        self.assertNotIn("never fired", short.stdout)
        self.assertIn("user-time-out", listed.stdout.split("never fired: ")[1])

    def test_werror(self):
        result = self.check("--werror")
        self.assertEqual(result.returncode, 1)
        self.assertIn("never fired: ", result.stdout)
        self.assertRegex(result.stdout, r"no violation, \d+ warnings as errors; ")

    def test_werror_vacuous(self):
        # Every rule of it fires, and nothing that the property is about happens.
        knock = os.path.join(SOURCE, "tests", "cross_check")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "never.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write('{ "property": "never", "says": "s", "never": "false", "witness": "state == OPEN && peer.state == QUIET" }')
            question = ["check", "--protocol", knock + "/knock.json", "--scenario", knock + "/knock-set.json", "--property", path]
            self.assertEqual(run(*question).returncode, 0)
            result = run(*question, "--werror", "--format", "json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("never holds vacuously", json.loads(result.stdout)["warnings"])

    def test_json(self):
        row = json.loads(self.check("--format", "json").stdout)["rows"][0]
        self.assertTrue(row["explored_to_the_end"])
        self.assertIn("user-time-out", row["never_fired"])
        self.assertGreater(row["rules"], len(row["never_fired"]))

    def test_lint(self):
        result = run("lint", os.path.join(SOURCE, "tests", "cross_check", "knock.json"), "--all")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, KNOCK_LINT)

    # Found: without --set buffer=1 the rules for RECEIVE counted as dead, and what is not proven as well.
    def test_lint_finds_nothing_dead_in_what_is_built_in(self):
        for name in ("rfc9293", "rfc1337", "four-message-handshake-a", "early-close-literal"):
            for buffer in ("0", "1"):
                result = run("lint", name, "--set", f"buffer={buffer}", "--werror", "--format", "json")
                self.assertEqual(result.returncode, 0, name)
                self.assertEqual(json.loads(result.stdout)["never_match"], [], name)

    # Found: most questions were left out, since all suites together have more properties than a search takes.
    def test_why_leaves_out_no_question_for_having_many_properties(self):
        suites = [x for s in ("tcp-lifecycle", "rfc9293-steps", "attacker", "catalogue-closing", "ports") for x in ("--suite", s)]
        told = json.loads(run("why", "rfc9293", "status", *suites, "--max-states", "2000", "--json", "--progress", "none").stdout)
        self.assertEqual([x for x in told["left_out"] if "properties in one run" in x], [])
        asked = {}
        for q in told["questions"]:
            asked[q["question"]] = asked.get(q["question"], 0) + len(q["properties"]) + len(q["violated_anyway"])
        self.assertGreater(max(asked.values()), 28)

    # Found: nothing was asked about rules that refuse a call.
    def test_why_of_a_rule_that_refuses(self):
        result = run("why", "rfc9293", "open-active-quiet", "--suite", "rfc9293-steps", "--progress", "none")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("without it, quiet-time-is-kept is violated", result.stdout)

    # Found: "never fires", exit code 0.
    def test_why_where_nothing_can_be_asked(self):
        knock = os.path.join(SOURCE, "tests", "cross_check", "knock.json")
        for command in (("why", knock, "open"), ("why", "rfc9293", "status", "--max-states", "5")):
            result = run(*command, "--progress", "none")
            self.assertEqual((result.returncode, result.stdout), (2, ""), command)
            self.assertIn("no question of the suites can be asked of '", result.stderr)

    # Found: a property with a mistake in it was dropped silently.
    def test_why_tells_which_properties_fit_nowhere(self):
        with tempfile.TemporaryDirectory() as folder:
            typo, suite = os.path.join(folder, "typo.json"), os.path.join(folder, "suite.json")
            with open(typo, "w", encoding="utf-8") as f:
                f.write('{ "property": "typo", "says": "s", "never": "sate == CLOSED" }')
            with open(suite, "w", encoding="utf-8") as f:
                f.write('{ "suite": "s", "rows": [ { "question": "q", "protocol": "rfc9293", "scenario": "silent-server", "expect": '
                        '{ "agreement": "holds", "%s": "holds" } } ] }' % typo)
            result = run("why", "rfc9293", "status", "--suite", suite, "--progress", "none")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(re.sub(r"\s+", " ", result.stdout), r"not asked: typo in any scenario: .*sate.*typo\.json:1:")

    def test_why_of_no_rule(self):
        result = run("why", "rfc9293", "syn-acknowledge")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'rfc9293' has no rule 'syn-acknowledge'\n  hint: did you mean 'syn-acknowledged'?", result.stderr)

    def test_why_with_a_stale_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = {}
            for name, text in (("why.json", '{ "explanations": "knock", "rules": { "open": { "without `goto NOWHERE`": "s" } } }'),
                               ("never.json", '{ "property": "never", "says": "s", "never": "false" }'),
                               ("suite.json", '{ "suite": "s", "rows": [ { "question": "q", "protocol": "p", "scenario": "%s/knock-any.json", "expect": { "./never.json": "holds" } } ] }'
                                % os.path.join(SOURCE, "tests", "cross_check"))):
                paths[name] = os.path.join(folder, name)
                with open(paths[name], "w", encoding="utf-8") as f:
                    f.write(text)
            result = run("why", os.path.join(SOURCE, "tests", "cross_check", "knock.json"), "--suite", paths["suite.json"],
                         "--explanations", paths["why.json"])
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("stale: no change of the rule 'open' that goes unnoticed is called 'without `goto NOWHERE`'", result.stderr)


class WholeSuites(unittest.TestCase):
    """Not run under sanitizers."""

    def test_suite(self):
        result = run("check", "--progress", "none")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        compare(self, "tcp-lifecycle.txt", without_time(result.stdout))

    def test_unexpected_verdict(self):
        result = run("check", "--set", "time_wait=1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("(expected: holds)", result.stdout)
        self.assertIn("not as expected", result.stdout.splitlines()[-1])

    def test_why_of_one_rule(self):
        result = run("why", "rfc9293", "syn-acknowledged", "--suite", "tcp-lifecycle", "--progress", "none")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("without it, ", result.stdout)
        self.assertIn("without the condition `una < seg.ack`: ", result.stdout)


class Readme(unittest.TestCase):
    """What the README shows is what the command prints, and its own variant does what it says."""

    def setUp(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
            self.text = f.read()

    def test_counterexample(self):
        with open(os.path.join(GOLDEN, "two-way-handshake.txt"), encoding="utf-8") as f:
            shown = re.sub(r"TIME, input", "0.0 s, input", f.read()).strip()
        self.assertIn(shown, self.text)

    def test_own_variant(self):
        variant = re.search(r"```json\n(.*?)```", self.text, re.S).group(1)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "any-ack.json"), "w", encoding="utf-8") as f:
                f.write(variant)
            result = run("check", "--protocol", "./any-ack.json", "--scenario", "two-connections", "--property", "no-stale-revival", cwd=folder)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("no-stale-revival: violated, 8 steps", result.stdout)

    def test_sweep(self):
        block = re.search(r"```\n\$ tcpmc (sweep .*?)\n(.*?)```", self.text, re.S)
        printed = run(*block.group(1).split()).stdout.splitlines()
        for line in block.group(2).splitlines():
            self.assertIn(line, printed)

    def test_four_messages(self):
        trace = run("check", "--protocol", "four-message-handshake-a", "--scenario", "two-connections", "--property", "no-stale-revival").stdout
        shown = textwrap.indent(trace[:trace.index("\nno-stale-revival: ")].strip("\n"), "    ")
        self.assertIn(f"    ```\n{shown}\n    ```\n", self.text)

    def test_size_of_the_suite(self):
        with open(os.path.join(GOLDEN, "tcp-lifecycle.txt"), encoding="utf-8") as f:
            table = f.read()
        questions = len(re.findall(r"^\S.*\?$", table, re.M))
        verdicts = re.search(r": (\d+) verdicts: all as expected", table).group(1)
        self.assertIn(f"{questions} questions and {verdicts} verdicts", self.text)


class Traces(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        run("check", "--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close", "--traces", folder.name)
        self.path = os.path.join(folder.name, "no-time-wait.close-one-loss.reliable-close.json")
        with open(self.path, encoding="utf-8") as f:
            self.text = f.read()

    def rewritten(self, text):
        path = self.path + ".changed.json"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def test_replay(self):
        result = run("trace", "replay", self.path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("the run violates reliable-close", result.stdout)

    def test_show_prints_what_check_prints(self):
        shown = run("trace", "show", self.path)
        checked = run("check", "--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn(shown.stdout.split("\nreplayed")[0].strip(), checked.stdout)

    def test_a_changed_state_is_noticed(self):
        result = run("trace", "replay", self.rewritten(self.text.replace('"state": "LAST-ACK"', '"state": "CLOSING"', 1)))
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"changed\.json:\d+:\d+: step \d+: the file and the replay differ in \"B\"")

    def test_a_changed_step_is_noticed(self):
        changed = json.loads(self.text)
        changed["steps"][1]["segment"]["seq"] = 7
        result = run("trace", "replay", self.rewritten(json.dumps(changed)))
        self.assertEqual(result.returncode, 2)
        self.assertIn("the trace cannot be replayed", result.stderr)

    # Found: only the steps were compared, so a file could claim anything else.
    def test_whatever_else_is_changed_is_noticed(self):
        def changed(*keys, to):
            document = json.loads(self.text)
            at = document
            for key in keys[:-1]:
                at = at[key]
            at[keys[-1]] = to
            return document
        for keys, to in ((("trace",), "agreement"), (("protocol",), "rfc9293"), (("scenario",), "no-faults"), (("says",), "nothing"),
                         (("cite",), "nobody"), (("time",), "untimed"), (("network", "loss"), 9), (("parameters", "A", "rto"), 99),
                         (("start", "A", "state"), "ESTABLISHED"), (("steps", 0, "colour"), "red"), (("colour",), "red")):
            result = run("trace", "replay", self.rewritten(json.dumps(changed(*keys, to=to))))
            self.assertEqual((result.returncode, result.stdout), (2, ""), keys)
            self.assertRegex(result.stderr, r"changed\.json:\d+:\d+: .*(the file and the replay differ in|the scenario's network is another)", keys)

    def test_with_files_of_ones_own(self):
        folder = os.path.dirname(self.path)
        with open(os.path.join(folder, "mine.json"), "w", encoding="utf-8") as f:
            f.write('{ "variant": "mine", "of": "no-time-wait", "cite": "c", "says": "s", "changes": [] }')
        run("check", "--protocol", "./mine.json", "--scenario", "close-one-loss", "--property", "reliable-close", "--set", "r2=2", "--traces", ".", cwd=folder)
        result = run("trace", "replay", os.path.join(folder, "mine.close-one-loss.reliable-close.r2=2.json"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    # Found: two names could become one file, and the second trace took the first one's place.
    def test_each_name_has_a_file_of_its_own(self):
        folder = os.path.dirname(self.path)
        names = {"a/b": "a%2Fb", "a b": "a+b", "a_b": "a_b", "a+b": "a%2Bb"}
        for name in names:
            with open(os.path.join(folder, "odd.json"), "w", encoding="utf-8") as f:
                json.dump({"variant": name, "of": "no-time-wait", "cite": "c", "says": "s", "changes": []}, f)
            run("check", "--protocol", "./odd.json", "--scenario", "close-one-loss", "--property", "reliable-close", "--traces", "odd", cwd=folder)
        self.assertEqual(set(os.listdir(os.path.join(folder, "odd"))), {f"{file}.close-one-loss.reliable-close.json" for file in names.values()})

    def test_a_shortened_trace_does_not_violate(self):
        changed = json.loads(self.text)
        del changed["steps"][-1]
        result = run("trace", "replay", self.rewritten(json.dumps(changed)))
        self.assertEqual(result.returncode, 2)
        self.assertIn("does not violate", result.stderr)

    def test_not_a_trace(self):
        result = run("trace", "replay", self.rewritten("{}"))
        self.assertEqual(result.returncode, 2)
        self.assertIn('"trace" is missing here', result.stderr)

    def test_truncated(self):
        result = run("trace", "show", self.rewritten(self.text[:1000]))
        self.assertEqual(result.returncode, 2)
        self.assertIn("is it truncated?", result.stderr)


class Commands(unittest.TestCase):
    def test_nothing_else_on_stdout_with_json(self):
        result = run("check", "--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close", "--format", "json")
        self.assertEqual(result.returncode, 1)
        answer = json.loads(result.stdout)["rows"][0]["answers"][0]
        self.assertEqual((answer["property"], answer["verdict"], answer["shortest"]), ("reliable-close", "violated", True))
        self.assertEqual(len(answer["trace"]["steps"]), answer["steps"])

    # Found: a report without rows and without a word of the mistake.
    def test_bad_input_with_json_leaves_stdout_empty(self):
        result = run("check", "--protocol", "rfc9293", "--scenario", "nope", "--format", "json")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("nope", result.stderr)

    # Found: the process was aborted.
    def test_messages_that_cannot_be_written(self):
        for command in (["nope"], ["lint", "nope"], ["check", "--bad"], ["list", "x"]):
            self.assertEqual(subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", TCPMC, *command], stdout=subprocess.DEVNULL, check=False).returncode, 2, command)
            with open("/dev/full", "w", encoding="utf-8") as full:
                self.assertEqual(subprocess.run([TCPMC, *command], stdout=subprocess.DEVNULL, stderr=full, check=False).returncode, 2, command)

    # Found: what had been found was lost with it.
    def test_a_trace_that_cannot_be_written_is_still_shown(self):
        question = ["check", "--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close"]
        with tempfile.TemporaryDirectory() as folder:
            told = run(*question, "--traces", folder)
            (name,) = os.listdir(folder)
            os.remove(os.path.join(folder, name))
            os.mkdir(os.path.join(folder, name))
            result = run(*question, "--traces", folder)
        self.assertEqual((result.returncode, without_time(result.stdout)), (2, without_time(told.stdout)))
        self.assertIn("cannot write", result.stderr)

    # Found: only parameters were suggested.
    def test_budgets_and_calls_are_suggested(self):
        question = ["check", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close"]
        for wrong, meant in (("losss=1", "loss"), ("capcity=1", "capacity"), ("incarnation=1", "incarnations"), ("A.CLOSEE=1", "A.CLOSE"),
                             ("tme_wait=1", "time_wait")):
            result = run(*question, "--set", wrong)
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"did you mean '{meant}'?", result.stderr)

    # Found: what fits into a buffer was lost with exit code 0, and the rest was an internal error.
    def test_output_that_cannot_be_written(self):
        for command in (["list"], ["--version"], ["check", "--help"], ["lint", "rfc9293"], ["show", "rfc9293"],
                        ["export", "--to", "dot", "--protocol", "rfc9293"],
                        ["check", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                result = subprocess.run([TCPMC, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((result.returncode, result.stderr), (2, "tcpmc: cannot write to standard output: No space left on device\n"), command)

    # Found: a suite that was interrupted said "all as expected" of what it had asked so far.
    def test_an_interrupted_suite_tells_what_it_has_not_asked(self):
        with subprocess.Popen([TCPMC, "check", "-j", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as check:
            while " in " not in check.stdout.readline():  # the first question has been answered
                pass
            check.send_signal(signal.SIGINT)
            last = check.stdout.read().strip().splitlines()[-1]
            self.assertEqual(check.wait(), 130)
        self.assertRegex(last, r"^tcpmc .*\d+ questions not asked;")
        self.assertNotIn("all as expected", last)

    # Found: each was loaded and begun all the same.
    def test_no_question_is_asked_after_the_time_limit(self):
        result = run("check", "--time-limit", "0.001")
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stdout.splitlines()[-1], r"^tcpmc .*: 0 verdicts: nothing was answered, 27 questions not asked; ")

    # Found: each of these was taken, and a part of it did nothing.
    def test_options_that_do_not_go_together(self):
        question = ["--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close"]
        sweep = ["sweep", *question, "--over", "time_wait=3..4"]
        for command, message in (
                (["nope"], "there is no command 'nope'"),
                (["check", *question, "--explain-bounds", "--format", "json"], "--explain-bounds prints runs for people"),
                (["check", *question, "--traces", ""], "--traces: an empty value"),
                (["check", *question, "--set", "msl=2", "--set", "rto=99"], "--set 'rto=99':1:5: 99 is out of range"),
                (["export", "--to", "dot", "--protocol", "rfc9293", "--scenario", "no"], "are for --to dot --graph"),
                (["export", "--to", "promela", *question, "--graph"], "--graph is for --to dot"),
                ([*sweep, "--set", "time_wait=4"], "'time_wait' is swept and set"),
                ([*sweep, "--law", "true", "--law", "reliable-close: msl > 1"], "'true' is not the only law"),
                ([*sweep, "--csv", "-", "--svg", "-"], "standard output takes one of")):
            result = run(*command)
            self.assertEqual((result.returncode, result.stdout), (2, ""), command)
            self.assertIn(message, result.stderr)

    # Found: limits so large that they overflowed were met at once.
    def test_limits_that_are_no_numbers(self):
        for option, value in (("--time-limit", "1e10"), ("--time-limit", "nan"), ("--time-limit", "0"), ("--memory-limit", "17592186044416"),
                              ("--max-states", "18446744073709551616"), ("--max-states", "0"), ("--max-depth", "-1")):
            result = run("check", "--protocol", "rfc9293", "--scenario", "close-one-loss", option, value)
            self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
            self.assertIn(f"tcpmc: {option}: '{value}' is not a number", result.stderr)

    def test_limit_is_inconclusive(self):
        result = run("check", "--protocol", "time-wait-2msl", "--scenario", "close-one-loss", "--property", "reliable-close", "--max-states", "100")
        self.assertEqual(result.returncode, 3)
        self.assertIn("reliable-close: inconclusive", result.stdout)
        self.assertIn("ended by the limit of states", result.stdout)

    def test_set(self):
        for length, code in (("3", 1), ("4", 0)):
            result = run("check", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close", "--set", "time_wait=" + length)
            self.assertEqual(result.returncode, code, result.stdout)

    def test_explain_bounds(self):
        result = run("check", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close", "--explain-bounds")
        self.assertEqual(result.returncode, 0)
        self.assertIn("the bound of losses is first met after 5 steps", result.stdout)
        self.assertIn("the network loses a segment", result.stdout)
        result = run("check", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement", "--explain-bounds")
        self.assertIn("the bound of incarnations is first met after", result.stdout)

    def test_no_property_only_explores(self):
        result = run("check", "--protocol", "rfc9293", "--scenario", "close-one-loss")
        self.assertEqual(result.returncode, 0)
        self.assertIn("0 verdicts: explored", result.stdout)

    def test_own_variant_with_rule_variable_and_field(self):
        """A variant outside of the source tree: a SYN cookie-like echo that the server remembers."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "echo.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write("""{
  // The server counts the SYNs that it answers, and says the number in its SYN,ACK.
  "variant": "echo", "of": "two-way-handshake", "cite": "own design",
  "declare": { "segment": { "fields": { "count": "0..3" } },
               "endpoint": { "variables": { "answered": { "type": "0..3", "life": "endpoint" } } } },
  "changes": [ { "before": "listen-syn-2", "add": { "id": "syn-is-suspicious", "in": "LISTEN", "when": "seg.SYN && answered == 0",
                 "do": ["answered := answered + 1", "send RST ACK seq=0 ack=seg.seq + 1 count=answered", "drop"] } } ] }""")
            result = run("check", "--protocol", path, "--scenario", "open-stale-syn", "--property", "no-stale-revival")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn("rule syn-is-suspicious [own design]", result.stdout)
            self.assertIn("<COUNT=1>", result.stdout)
            self.assertIn("answered", run("show", path).stdout)

    def test_help_has_examples(self):
        for arguments in (["--help"], ["check", "--help"], ["show", "--help"], ["trace", "--help"], ["list", "--help"], ["simulate", "--help"]):
            result = run(*arguments)
            self.assertEqual(result.returncode, 0)
            self.assertIn("example", result.stdout)

    def test_unknown_options_suggest(self):
        result = run("check", "--protcol", "rfc9293")
        self.assertEqual(result.returncode, 2)
        self.assertIn("did you mean '--protocol'?", result.stderr)
        result = run("chekc")
        self.assertEqual(result.returncode, 2)
        self.assertIn("did you mean 'check'?", result.stderr)

    def test_colour_only_on_a_terminal(self):
        self.assertNotIn("\x1b", run("check", "--protocol", "rfc9293", "--scenario", "half-close", "--property", "no-data-loss").stdout)


def large_scenario(name):
    return os.path.join(SOURCE, "bench", "scenarios", name + ".json")


class LargeRuns(unittest.TestCase):
    question = ("check", "--protocol", "time-wait-2msl", "--scenario", "close-one-loss", "--property", "reliable-close")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def counted(self, result):
        return re.search(r"; ([\d,]+ states, depth \d+)", result.stdout).group(1)

    def test_threads_make_no_difference(self):
        told = {run("check", "--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close",
                    "-j", n).stdout.split("tcpmc 0")[0] for n in ("1", "2", "3", "auto")}
        self.assertEqual(len(told), 1)

    def test_number_of_threads(self):
        for n in ("0", "-1", "many", "1.5", ""):
            result = run(*self.question, "-j", n)
            self.assertEqual((result.returncode, result.stdout), (2, ""), n)

    def test_a_limited_run_is_resumed(self):
        whole = run(*self.question)
        limited = run(*self.question, "--checkpoint", self.folder, "--max-states", "5000")
        self.assertEqual(limited.returncode, 3)
        self.assertIn("ended by the limit of states", limited.stdout)
        resumed = run(*self.question, "--checkpoint", self.folder)
        self.assertEqual((resumed.returncode, self.counted(resumed)), (0, self.counted(whole)))
        again = run(*self.question, "--checkpoint", self.folder)
        self.assertEqual((again.returncode, self.counted(again)), (0, self.counted(whole)))

    # 64 bits are too few for a state of it: found as a checkpoint that was called damaged.
    def test_a_run_on_wide_words_is_resumed(self):
        wide = ("check", "--protocol", "rfc1337", "--scenario", "reuse-with-data", "--property", "no-stale-data")
        for limit, says in ("700000", ""), ("800000", r"tcpmc: resumed at level \d+\n"):
            result = run(*wide, "--checkpoint", self.folder, "--max-states", limit)
            self.assertEqual(result.returncode, 3)
            self.assertRegex(result.stderr, f"^{says}$")
        self.assertEqual(len([name for name in os.listdir(self.folder) if name.endswith("-wide")]), 1)

    def test_a_foreign_or_damaged_checkpoint_is_refused(self):
        run(*self.question, "--checkpoint", self.folder)
        [name] = os.listdir(self.folder)
        path = os.path.join(self.folder, name)
        with open(path, "r+b") as f:
            f.seek(5000)
            f.write(b"damaged!")
        result = run(*self.question, "--checkpoint", self.folder)
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertRegex(result.stderr, r"^tcpmc: '.*' is damaged\n  hint: ")
        with open(path, "wb") as f:
            f.write(b"the minutes of the last meeting")
        result = run(*self.question, "--checkpoint", self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("is not a checkpoint", result.stderr)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"the minutes of the last meeting")

    def test_directories_that_cannot_be_used(self):
        path = os.path.join(self.folder, "file")
        open(path, "w").close()
        result = run(*self.question, "--checkpoint", path)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--checkpoint: cannot make the folder", result.stderr)

    def test_memory_limit(self):
        result = run(*self.question, "--memory-limit", "1")
        self.assertEqual(result.returncode, 3)
        self.assertIn("ended by the limit of memory", result.stdout)

    # Found: a run that was resumed from all levels of a reduced search could not replay its counterexample.
    def test_a_reduced_run_is_resumed_from_its_end(self):
        question = ("check", "--protocol", "rfc9293", "--scenario", large_scenario("connection-1e6"), "--property", "agreement",
                    "--property", "time-wait-kept", "--reduce", "faults")
        whole = run(*question)
        for _ in range(3):
            result = run(*question, "--checkpoint", self.folder)
            self.assertEqual((result.returncode, without_time(result.stdout)), (whole.returncode, without_time(whole.stdout)))

    # Found: what was seen by then depended on the threads.
    def test_a_limit_of_states_gives_the_same_answer_for_every_number_of_threads(self):
        question = ("check", "--protocol", "rfc9293", "--scenario", "data-one-loss", "--set", "loss=3", "--set", "duplication=3",
                    "--set", "A.SEND=3", "--set", "r2=4", "--max-states", "1450000")
        told = {without_time(run(*question, "-j", n).stdout) for n in ("1", "2", "3", "2")}
        self.assertEqual(len(told), 1)


def limited(resource_limit, size):
    """What to do in a child before it becomes the command."""
    return lambda: resource.setrlimit(resource_limit, (size, size))


class LimitsOfTheSystem(unittest.TestCase):
    QUESTION = LargeRuns.question

    def run_limited(self, resource_limit, size, *more):
        return subprocess.run([TCPMC, *self.QUESTION, *more], capture_output=True, text=True, check=False,
                              preexec_fn=limited(resource_limit, size))

    # Found: the process was aborted.
    def test_threads_that_cannot_be_started(self):
        whole = run(*self.QUESTION)
        result = self.run_limited(resource.RLIMIT_AS, 2 << 30, "-j", "999")
        self.assertEqual((result.returncode, without_time(result.stdout)), (whole.returncode, without_time(whole.stdout)))

    # Found: an internal error.
    def test_addresses_that_run_out_are_the_limit_of_memory(self):
        large = ("check", "--protocol", "rfc9293", "--scenario", "data-one-loss", "--set", "loss=3", "--set", "duplication=3",
                 "--set", "A.SEND=3", "--set", "r2=4", "-j", "1", "--progress", "none")
        result = subprocess.run([TCPMC, *large], capture_output=True, text=True, check=False,
                                preexec_fn=limited(resource.RLIMIT_AS, 180 << 20))
        self.assertEqual((result.returncode, result.stderr), (3, ""))
        self.assertIn("ended by the limit of memory", result.stdout)

    # Found: an internal error.
    def test_addresses_that_run_out_elsewhere(self):
        result = subprocess.run([TCPMC, "export", "--to", "dot", "--graph", "--protocol", "rfc9293", "--scenario",
                                 "data-one-loss", "--set", "loss=3", "--set", "duplication=3", "--max-states", "10000000"],
                                capture_output=True, text=True, check=False, preexec_fn=limited(resource.RLIMIT_AS, 80 << 20))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, "", "tcpmc: there is not enough memory\n"))

    # Found: the process was killed by a signal.
    def test_a_file_that_gets_too_large_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            result = self.run_limited(resource.RLIMIT_FSIZE, 20_000, "--checkpoint", folder)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("File too large", result.stderr)


class Limits(unittest.TestCase):
    """What takes long is told to end, and does. Each of these went on for tens of seconds at least."""
    ISN = ("--set", "isn_spread=255", "--set", "window=8", "--set", "octets=8")

    def ends(self, *command):
        result = run(*command, "--progress", "none", "--time-limit", "1")
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("ended by the limit of time", result.stdout)
        self.assertLess(float(re.search(r"([\d.]+) s, input", result.stdout).group(1)), 10)

    def test_learning_in_an_enumerating_search(self):
        self.ends("check", "--protocol", "arbitrary-isn", "--scenario", "data-one-loss", *self.ISN)

    def test_learning_in_a_covering_search(self):
        self.ends("check", "--protocol", "arbitrary-isn", "--scenario",
                  large_scenario("three-incarnations-both-ways-abort"), *self.ISN)

    def test_the_reasons_for_all_rules(self):
        for limit, value in (("time", "1"), ("memory", "1")):
            result = run("why", "rfc9293", "--progress", "none", f"--{limit}-limit", value)
            self.assertEqual((result.returncode, result.stdout), (3, ""))
            self.assertRegex(result.stderr, rf"^tcpmc: the {limit} limit was reached (after \d+ of \d+ changes|"
                                            r"before any change was tried)\n$")

    def test_learning_in_a_walk(self):
        self.ends("simulate", "--protocol", "arbitrary-isn", "--scenario", "two-connections", *self.ISN, "--set", "A.SEND=8")


class Kills(unittest.TestCase):
    """A run that is killed at any moment is resumed, and answers like one that never was.

    A moment is a part of the time that an undisturbed run takes, drawn from a fixed seed. So what is interrupted differs
    from machine to machine, and what is expected does not."""
    # A question, how often it is killed, and after how many kills it is resumed to its end.
    QUESTIONS = (
        (LargeRuns.question[1:], 50, 5),
        (("--protocol", "no-time-wait", "--scenario", "close-one-loss", "--property", "reliable-close", "--property",
          "no-stale-kill", "--reduce", "faults"), 40, 4),
        # On words of 64 bits first, then of 128.
        (("--protocol", "rfc1337", "--scenario", "reuse-with-data", "--property", "no-stale-data", "--max-depth", "40"), 10, 5),
    )

    @staticmethod
    def answer(result):
        def timeless(part):
            if isinstance(part, dict):
                return {name: timeless(value) for name, value in part.items() if name != "seconds"}
            return [timeless(value) for value in part] if isinstance(part, list) else part
        return result.returncode, timeless(json.loads(result.stdout))

    def killed(self, command, seconds):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                out, _ = process.communicate(timeout=seconds)
                return subprocess.CompletedProcess(command, process.returncode, out)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return None

    def test_a_hundred_kills_make_no_difference(self):
        chance = random.Random(4)
        for question, kills, between in self.QUESTIONS:
            begin = time.monotonic()
            whole = self.answer(run("check", *question, "--format", "json", "-j", "2"))
            usual = time.monotonic() - begin
            killed = 0
            with tempfile.TemporaryDirectory() as folder:
                while killed < kills:
                    command = ("check", *question, "--format", "json", "--checkpoint", folder, "-j")
                    done = self.killed([TCPMC, *command, chance.choice("123")], usual * chance.uniform(0.02, 0.6))
                    killed += done is None
                    if done is None and killed % between == 0:
                        done = run(*command, chance.choice("123"))
                    if done is None:
                        continue
                    self.assertEqual(self.answer(done), whole, f"{question}, after {killed} kills")
                    for name in os.listdir(folder):
                        os.remove(os.path.join(folder, name))


class Sweep(unittest.TestCase):
    CLOSE = ("sweep", "--protocol", "rfc9293", "--scenario", "close-one-loss", "--property", "reliable-close")

    def sweep(self, *arguments):
        result = run(*self.CLOSE, *arguments, "--json", "-", "--progress", "none")
        return result.returncode, json.loads(result.stdout)

    def test_a_point_is_what_check_says(self):
        code, told = self.sweep("--over", "time_wait=2..3,5", "--over", "loss=0..1", "--set", "rto=3")
        self.assertEqual(code, 1)
        for point in told["points"]:
            settings = [x for name, value in point["at"].items() for x in ("--set", f"{name}={value}")]
            checked = run("check", *self.CLOSE[1:], "--set", "rto=3", *settings, "--format", "json")
            row = json.loads(checked.stdout)["rows"][0]
            answer = {k: v for k, v in row["answers"][0].items() if k in ("property", "verdict", "steps", "shortest")}
            self.assertEqual(answer, point["answers"][0])
            self.assertEqual((row["states"], row["input"]), (point["states"], point["input"]))

    def test_threads_make_no_difference(self):
        grid = ("--over", "rto=2..4", "--over", "time_wait=2..5")
        tables = [without_time(run(*self.CLOSE, *grid, "-j", n).stdout) for n in ("1", "3")]
        self.assertEqual(tables[0], tables[1])

    def test_budgets_and_calls(self):
        budgets = {"loss": "3", "duplication": "unlimited", "lifetime": "5", "capacity": "6", "A.incarnations": "1", "A.SEND": "4"}
        settings = [x for name, value in budgets.items() for x in ("--set", f"{name}={value}")]
        told = run("check", "--protocol", "rfc9293", "--scenario", "reuse-with-data", *settings, "--max-states", "50").stdout
        told = re.sub(r"\s+", " ", told)
        for covered in ("up to 3 losses", "any number of duplicates", "segments that live 5 ticks", "up to 6 segments in flight",
                        "up to 1 (A) and 2 (B) incarnations", "A: SEND x4 when"):
            self.assertIn(covered, told)
        self.assertIn("there is no parameter or budget 'A.RECEIVE'", run("check", "--protocol", "rfc9293", "--scenario", "reuse-with-data", "--set", "A.RECEIVE=1").stderr)

    def test_a_trace_with_other_budgets_is_replayed(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run("check", *self.CLOSE[1:], "--set", "time_wait=5", "--set", "loss=2", "--traces", folder)
            self.assertEqual(result.returncode, 1, result.stderr)
            (name,) = os.listdir(folder)
            self.assertEqual(run("trace", "replay", os.path.join(folder, name)).returncode, 0)

    def test_protocols_and_words(self):
        result = run("sweep", "--scenario", "open-stale-syn", "--property", "no-stale-revival", "--property", "agreement",
                     "--over", "protocol=rfc9293,two-way-handshake", "--over", "isn=fresh,constant", "--csv", "-")
        verdicts = [line.split(",")[:4] for line in result.stdout.splitlines()[1:]]
        self.assertIn(["two-way-handshake", "fresh", "no-stale-revival", "violated"], verdicts)
        self.assertIn(["rfc9293", "fresh", "no-stale-revival", "holds"], verdicts)
        self.assertEqual(len(verdicts), 8)
        self.assertEqual(result.returncode, 1)

    def test_what_does_not_fit_together_is_no_verdict(self):
        code, told = self.sweep("--over", "first_isn=2,100", "--over", "time_wait=4..5", "--set", "rto=2")
        invalid = [p for p in told["points"] if "invalid" in p]
        self.assertEqual([p["at"]["first_isn"] for p in invalid], [2, 2])
        self.assertIn("outside all windows", invalid[0]["invalid"])
        self.assertEqual(code, 0)
        code, told = self.sweep("--over", "first_isn=1,2")
        self.assertEqual(code, 2, "nothing was asked")

    def test_a_limit_is_inconclusive(self):
        code, told = self.sweep("--over", "time_wait=3..4", "--max-states", "50")
        self.assertEqual([p["answers"][0]["verdict"] for p in told["points"]], ["inconclusive"] * 2)
        self.assertEqual(code, 3)
        self.assertIn("limit of states", told["points"][0]["limit"])

    # Found: every point that was left was still loaded, which may take minutes.
    def test_no_point_is_begun_after_the_time_limit(self):
        code, told = self.sweep("--over", "rto=1..4", "--over", "time_wait=3..6", "--time-limit", "0.001")
        self.assertEqual({p["limit"] for p in told["points"]}, {"not begun"})
        self.assertEqual(code, 3)

    def test_a_wrong_law(self):
        result = run(*self.CLOSE, "--over", "time_wait=3..5", "--law", "reliable-close: time_wait >= 5")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not by the law: reliable-close at time_wait = 4: holds", result.stdout)

    def test_mistakes(self):
        for arguments, message in (
                ((), "a sweep needs --over"),
                (("--over", "rtoo=1..2"), "there is no parameter or budget 'rtoo'"),
                (("--over", "rto=0..2"), "--over:1:5: "),
                (("--over", "rto=2..1"), "the range 2..1 is empty"),
                (("--over", "loss=1..16"), "16 is out of range 0..15"),
                (("--over", "rto=1..2", "--over", "rto=3"), "'rto' is swept twice"),
                (("--over", "rto=1..50", "--over", "time_wait=1..50", "--over", "msl=1..50"), "that makes 125000 points"),
                (("--over", "protocol=rfc9293,rfc1337"), "--over protocol=one,other"),
                (("--over", "rto=1..2", "--law", "state == CLOSED"), "a law is about parameters and budgets"),
                (("--over", "rto=1..2", "--law", "rtoo > 1"), "unknown name 'rtoo'"),
                (("--over", "rto=1..2", "--svg", "/nowhere/at/all.svg"), "cannot write '/nowhere/at/all.svg'")):
            result = run(*self.CLOSE, *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn(message, result.stderr)

    def test_pictures_are_well_formed(self):
        result = run(*self.CLOSE, "--over", "loss=0..1", "--over", "rto=2..3", "--over", "time_wait=2..5", "--svg", "-")
        picture = xml.etree.ElementTree.fromstring(result.stdout)
        cells = [r for r in picture.iter("{http://www.w3.org/2000/svg}rect") if r.find("{http://www.w3.org/2000/svg}title") is not None]
        self.assertEqual(len(cells), 16)


class Simulate(unittest.TestCase):
    QUESTION = ["simulate", "--protocol", "two-way-handshake", "--scenario", "two-connections", "--property", "in-order-exactly-once"]

    def test_traces_are_replayed(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(run(*self.QUESTION, "--seed", "1", "--traces", folder).returncode, 1)
            path = os.path.join(folder, "two-way-handshake.two-connections.in-order-exactly-once.json")
            result = run("trace", "replay", path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("minimised: no single step can be left out; not proven shortest", run("trace", "show", path).stdout)

    def test_a_random_seed_is_told_and_repeats_the_walks(self):
        first = run(*self.QUESTION)
        seed = re.search(r"seed (\d+),", first.stdout.splitlines()[-1]).group(1)
        again = run(*self.QUESTION, "--seed", seed)
        self.assertEqual(without_time(first.stdout), without_time(again.stdout))
        self.assertEqual(first.returncode, again.returncode)

    def test_json(self):
        result = run(*self.QUESTION, "--property", "stuck-at-nothing", "--format", "json")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        result = run(*self.QUESTION, "--property", "no-data-loss", "--seed", "1", "--walks", "300", "--format", "json")
        self.assertEqual(result.returncode, 1, result.stderr)
        answer = json.loads(result.stdout)
        violated, open_ = answer["answers"]
        self.assertEqual((violated["verdict"], open_["verdict"]), ("violated", "inconclusive"))
        self.assertEqual(len(violated["trace"]["steps"]), violated["steps"])
        self.assertLessEqual(violated["walk"], 300)
        self.assertFalse(violated["shortest"])
        self.assertNotIn("trace", open_)
        self.assertEqual((answer["seed"], answer["walks"], answer["limit"]), (1, 300, ""))
        self.assertEqual(sum(rule["A"] for rule in answer["rules"] if rule["id"] == "listen-syn-2"), 0)
        self.assertGreater(sum(rule["B"] for rule in answer["rules"] if rule["id"] == "listen-syn-2"), 0)

    def test_never_holds(self):
        """The whole of this scenario is walked through many times over; that is still no proof."""
        result = run("simulate", "--protocol", "three-segment-close", "--scenario", "silent-server", "--property", "no-data-loss", "--seed", "1")
        self.assertEqual(result.returncode, 3)
        self.assertIn("no-data-loss: inconclusive, not violated in 10,000 walks of at most 200 steps", result.stdout)
        self.assertNotIn("holds", result.stdout)

    def test_a_witness_out_of_reach_is_told(self):
        result = run("simulate", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement", "--depth", "1", "--seed", "1")
        self.assertEqual(result.returncode, 3)
        self.assertIn("its witness was not reached", result.stdout)

    def test_without_a_property_rules_are_counted(self):
        result = run("simulate", "--protocol", "rfc9293", "--scenario", "half-close", "--walks", "10", "--seed", "1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("0 verdicts: walked; 10 walks", result.stdout)

    def test_time_limit(self):
        result = run("simulate", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement",
                     "--walks", "1000000000", "--time-limit", "0.01")
        self.assertEqual(result.returncode, 3)
        self.assertIn("ended by the limit of time", result.stdout)

    def test_interrupted(self):
        """SIGINT and SIGTERM: the figures so far, and the shell's exit code."""
        for number, name in ((signal.SIGINT, "text"), (signal.SIGTERM, "json")):
            with tempfile.TemporaryDirectory() as folder:
                made = os.path.join(folder, "traces")  # there as soon as signals are caught
                command = [TCPMC, "simulate", "--protocol", "rfc9293", "--scenario", "two-connections", "--property", "agreement",
                           "--walks", "1000000000000", "--traces", made, "--format", name]
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as walking:
                    while not os.path.isdir(made) and walking.poll() is None:
                        pass
                    walking.send_signal(number)
                    out, err = walking.communicate()
                self.assertEqual((walking.returncode, err), (128 + number, ""))
                if name == "json":
                    answer = json.loads(out)
                    self.assertEqual((answer["limit"], answer["answers"][0]["verdict"]), ("an interruption", "inconclusive"))
                else:
                    self.assertRegex(out, r"agreement: inconclusive, not violated in [\d,]+ walks? of at most 200 steps\n(  its witness .*\n)?ended by an interruption\n")
                    self.assertRegex(out.splitlines()[-1], r"1 verdict: 1 inconclusive; [\d,]+ walks?, [\d,]+ steps?, deepest \d+, seed \d+, ")

    def test_bad_input(self):
        for more, message in ((["--set", "tim_wait=3"], "did you mean 'time_wait'?"), (["--seed", "many"], "--seed"), (["--seed", "-1"], "--seed"),
                              (["--wlaks", "3"], "did you mean '--walks'?"), (["--traces", "/proc/no/such"], "cannot make the folder")):
            result = run(*self.QUESTION, *more)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertIn(message, result.stderr)


PROTOCOL = '{ "protocol": "p", "cite": "c", %s }'
VARIANT = '{ "variant": "v", "of": "rfc9293", "cite": "c", %s }'
SCENARIO = '{ "scenario": "s", "A": { %s }, "B": {} %s }'
# kind of bad input: which option, content of the file (None: special), what the message has to say
BAD = {
    "missing file": ("--protocol", None, "No such file"),
    "a directory": ("--protocol", None, "this is a directory"),
    "a file of 100 MB": ("--protocol", None, "bytes; at most"),
    "empty file": ("--protocol", "", "not valid JSON"),
    "binary junk": ("--protocol", "\x00\x01\x02\x7f junk", "not valid JSON"),
    "truncated file": ("--protocol", '{ "variant": "v", "of": "rfc92', "is it truncated?"),
    "not an object": ("--protocol", "[1, 2]", "is an object, not an array"),
    "wrong kind of file": ("--protocol", '{ "scenario": "s" }', "this file is a scenario, but a protocol is needed here"),
    "control character in a name": ("--protocol", '{ "variant": "a\\u001bb", "of": "rfc9293" }', "bad.json:1:14: a name has no line ends"),
    "wrong type": ("--protocol", VARIANT % '"changes": 3', "an array of changes is expected here, not an integer"),
    "unknown key": ("--protocol", VARIANT % '"chnages": []', "did you mean 'changes'?"),
    "unknown base": ("--protocol", '{ "variant": "v", "of": "rfc9239" }', "did you mean 'rfc9293'?"),
    "cyclic of": ("--protocol", '{ "variant": "v", "of": "./bad.json" }', "is made from itself"),
    "unknown rule id": ("--protocol", VARIANT % '"changes": [ { "remove": "listen-sin" } ]', "did you mean 'listen-syn'?"),
    "unknown parameter": ("--protocol", VARIANT % '"set": { "mls": 3 }', "did you mean 'msl'?"),
    "number out of range": ("--protocol", VARIANT % '"set": { "msl": 99999 }', "out of range 1..60"),
    "missing state": ("--protocol", VARIANT % '"changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTENING", "do": [] } } ]', "did you mean 'LISTEN'?"),
    "unknown variable": ("--protocol", VARIANT % '"changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTEN", "when": "uma == nxt", "do": [] } } ]', "unknown name 'uma'"),
    "ghost tag in a rule": ("--protocol", VARIANT % '"changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTEN", "when": "seg.incarnation == 1", "do": [] } } ]', "it is a ghost tag"),
    "syntax error in a guard": ("--protocol", VARIANT % '"changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTEN", "when": "una = nxt", "do": [] } } ]', "cannot read this as an expression"),
    "duplicate rule id": ("--protocol", VARIANT % '"changes": [ { "before": "listen-syn", "add": { "id": "listen-rst", "in": "LISTEN", "do": [] } } ]', "already a rule with the id"),
    "shadowed rule": ("--protocol", VARIANT % '"changes": [ { "after": "listen-other", "add": { "id": "x", "in": "LISTEN", "do": ["drop"] } } ]', "can never fire"),
    "empty protocol": ("--protocol", PROTOCOL % '"segment": {}', "a protocol needs states"),
    "unknown call": ("--scenario", SCENARIO % ('"application": [ { "call": "CLOES" } ]', ""), "did you mean 'CLOSE'?"),
    "negative times": ("--scenario", SCENARIO % ('"application": [ { "call": "CLOSE", "times": -1 } ]', ""), "out of range 0..100"),
    "capacity of the unlimited network": ("--scenario", SCENARIO % ("", ', "network": { "loss": "unlimited", "duplication": "unlimited", "capacity": 3 }'), "has no capacity"),
    "lifetime without time": ("--scenario", SCENARIO % ("", ', "network": { "lifetime": 2 }'), "a lifetime needs time"),
    "a property that cannot be evaluated": ("--property", '{ "property": "p", "says": "s", "never": "sate == CLOSED" }', "did you mean 'state'?"),
    "a step formula on states": ("--property", '{ "property": "p", "says": "s", "never": "signalled(reset)" }', "is judged on states"),
}


class BadInput(unittest.TestCase):
    def check(self, option, path, message):
        options = {"--protocol": "rfc9293", "--scenario": "half-close", "--property": "no-data-loss", option: path}
        result = run("check", *[word for pair in options.items() for word in pair])
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertIn(message, result.stderr)
        self.assertRegex(result.stderr, r"bad\.json:\d+:\d+: ")

    def test_every_kind(self):
        self.assertGreaterEqual(len(BAD), 20)
        for kind, (option, text, message) in BAD.items():
            with self.subTest(kind), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "bad.json")
                if kind == "a directory":
                    os.mkdir(path)
                elif kind == "a file of 100 MB":
                    with open(path, "wb") as f:
                        f.truncate(100_000_000)
                elif text is not None:
                    with open(path, "w", encoding="utf-8") as f:
                        f.write(text)
                self.check(option, path, message)

    def test_every_mistake_is_told_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write(VARIANT % '\n"set": { "mls": 3 },\n"changes": [ { "remove": "nothing" },\n { "after": "listen-rst", "add": { "id": "x", "in": "LISTN", "do": ["dorp"] } } ]')
            result = run("check", "--protocol", path, "--scenario", "half-close", "--property", "no-data-loss")
            self.assertEqual(result.returncode, 2)
            lines = [int(m) for m in re.findall(r"bad\.json:(\d+):", result.stderr)]
            self.assertEqual(lines, sorted(lines))
            self.assertEqual(len(lines), 4, result.stderr)

    def test_a_mistake_that_shows_only_while_running(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write(VARIANT % '"declare": { "endpoint": { "variables": { "n": "0..1" } } }, "changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTEN", "when": "seg.SYN && seg.seq != nxt", "do": ["n := n + 2"] } } ]')
            self.check("--protocol", path, "'n' would become 2, out of its range 0..1")

    def test_choices_that_would_exhaust_the_memory(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.json")
            with open(path, "w", encoding="utf-8") as f:
                f.write(VARIANT % '"declare": { "endpoint": { "variables": { "n": "0..1000" } } }, "changes": [ { "before": "listen-syn", "add": { "id": "x", "in": "LISTEN", "when": "seg.SYN && seg.seq != nxt", "do": ["choose n in 0 .. 1000", "choose n in 0 .. 1000", "choose n in 0 .. 1000"] } } ]')
            self.check("--protocol", path, "one event has more than 10000 reactions")

    def test_setting(self):
        for setting, message in (("time_wait", "is not of the form name=value"), ("tim_wait=3", "did you mean 'time_wait'?"),
                                 ("time_wait=fast", "unknown name 'fast'"), ("isn=fast", "unknown word 'fast'")):
            result = run("check", "--protocol", "rfc9293", "--scenario", "half-close", "--property", "no-data-loss", "--set", setting)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)

    def test_a_folder_that_cannot_be_made(self):
        result = run("check", "--protocol", "rfc9293", "--scenario", "half-close", "--property", "no-data-loss", "--traces", "/proc/no/such")
        self.assertEqual(result.returncode, 2)
        self.assertIn("cannot make the folder", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
