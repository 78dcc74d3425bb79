"""The same models in tcpmc, SPIN and rumur, state for state.

Every case is one protocol in one scenario with all properties that it can be asked for. tcpmc explores it; the
exported Promela and Murphi are explored by SPIN (no reduction, full storage) and rumur (no symmetry). The numbers
of states and of steps, which properties are violated, and which witnesses are reached have to be equal.

On the unlimited network `tcpmc check` keeps only the largest channel contents. There, its verdicts are compared,
plain exploration of all sets of segments (cross_check_count) gives the numbers, and the pairs of endpoints that
the covering search finds reachable are compared with those that SPIN finds.

In the end models that are wrong on purpose have to be told from the right ones.

docs/cross-check.md keeps what SPIN and rumur said, and of which model: the last column is a hash of the exported texts.
With --page neither of them is needed: every row is counted again by tcpmc and exported again, and the page has to say
the same. So what SPIN and rumur said is known to be about the models as they are.

By default SPIN is asked about a selection, in which every variant is, and rumur about some of that, as it takes seven
times as long.

Usage: cross_check.py TCPMC CROSS_CHECK_COUNT SOURCE_DIR [--all | --page] [--only WORD] [--missing] [--write]
                      [--keep DIR] [--jobs N]
Exit codes: 0 all equal; 1 something differs; 77 SPIN, rumur or a C compiler is missing.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("tcpmc", type=lambda p: str(pathlib.Path(p).resolve()))
parser.add_argument("count", type=lambda p: str(pathlib.Path(p).resolve()))
parser.add_argument("source", type=lambda p: pathlib.Path(p).resolve())
parser.add_argument("--all", action="store_true", help="every variant in every scenario, not a selection")
parser.add_argument("--only", default="", help="cases with this word in their name")
parser.add_argument("--missing", action="store_true",
                    help="only models that docs/cross-check.md does not have, or has otherwise")
parser.add_argument("--page", action="store_true", help="is docs/cross-check.md about the models as they are?")
parser.add_argument("--write", action="store_true",
                    help="write docs/cross-check.md; with --only or --missing the other rows stay as they are")
parser.add_argument("--keep", help="keep the models in this folder")
parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
options = parser.parse_args()

missing = [tool for tool in ("spin", "rumur", "cc") if shutil.which(tool) is None]
if missing and not options.page:
    print(f"skipped: not installed: {', '.join(missing)}")
    sys.exit(77)

# Compiling is most of the time that all this takes, and clang is faster, unless there is much to explore.
FAST_CC = "clang" if shutil.which("clang") else "cc"

HERE = options.source / "tests" / "cross_check"
PAGE = options.source / "docs" / "cross-check.md"
FULL = ["any-untimed", "any-lazy", "any-timed", "fifo-untimed", "fifo-lazy", "fifo-timed", "set-untimed", "set-lazy",
        "set-timed"]
MORE = ["simultaneous", "free-copies", "wrap", "crash", "receive", "attacked", "prompt", "steps"]
# Where a variant is asked by default: here, or in the first scenario of OWN. rfc9293 is asked in all of FULL and MORE.
QUICK = {
    "arbitrary-isn": ["fifo-timed"],
    "constant-isn": ["any-timed"],
    "data-on-syn": ["on-syn"],
    "delayed-ack": ["receive"],
    "four-message-handshake-a": ["set-untimed"],
    "four-message-handshake-c": ["set-lazy"],
    "half-duplex-close": ["receive"],
    "hold-out-of-order": ["out-of-order"],
    "listen-persists": ["other-clients"],
    "no-time-wait": ["fifo-timed"],
    "rfc1122": ["switches"],
    "rfc1337": ["set-timed"],
    "rfc1337-abort-waits": ["switches"],
    "rfc793": ["switches"],
    "rfc9293-literal": ["switches"],
    "three-segment-close": ["set-untimed"],
    "time-wait-1msl": ["fifo-timed"],
    "two-way-handshake": ["fifo-lazy"],
}
# What rumur is asked about by default.
BOTH = {
    "rfc9293": ["any-timed", "fifo-timed", "set-untimed"],
    "two-way-handshake": ["fifo-lazy"],
    "knock": ["knock-any", "knock-fifo", "knock-set", "knock-timed", "knock-observed", "knock-forged"],
}
# With --all every variant is asked in every order and time mode (FULL), and in these. Together they make each rule of its own fire,
# and all those of rfc9293: --page says so.
OWN = {
    "rfc9293": ["attacked-set", "calls", "data-and-abort", "early-close", "forged", "out-of-order"],
    "ack-in-range": ["forged", "attacked"],
    "data-on-syn": ["on-syn"],
    "data-on-syn-at-once": ["on-syn"],
    "delayed-ack": ["data-and-abort", "receive"],
    "early-close-literal": ["switches", "early-close"],
    "half-duplex-close": ["receive"],
    "hold-out-of-order": ["out-of-order", "receive", "data-and-abort"],
    "listen-persists": ["other-clients"],
    "receive-closing-literal": ["receive"],
    "rst-at-last-ack": ["receive", "data-and-abort"],
    "rst-closing-told": ["forged"],
    "rst-in-window": ["attacked"],
    "second-fin-advances": ["forged"],
    "syn-in-window-resets": ["forged", "attacked"],
    "syn-in-window-rfc1122": ["forged", "both-open"],
    "syn-received-goes-on": ["forged", "switches"],
    "three-segment-close": ["data-and-abort"],
    "time-wait-drops-old-syn": ["old-syn", "reopen"],
    "time-wait-syn-reopens": ["old-syn", "reopen"],
    "two-way-handshake": ["data-and-abort"],
}
SWITCHES = {  # the others, by scenario
    "switches": ["abort-closing-resets", "abort-waits", "close-in-syn-received-resets",
                 "close-in-syn-received-silent", "closing-without-timer", "rfc1122", "rfc1337-abort-waits",
                 "rfc793", "rfc9293-literal", "syn-received-resets", "time-wait-answers-every-ack"],
    "fifo-lazy": ["isn-just-below", "old-ack-establishes", "rst-in-window-overlapping",
                  "two-way-handshake-remembering"],
    "fifo-timed": ["close-wait-to-closing", "duplicate-ack-drops", "no-retransmission", "replies-from-una",
                   "rfc1337-f3", "rfc5961", "rto-doubling", "syn-again-answered", "time-wait-no-restart"],
    "both-open": ["refused-tries-again", "rst-back-to-listen", "simultaneous-open-figure-7"],
    "reopen": ["rfc1337-syn-reopens", "rfc1337-syn-reopens-for-good", "time-wait-syn-above-reopens",
               "time-wait-syn-reopens-constant-isn", "time-wait-syn-reopens-for-good"],
    "set-timed": ["user-time-out-told"],
    "set-untimed": ["two-way-handshake-with-data", "two-way-listener", "two-way-remembering-listener"],
}
for scenario, names in SWITCHES.items():
    OWN.update({name: [scenario] for name in names})
# Variants whose clocks come to rest only where connections come to an end in time. Elsewhere the clocks stop.
PROMPT = {"rfc1337-f2": ["prompt", "fifo-prompt"]}
STOPPING = {"rfc1337-f2": str(HERE / "rfc1337-f2-stopping.json")}
# Properties whose observers tell many more states apart, and where they are asked. (The others are asked everywhere.)
ONLY_IN = {
    "a-guess-hits": ["attacked", "attacked-set"],
    "no-blind-refusal": ["attacked", "attacked-set"],
    "no-spurious-refusal": ["both-open", "fifo-timed"],
    "time-wait-purge-but-resets": ["fifo-timed", "switches"],
}
# What each single step has to do: asked in a scenario of their own, since there is a most to properties in one run.
STEPS = ["close-is-kept", "fresh-isns", "no-needless-retransmission", "nothing-kept-in-closed", "patience",
         "quiet-time-is-kept", "timers-fit-the-state", "user-is-told", "well-formed-segments", "what-is-not-answered",
         "what-moves-a-connection", "what-must-be-answered"]
# Never violated: the first keeps a search going, the others tell by their witness what the model reaches.
HELPERS = ["counting", "reaches-time-wait", "reaches-second"]
# What is asked of another protocol than TCP, the worked example of docs/semantics.md, beside "counting".
KNOCKS = {"knock-any": [], "knock-fifo": [], "knock-set": [], "knock-timed": [], "knock-observed": ["old-timer"],
          "knock-forged": ["old-forgeries"]}
# A segment that comes twice is dropped with its acknowledgement here: it takes another loss to get as far as elsewhere.
SETTINGS = {("arbitrary-isn", scenario): ["isn_spread=1"] for scenario in FULL}
SETTINGS |= {("duplicate-ack-drops", scenario): ["loss=2"] for scenario in FULL if scenario.startswith("fifo")}
EXTRA = [("rfc9293", "any-timed", ["B.isn=constant"]), ("hold-out-of-order", "out-of-order", ["buffer=1"]),
         (STOPPING["rfc1337-f2"], "both-open", [])]
# Variants that never are in TIME-WAIT.
NO_TIME_WAIT = ["no-time-wait"]


def json_of(path):
    """A file of the project: JSON with comments of whole lines."""
    return json.loads(re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.M))


def variants():
    """Every shipped protocol, and every variant of it."""
    names = ["rfc9293"] + sorted(p.stem for p in (options.source / "model" / "tcp" / "variants").glob("*.json"))
    for name in [*QUICK, *OWN]:
        assert name in names, name
    return names


def case_of(protocol, scenario):
    return protocol, scenario, SETTINGS.get((protocol, scenario), [])


def all_cases():
    result = []
    for protocol in variants():
        more = MORE if protocol == "rfc9293" else []
        scenarios = FULL + [s for s in more + OWN.get(protocol, []) if s not in FULL]
        if protocol in PROMPT:
            scenarios = PROMPT[protocol]
            result += [case_of(STOPPING[protocol], scenario) for scenario in FULL]
        result += [case_of(protocol, scenario) for scenario in scenarios]
    return result + EXTRA + [(str(HERE / "knock.json"), scenario, []) for scenario in KNOCKS]


def selected_cases():
    result = [case_of("rfc9293", scenario) for scenario in FULL + MORE]
    for protocol in variants()[1:]:
        if protocol in QUICK:
            result += [case_of(protocol, scenario) for scenario in QUICK[protocol]]
        elif protocol in PROMPT:
            result.append(case_of(protocol, PROMPT[protocol][-1]))
        else:
            result.append(case_of(protocol, OWN.get(protocol, ["fifo-timed"])[0]))
    return result + EXTRA[:1] + [(str(HERE / "knock.json"), scenario, []) for scenario in KNOCKS]


def is_for_rumur(case):
    protocol, scenario, settings = case
    return options.all or scenario in BOTH.get(pathlib.Path(protocol).stem, [])


def cases():
    result = all_cases() if options.all or options.page else selected_cases()
    if options.missing:
        page = rows_of_the_page()
        with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
            models = list(pool.map(lambda c: model_of(c) if title_of(c) in page else "", result))
        # The page's other tables are about two of the models, which are always asked.
        always = [("rfc9293", scenario, []) for scenario, _ in BROKEN_TABLES]
        result = [c for c, model in zip(result, models)
                  if c in always or title_of(c) not in page or f" {model} |" not in page[title_of(c)]
                  or "**different**" in page[title_of(c)]]
    return [c for c in result if options.only in title_of(c)]


def title_of(case):
    protocol, scenario, settings = case
    return f"{pathlib.Path(protocol).stem} in {scenario}{''.join(' ' + s for s in settings)}"


def properties_for(scenario):
    if scenario in KNOCKS:
        return [str(HERE / f"{name}.json") for name in ["counting", *KNOCKS[scenario]]], scenario == "knock-set"
    asked = json_of(HERE / f"{scenario}.json")
    network = asked["network"]
    is_set = network["order"] == "any" and network["loss"] == network["duplication"] == "unlimited"
    result = [str(HERE / f"{name}.json") for name in HELPERS]
    for path in sorted((options.source / "properties" / "tcp").glob("*.json")):
        p = json_of(path)
        if (path.stem in STEPS) != (scenario == "steps") or scenario not in ONLY_IN.get(path.stem, [scenario]):
            continue
        if p.get("needs time") and asked["time"] == "untimed":
            continue
        if p.get("never stuck") and (is_set or "attacker" in asked):
            continue
        if p.get("never unserved") or "ports(" in p.get("never", ""):
            continue  # of several connections
        if '"unlimited"' in json.dumps(asked["A"]) and "calls" in json.dumps(p):
            continue  # there is no largest number of calls
        result.append(path.stem)
    return result, is_set


class Failed(Exception):
    pass


def run(command, cwd, good=(0,), limit=900):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=limit)
    if done.returncode not in good:
        told = done.stdout[-2000:] + done.stderr[-2000:]
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{told}")
    return done.stdout


def question(protocol, scenario, settings, properties):
    options_ = [word for p in properties for word in ("--property", p)]
    return protocol, str(HERE / f"{scenario}.json"), options_ + [word for s in settings for word in ("--set", s)]


def count(case, *wanted):
    protocol, scenario, settings = case
    p, s, more = question(protocol, scenario, settings, properties_for(scenario)[0])
    return json.loads(run([options.count, p, s, *wanted, *more], None))


def what_is_compared(counted):
    return {"states": counted["states"], "steps": counted["transitions"], "verdicts": counted["verdicts"],
            "pairs": counted.get("pairs"), "silent": counted["silent"]}


def ask_tcpmc(protocol, scenario, settings, cwd):
    properties, is_set = properties_for(scenario)
    p, s, more = question(protocol, scenario, settings, properties)
    told = json.loads(run([options.tcpmc, "check", "--protocol", p, "--scenario", s, *more, "--format", "json",
                           "--progress", "none"], cwd, good=(0, 1)))["rows"][0]
    verdicts = {a["property"]: a["verdict"] for a in told["answers"]}
    counted = what_is_compared(count((protocol, scenario, settings)))
    if not is_set and (counted["states"], counted["steps"]) != (told["states"], told["transitions"]):
        raise Failed(f"tcpmc check: {told['states']} states, cross_check_count: {counted['states']}")
    if verdicts != counted["verdicts"]:
        raise Failed(f"tcpmc check: {verdicts}\ncross_check_count: {counted['verdicts']}")
    return counted


def verdict(name, violated, reached, has_witness):
    if name in violated:
        return "violated"
    return "holds" if name in reached or name not in has_witness else "holds vacuously"


def witnesses():
    own = [*HELPERS, *(name for names in KNOCKS.values() for name in names)]
    files = list((options.source / "properties" / "tcp").glob("*.json")) + [HERE / f"{name}.json" for name in own]
    return {p["property"] for p in map(json_of, files) if any(k.startswith("witness") for k in p)}


def exported(case, to):
    protocol, scenario, settings = case
    p, s, more = question(protocol, scenario, settings, properties_for(scenario)[0])
    return run([options.tcpmc, "export", "--to", to, "--protocol", p, "--scenario", s, *more], None)


def model_of(case):
    return hash_of(exported(case, "promela"), exported(case, "murphi"))


def hash_of(promela, murphi):
    """Of the models that SPIN and rumur are given: of their texts, but for comments, for what only a run that judges compiles, and
    for where the Promela is cut into pieces."""
    promela = re.sub(r"\\#if VERDICT .*?\\#endif\n", "", promela, flags=re.S)
    promela = re.sub(r"/\*.*?\*/", "", promela, flags=re.S)
    murphi = re.sub(r"--.*", "", murphi)
    lines = [line.rstrip() for line in (promela + murphi).splitlines() if line.strip()]
    whole = "\n".join(lines).replace("};\nc_code {\n", "")
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def compiler_for(states):
    return [FAST_CC, "-O0"] if states < 30000 else ["cc", "-O1"]


def ask_spin(protocol, scenario, settings, cwd, states):
    properties, is_set = properties_for(scenario)
    p, s, more = question(protocol, scenario, settings, properties)
    run([options.tcpmc, "export", "--to", "promela", "--protocol", p, "--scenario", s, *more, "--output", "model.pml"], cwd)
    run(["spin", "-a", "model.pml"], cwd)
    compile_line = re.search(r"cc (.*) -o pan pan\.c", (cwd / "model.pml").read_text(encoding="utf-8"))[1].split()
    compile_line = [word for word in compile_line if not word.startswith("-O")]
    run([*compiler_for(states), *compile_line, *(["-DPAIRS"] if is_set else []), "-o", "pan", "pan.c"], cwd)
    out = run(["./pan", "-m1000000", "-E", "-c0", "-w20"], cwd)
    if re.search(r"max search depth too small|MODEL ERROR|Search not completed|out of memory", out):
        raise Failed(f"SPIN did not explore everything:\n{out[-2000:]}")
    violated = set(re.findall(r"^PROPERTY (\S+): violated", out, re.M))
    reached = set(re.findall(r"^PROPERTY (\S+): .*witness reached", out, re.M))
    names = re.findall(r"^PROPERTY (\S+):", out, re.M)
    pairs = re.search(r"^PAIRS (\d+)", out, re.M)
    # SPIN counts coming to the initial state as a transition.
    return {"states": int(re.search(r"(\d+) states, stored", out)[1]),
            "steps": int(re.search(r"(\d+) transitions \(= stored\+matched\)", out)[1]) - 1,
            "verdicts": {n: verdict(n, violated, reached, witnesses()) for n in names},
            "pairs": int(pairs[1]) if pairs else None}


def ask_rumur(protocol, scenario, settings, cwd, states):
    properties, _ = properties_for(scenario)
    p, s, more = question(protocol, scenario, settings, properties)
    run([options.tcpmc, "export", "--to", "murphi", "--protocol", p, "--scenario", s, *more, "--output", "model.m"], cwd)
    run(["rumur", "--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", "1", "--output", "model.c",
         "model.m"], cwd)
    run([*compiler_for(states), "-w", "-mcx16", "-o", "model", "model.c", "-lpthread", "-latomic"], cwd)
    out = run(["./model"], cwd, good=(0, 1))  # 1: something that "cover" names did not occur
    covers = re.findall(r'cover "(violated|witness): ([^"]*)" (not hit|hit)', out)
    errors = int((re.search(r"(\d+) error\(s\) found", out) or [0, 0])[1])
    # rumur takes what "cover" names and does not occur for an error; there may be no other.
    if not covers or errors != sum(hit == "not hit" for _, _, hit in covers):
        raise Failed(f"rumur did not explore everything:\n{out[-2000:]}")
    violated = {name for what, name, hit in covers if what == "violated" and hit == "hit"}
    reached = {name for what, name, hit in covers if what == "witness" and hit == "hit"}
    end = re.findall(r"(\d+) states, (\d+) rules fired in", out)[-1]
    return {"states": int(end[0]), "steps": int(end[1]),
            "verdicts": {n: verdict(n, violated, reached, witnesses()) for _, n, _ in covers}, "pairs": None}


def compare(case):
    """The answers of the three, the differences between them in words, seconds, and which model it is."""
    protocol, scenario, settings = case
    name = "-".join([pathlib.Path(protocol).stem, scenario, *settings]).replace("=", "-")
    root = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="cross-check-")).resolve()
    cwd = root / name
    cwd.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        tcpmc = ask_tcpmc(protocol, scenario, settings, cwd)
        spin = ask_spin(protocol, scenario, settings, cwd, tcpmc["states"])
        rumur = ask_rumur(protocol, scenario, settings, cwd, tcpmc["states"]) if is_for_rumur(case) else None
        model = model_of(case) if options.write else ""
    except (Failed, subprocess.TimeoutExpired) as error:
        return case, None, [str(error)], time.monotonic() - start, ""
    finally:
        if not options.keep:
            shutil.rmtree(root, ignore_errors=True)
    return case, (tcpmc, spin, rumur), differences_between(tcpmc, spin, rumur), time.monotonic() - start, model


def differences_between(tcpmc, spin, rumur):
    differences = []
    for tool, told in (("SPIN", spin), ("rumur", rumur)):
        for what in ("states", "steps", "verdicts"):
            if told and told[what] != tcpmc[what]:
                differences.append(f"{what}: tcpmc {tcpmc[what]}, {tool} {told[what]}")
    if spin["pairs"] != tcpmc["pairs"]:
        differences.append(f"pairs of endpoints: tcpmc {tcpmc['pairs']}, SPIN {spin['pairs']}")
    return differences


def asked_of(verdicts):
    return len([name for name in verdicts if name not in HELPERS])


def reached(verdicts):
    short = {"reaches-time-wait": "TW", "reaches-second": "2nd"}
    return ", ".join(short[name] for name in short if verdicts.get(name) == "holds")


def in_words(verdicts):
    kinds = {"violated": [], "holds": [], "holds vacuously": []}
    for name, says in verdicts.items():
        if name not in HELPERS:
            kinds[says].append(name)
    return "; ".join(f"{says}: {', '.join(names)}" for says, names in kinds.items() if names)


# ---- Runs that end at a violation: the properties as assertions ----

def judged():
    """For every property that judges something in one model, whether the run that asserts it ends with an error."""
    with tempfile.TemporaryDirectory(prefix="cross-check-") as folder:
        return judged_in(pathlib.Path(folder))


def judged_in(cwd):
    scenario = "fifo-timed"
    right = ask_tcpmc("rfc9293", scenario, [], cwd)["verdicts"]
    ask_spin("rfc9293", scenario, [], cwd, 0)  # leaves model.pml and pan.c
    ask_rumur("rfc9293", scenario, [], cwd, 0)
    compile_line = re.search(r"cc (.*) -o pan pan\.c", (cwd / "model.pml").read_text(encoding="utf-8"))[1].split()
    result = []
    for number, (name, says) in enumerate(right.items(), 1):
        if says == "holds vacuously":
            continue
        run([FAST_CC, *compile_line, "-O0", f"-DVERDICT={number}", "-o", "pan", "pan.c"], cwd)
        out = run(["./pan", "-m1000000", "-E", "-w20"], cwd)
        result.append((name, "SPIN", "violated" if not re.search(r"errors: 0$", out, re.M) else "holds", says))
    for number, (name, says) in enumerate(right.items(), 1):
        if name not in ("agreement", "reliable-close"):  # one on states, one on steps: compiling takes its time
            continue
        text = (cwd / "model.m").read_text(encoding="utf-8").replace("CHECK: 0;", f"CHECK: {number};")
        (cwd / "judged.m").write_text(re.sub(r"^cover .*$", "", text, flags=re.M))
        run(["rumur", "--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", "1", "--output", "judged.c",
             "judged.m"], cwd)
        run([FAST_CC, "-O0", "-w", "-mcx16", "-o", "judged", "judged.c", "-lpthread", "-latomic"], cwd)
        out = run(["./judged"], cwd, good=(0, 1))
        # What "cover" names inside rules does not occur in such a run, and is told as an error of its own.
        bad = re.search(rf"[^\n]*{re.escape(name)}[^\n]*(failed|violated)|(failed|violated)[^\n]*{re.escape(name)}", out)
        result.append((name, "rumur", "violated" if bad else "holds", says))
    # Violated at once, where nothing ever happens: there is no step at which a search could end.
    run([options.tcpmc, "export", "--to", "promela", "--protocol", str(HERE / "knock.json"), "--scenario",
         str(HERE / "nothing.json"), "--property", str(HERE / "never-quiet.json"), "--output", "model.pml"], cwd)
    run(["spin", "-a", "model.pml"], cwd)
    compile_line = re.search(r"cc (.*) -o pan pan\.c", (cwd / "model.pml").read_text(encoding="utf-8"))[1].split()
    run([FAST_CC, *compile_line, "-O0", "-DVERDICT=1", "-o", "pan", "pan.c"], cwd)
    out = run(["./pan", "-m1000", "-E", "-w10"], cwd, good=(0, 1))
    result.append(("never-quiet", "SPIN", "violated" if not re.search(r"errors: 0$", out, re.M) else "holds", "violated"))
    return [(n, tool, told, says, (told == "violated") == (says == "violated")) for n, tool, told, says in result]


# ---- Models that are wrong on purpose ----

BROKEN = [
    ("a rule is removed", "any-timed", {"changes": [{"remove": "rst-time-wait"}]}),
    ("a rule sends something else", "fifo-timed", {"changes": [{"replace": "closed-ack", "with": {
        "id": "closed-ack", "in": "CLOSED", "do": ["send RST seq=seg.ack + 1", "drop"]}}]}),
    ("a timer is longer", "any-timed", {"set": {"time_wait": "2 * msl + 1"}}),
]


def told_apart(one):
    """Whether SPIN and rumur count something else for a broken model than tcpmc counts for the right one."""
    what, scenario, change = one
    with tempfile.TemporaryDirectory(prefix="cross-check-") as folder:
        cwd = pathlib.Path(folder)
        path = cwd / "broken.json"
        head = {"variant": "broken", "of": "rfc9293", "cite": "none", "says": "wrong on purpose"}
        path.write_text(json.dumps({**head, **change}))
        right = ask_tcpmc("rfc9293", scenario, [], cwd)
        spin = ask_spin(str(path), scenario, [], cwd, right["states"])
        rumur = ask_rumur(str(path), scenario, [], cwd, right["states"])
    numbers = [(t["states"], t["steps"]) for t in (right, spin, rumur)]
    return what, scenario, numbers, numbers[0] != numbers[1] == numbers[2]


# ---- Tables that are wrong on purpose: each reaction in tcpmc's tables is broken alone ----

BROKEN_TABLES = [("fifo-timed", 1.0), ("any-timed", 0.5)]  # scenario, and the share that has to be noticed


def broken_tables(scenario, answers):
    """How many reactions there are, and for how many a difference from the answers of SPIN and rumur shows."""
    tcpmc, spin, rumur = answers
    properties, _ = properties_for(scenario)
    p, s, more = question("rfc9293", scenario, [], properties)
    reactions = noticed = 0
    while True:
        done = subprocess.run([options.count, p, s, *more, "--break", str(reactions + 1)], capture_output=True, text=True,
                              timeout=900)
        if done.returncode == 3:
            return reactions, noticed
        if done.returncode != 0:
            raise Failed(done.stderr)
        told = json.loads(done.stdout)
        reactions += 1
        noticed += bool(differences_between({**tcpmc, "states": told["states"], "steps": told["transitions"]}, spin, rumur))


def main():
    asked = cases()
    rows, tables, wrong = [], [], 0
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        assertions = [] if options.only else [pool.submit(judged)]
        broken = [] if options.only else list(map(lambda one: pool.submit(told_apart, one), BROKEN))
        for case, answers, differences, seconds, model in pool.map(compare, asked):
            title = title_of(case)
            if differences:
                wrong += 1
                print(f"DIFFERENT {title}", *differences, sep="\n  ", flush=True)
            else:
                print(f"equal     {title}: {answers[0]['states']} states, {answers[0]['steps']} steps, "
                      f"{asked_of(answers[0]['verdicts'])} verdicts{'' if answers[2] else ', SPIN only'} ({seconds:.0f} s)", flush=True)
            rows.append((title, answers, differences, model))
            if options.write and (options.only or options.missing):  # such a run may be stopped at any time
                write(rows, "")
            for of, share in BROKEN_TABLES:
                if case == ("rfc9293", of, []) and answers and not options.only:
                    tables.append((of, share, pool.submit(broken_tables, of, answers)))
        asserted = [row for future in assertions for row in future.result()]
        broken = [future.result() for future in broken]
        tables = [(of, share, *future.result()) for of, share, future in tables]
    for name, tool, told, says, fine in asserted:
        wrong += not fine
        print(f"{'equal' if fine else 'DIFFERENT'}     {name} asserted in {tool}: {told}, tcpmc: {says}")
    for what, scenario, numbers, caught in broken:
        wrong += not caught
        right, spin, rumur = numbers
        print(f"{'caught' if caught else 'MISSED'}    {what}, in {scenario}: right {right}, SPIN {spin}, rumur {rumur}")
    for scenario, share, reactions, noticed in tables:
        caught = reactions > 0 and noticed >= share * reactions
        wrong += not caught
        print(f"{'caught' if caught else 'MISSED'}    {noticed} of {reactions} broken reactions of tcpmc's tables, in {scenario}")
    print(f"{len(rows)} models, {wrong} different, {time.monotonic() - start:.0f} s")
    if options.write:
        write(rows, "" if options.only else what_is_wrong_on_purpose(broken, tables))
    return 1 if wrong else 0


# ---- The page ----

def counted_with_model(case):
    counted = count(case, "--export")
    return what_is_compared(counted), hash_of(counted["promela"], counted["murphi"])


def check_page():
    """Whether docs/cross-check.md says what tcpmc counts now, of the models that it exports now; and whether the models together
    reach what they are there for."""
    start = time.monotonic()
    text = PAGE.read_text(encoding="utf-8")
    page, asked, problems = rows_of_the_page(), cases(), []
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        found = list(pool.map(counted_with_model, asked))
    expected = {}
    for case, (told, model) in zip(asked, found):
        title = title_of(case)
        expected[title] = row_of(title, (told, told, told), [], model)
        if title not in page:
            problems.append(f"{title}: the page does not have it")
        elif page[title] != expected[title]:
            was, now = (line.split("|") for line in (page[title], expected[title]))
            problems += [f"{title}: the page has{a}, now it is{b}" for a, b in zip(was[2:-1], now[2:-1]) if a != b] \
                if len(was) == len(now) else [f"{title}: the page has another kind of row"]
    if not options.only:
        problems += [f"{title}: the page has it, and nothing else does" for title in page if title not in expected]
        versions = re.search(r"^(.*)\. \*\*", text, re.M)
        if not problems and text.split("## Models that are wrong")[0] != first_part(expected, versions[1]):
            problems.append("what stands above and below the rows differs")
        problems += not_reached(asked, [told for told, _ in found])
    print("\n".join(problems))
    if problems:
        print("\nscripts/cross-check --missing asks SPIN and rumur about these models, and writes the page.")
    print(f"{len(asked)} models counted and exported again, {len(problems)} problems, {time.monotonic() - start:.0f} s")
    return 1 if problems else 0


def not_reached(asked, found):
    """What no row reaches, and should: rules, TIME-WAIT, a second incarnation."""
    problems, silent = [], {}
    for (protocol, scenario, settings), told in zip(asked, found):
        name = next((of for of, stopping in STOPPING.items() if stopping == protocol), protocol)
        silent[name] = silent.get(name, set(told["silent"])) & set(told["silent"])
        wanted = ([] if name in NO_TIME_WAIT else ["TW"]) + (["2nd"] if not scenario.startswith("set-") else [])
        there = reached(told["verdicts"]).split(", ")
        if scenario in FULL:
            problems += [f"{title_of((protocol, scenario, settings))} does not reach {what}" for what in wanted if what not in there]
    for name in variants():
        own = silent[name]
        if name != "rfc9293":
            changes = json_of(options.source / "model" / "tcp" / "variants" / f"{name}.json").get("changes", [])
            lists = [change.get("with", change.get("add", [])) for change in changes]
            own = own & {rule["id"] for rules in lists for rule in (rules if isinstance(rules, list) else [rules])}
        problems += [f"{name}: its rule {rule} fires in no row" for rule in sorted(own)]
    return problems


def rows_of_the_page():
    """The lines of the page's models, by title."""
    lines = PAGE.read_text(encoding="utf-8").split("## Models that are wrong")[0].splitlines()
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("| ") and " in " in line.split("|")[1]}


def row_of(title, answers, differences, model):
    if not answers:
        return f"| {title} | {differences[0].splitlines()[0]} |"
    t, s, r = answers
    pairs = "" if t["pairs"] is None else f"{t['pairs']:,}, {s['pairs']:,}"
    same = "" if not differences else "**different** "
    return (f"| {title} | {t['states']:,} | {s['states']:,} | {r['states']:,} | {t['steps']:,} | {s['steps']:,} | "
            f"{r['steps']:,} | {pairs} | {reached(t['verdicts'])} | {same}{in_words(t['verdicts'])} | {model} |")


def first_part(page, versions):
    """The page up to its rows, and these: lines by title."""
    rows = list(page.values())
    complete = [line.split("|") for line in rows if line.count("|") > 3]
    equal = sum("**different**" not in cells[10] for cells in complete)
    states = sum(int(cells[2].replace(",", "")) for cells in complete)
    verdicts = sum(len(kind.split(",")) for cells in complete for kind in cells[10].split(";") if ":" in kind)
    lines = [
        "# Cross-check: tcpmc, SPIN and rumur on the same models", "",
        "Does tcpmc explore what a protocol and a scenario mean? Here two other model checkers, written by others, explore the",
        "same models, and everything that can be compared is equal: how many states are reachable, how many steps there are, and",
        "which properties hold.", "",
        "`scripts/cross-check` writes this page. The test `cross_check_page` counts and exports every row again, and fails if the page",
        "says anything else, so what SPIN and rumur said is about the models as they are; `scripts/cross-check --missing` then asks",
        "them about those that differ. The test `cross_check` asks SPIN about rfc9293 in every network and time mode and about",
        "every variant in a scenario, and rumur about some of these. The test `cross_check_all` (`ctest -C long`) asks both about",
        "everything, which takes an hour and a half on two cores.", "",
        "Each row is a shipped protocol or variant in a scenario of [tests/cross_check](../tests/cross_check), written down by",
        "`tcpmc export` for SPIN and for Murphi (rumur). SPIN explores without any reduction, rumur without symmetry. A step is",
        "a transition of tcpmc, a transition of SPIN (less one: it counts coming to the initial state), and a rule that rumur",
        "fired. [semantics.md](semantics.md) says what states and steps are.", "",
        f"{versions}. "
        f"**{equal} of {len(rows)} models are equal in everything**: {states:,} states and {verdicts:,} verdicts in each tool.", "",
        "- *pairs*: on the unlimited network (`set-...`) `tcpmc check` keeps only the largest channel contents. There, states and",
        "  steps are those of plain exploration, its verdicts are compared as everywhere, and so are the pairs of endpoints that",
        "  it finds reachable with those that SPIN met.",
        "- *reached*: TW, somebody is in TIME-WAIT; 2nd, a second incarnation knows a second one as its peer.",
        "- *model*: a hash of the two exported texts, but for comments and for what is compiled only to judge a property.",
        "- In every scenario named after an order and a time mode, TIME-WAIT is reached (but by `no-time-wait`), and a second",
        "  incarnation where it has two. Every rule of `rfc9293`, and each variant's own, fires in some row.",
        "- A scenario's name gives its network and its time mode; its file says the rest.",
        "- `rfc1337-f2` has clocks, which rest only where users are prompt and connections end, in exact time: it is asked as",
        "  it is there. In every order and time mode it is asked with clocks that stop, which is one rule of",
        "  [rfc1337-f2-stopping](../tests/cross_check/rfc1337-f2-stopping.json).", "",
        "| model | states | SPIN | rumur | steps | SPIN | rumur | pairs, SPIN | reached | verdicts of all three | model |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|---|---|"]
    return "\n".join(lines + rows) + "\n\n"


def what_is_wrong_on_purpose(broken, tables):
    lines = ["## Models that are wrong on purpose", "",
              "rfc9293 with one change is exported, and compared with what tcpmc counts for the right one (states, steps).", "",
              "| change | scenario | right | SPIN on the wrong one | rumur on the wrong one |", "|---|---|---|---|---|"]
    for what, scenario, numbers, caught in broken:
        told = [f"{n[0]:,}, {n[1]:,}" for n in numbers]
        lines.append(f"| {what}{'' if caught else ' (**missed**)'} | {scenario} | {told[0]} | {told[1]} | {told[2]} |")
    if tables:
        lines += ["", "## Tables that are wrong on purpose", "",
                  "tcpmc works out each reaction of an endpoint once and keeps it in a table. Here each reaction that changes its",
                  "endpoint is broken alone (it leaves the endpoint as it was), and tcpmc's numbers are compared with those of SPIN",
                  "and rumur. Numbers do not tell everything: where a wrong step leads to a state that is reached anyway, none may",
                  "change. For that, the test `reference_test` compares the tables with the interpreter step by step.", "",
                  "| scenario | reactions | noticed |", "|---|--:|--:|"]
        lines += [f"| rfc9293 in {scenario} | {reactions} | {noticed} |" for scenario, _, reactions, noticed in tables]
    return "\n".join(lines) + "\n"


def write(rows, rest):
    """Puts the rows into the page. Without `rest`, what follows them stays, and so do rows that still have a case."""
    def tool(command, pattern):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, done.stdout + done.stderr)
        return found[0] if found else "?"

    page = rows_of_the_page() if options.only or options.missing else {}
    page.update({row[0]: row_of(*row) for row in rows})
    page = {title: page[title] for title in map(title_of, all_cases()) if title in page}
    versions = f"{tool(['spin', '-V'], r'Spin Version [0-9.]+')}, {tool(['rumur', '--version'], r'[Rr]umur.*[0-9]+')}"
    if not rest:
        text = PAGE.read_text(encoding="utf-8")
        rest = text[text.index("## Models that are wrong"):]
    PAGE.write_text(first_part(page, versions) + rest, encoding="utf-8")


sys.exit(check_page() if options.page else main())
