"""Drawn protocols in tcpmc, the naive explorer and rumur: states, steps, and what violates a property.

generated_count draws members of a family (tests/generated.hpp), explores each of their breeds with tcpmc's searches and
the naive explorer, which have to agree, and writes one Murphi model of all of them. rumur counts the states of each
breed apart, and for each member the states and steps that violate its property or show its witness; the steps are
counted for the whole model. In the end one breed of one model is changed, and exactly that has to be noticed.

By default 768 models go through rumur: 12 families of 4 members, so 48 sets of rules, each with 16 settings of its genes.
Some settings make no difference; how many surely do, since their numbers differ, is told (some 300). Few members a family are
cheapest: rumur's program looks at all of them in every state.

Usage: generated_check.py GENERATED_COUNT [--families N] [--first SEED] [--members N] [--jobs N]
Exit codes: 0 all equal; 1 something differs; 77 rumur or a C compiler is missing.
"""
import argparse
import collections
import concurrent.futures
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
parser.add_argument("count", type=lambda p: str(pathlib.Path(p).resolve()))
parser.add_argument("--families", type=int, default=12)
parser.add_argument("--first", type=int, default=1000, help="the seed of the first family")
parser.add_argument("--members", type=int, default=4, help="of a family, at most 24; each has 16 breeds")
parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
options = parser.parse_args()

# Most of the time goes into compiling, and clang is twice as fast at that.
compiler = next((c for c in ("clang", "cc") if shutil.which(c)), None)
if compiler is None or shutil.which("rumur") is None:
    print("skipped: rumur or a C compiler is not installed")
    sys.exit(77)


def run(command, cwd, good=(0,)):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=600)
    if done.returncode not in good:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def ask_rumur(model, cwd):
    (cwd / "model.m").write_text(model, encoding="utf-8")
    run(["rumur", "--deadlock-detection", "off", "--symmetry-reduction", "off", "--threads", "1", "--output", "model.c",
         "model.m"], cwd)
    run([compiler, "-O0", "-w", "-mcx16", "-o", "model", "model.c", "-lpthread", "-latomic"], cwd)
    out = run(["./model"], cwd, good=(0, 1))  # 1: something that "cover" names did not occur
    hits, absent = collections.Counter(), 0
    for name, times in re.findall(r'cover "([^"]*)" (?:hit (\d+) times|not hit)', out):
        hits[name] += int(times or 0)
        absent += not times
    errors = int((re.search(r"(\d+) error\(s\) found", out) or [0, 0])[1])
    states, steps = map(int, re.findall(r"(\d+) states, (\d+) rules fired in", out)[-1])
    if not hits or errors != absent or "error trace" in out:
        raise RuntimeError(f"rumur did not explore everything:\n{out[-2000:]}")
    return states, steps, hits


def differences(told, rumur):
    states, steps, hits = rumur
    breeds = told["breeds"]
    per_member = len(breeds) // len(told["members"])
    pairs = [("states", sum(b["states"] for b in breeds), states), ("steps", sum(b["steps"] for b in breeds), steps)]
    for number, breed in enumerate(breeds):
        member = told["members"][number // per_member]
        pairs.append((f"states of member {member} breed {number % per_member}", breed["states"], hits[f"states: {number}"]))
    for i, member in enumerate(told["members"]):
        mine = breeds[i * per_member:(i + 1) * per_member]
        for what, cover in (("violations", "violated"), ("witnesses", "witness")):
            pairs.append((f"{what} of member {member}", sum(b[what] for b in mine), hits[f"{cover}: p{i}"]))
    return [f"{what}: tcpmc {ours}, rumur {theirs}" for what, ours, theirs in pairs if ours != theirs]


def compare(seed):
    with tempfile.TemporaryDirectory(prefix="generated-check-") as folder:
        cwd = pathlib.Path(folder)
        told = json.loads(run([options.count, str(seed), str(options.members), "drawn.m"], cwd))
        model = (cwd / "drawn.m").read_text(encoding="utf-8")
        return seed, told, model, differences(told, ask_rumur(model, cwd))


def notices_one_breed(told, model):
    """Whether it is noticed that in one breed A cannot make its first call. Where that changes nothing, another one is tried; first
    those with the most states."""
    breeds = told["breeds"]
    per_member = len(breeds) // len(told["members"])
    for k in sorted(range(len(breeds)), key=lambda k: -breeds[k]["states"])[:3 * per_member:per_member // 2]:
        changed = re.sub(r"(\n  duplicates := \d+;\n)(end;\nend;\n)", rf"\1  if k = {k} then A_may_0 := 0; end;\n\2", model)
        assert changed != model
        with tempfile.TemporaryDirectory(prefix="generated-check-") as folder:
            found = differences(told, ask_rumur(changed, pathlib.Path(folder)))
        if found:
            told_apart = [d for d in found if " breed " in d]
            return len(told_apart) == 1 and f" member {told['members'][k // per_member]} breed {k % per_member}:" in told_apart[0]
    return False


def main():
    start = time.monotonic()
    wrong, models, trivial, too_large, states, violated, unlike, example = 0, 0, 0, 0, 0, 0, 0, None
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        for seed, told, model, found in pool.map(compare, range(options.first, options.first + options.families)):
            if found:
                wrong += 1
                print(f"DIFFERENT family {seed}", *found, sep="\n  ", flush=True)
            models += len(told["breeds"])
            trivial += sum(b["states"] < 5 for b in told["breeds"])
            too_large += told["too large"]
            states += sum(b["states"] for b in told["breeds"])
            violated += sum(b["violations"] > 0 for b in told["breeds"])
            per_member = len(told["breeds"]) // options.members
            unlike += sum(len({tuple(b.values()) for b in told["breeds"][i:i + per_member]})
                          for i in range(0, len(told["breeds"]), per_member))
            # The family with the most steps: there a call that is missing makes a difference.
            if example is None or sum(b["steps"] for b in told["breeds"]) > sum(b["steps"] for b in example[0]["breeds"]):
                example = told, model
    noticed = notices_one_breed(*example)
    left_out = too_large / (too_large + options.families * options.members)
    print(f"{models} models of {options.families} families, {options.families * options.members} sets of rules, {states} states; "
          f"{unlike} differ in their numbers from others of the same rules; {violated} violate their property; "
          f"{trivial} have fewer than 5 states; {left_out:.0%} of the members drawn were too large\n"
          f"one breed changed: {'noticed' if noticed else 'MISSED'}; {wrong} families different, "
          f"{time.monotonic() - start:.0f} s")
    # Of a few families anything may be true.
    worth_it = options.families < 12 or (trivial <= models / 4 and left_out <= 0.5 and violated >= models / 10)
    return 0 if noticed and wrong == 0 and worth_it else 1


sys.exit(main())
