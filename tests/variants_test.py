"""Every shipped variant is asked about in some row of a suite, and every rule that it brings with it fires in one: a row about
the variant, or about another that is made from it. Else the answer to a question could be that of the protocol it was made from.

The rows are those of the built-in suites and of tests/variants/suite.json; one is asked only if it may show something new.

Usage: variants_test.py TCPMC SOURCE_DIR
"""
import json
import pathlib
import re
import subprocess
import sys

TCPMC, SOURCE = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve()
VARIANTS, SUITES, OWN_SUITE = SOURCE / "model/tcp/variants", SOURCE / "model/tcp/suites", SOURCE / "tests/variants/suite.json"


def json_of(path):
    """A file of the project: JSON with comments of whole lines."""
    return json.loads(re.sub(r"^\s*//.*$", "", path.read_text(encoding="utf-8"), flags=re.M))


def rules_of(variant):
    """The ids of the rules that the file itself brings."""
    found = [change.get("with", change.get("add", [])) for change in variant.get("changes", [])]
    return {rule["id"] for rules in found for rule in (rules if isinstance(rules, list) else [rules])}


variants = {path.stem: json_of(path) for path in sorted(VARIANTS.glob("*.json"))}


def parts_of(name):
    if name not in variants:
        return set()
    return {name}.union(*(parts_of(part) for part in [variants[name]["of"], *variants[name].get("with", [])]))


never_fired = {name: rules_of(variant) for name, variant in variants.items()}
not_asked = set(variants)
for suite in [OWN_SUITE, *sorted(SUITES.glob("*.json"))]:
    for row in json_of(suite)["rows"]:
        parts = parts_of(row["protocol"])
        not_asked -= parts
        waiting = {name for name in parts if never_fired[name]}
        if not waiting:
            continue
        asked = ["--protocol", row["protocol"], "--scenario", row["scenario"]]
        asked += [word for name in row["expect"] for word in ("--property", name)]
        asked += [word for name, value in row.get("set", {}).items() for word in ("--set", f"{name}={json.dumps(value).strip(chr(34))}")]
        done = subprocess.run([TCPMC, "check", *asked, "--format", "json", "--progress", "none"], cwd=suite.parent,
                              capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"tcpmc check {' '.join(asked)}: exit {done.returncode}\n{done.stderr}")
        quiet = set(json.loads(done.stdout)["rows"][0]["never_fired"])
        for name in waiting:
            never_fired[name] &= quiet

problems = [f"{name} is in no row of a suite" for name in sorted(not_asked)]
problems += [f"{name}: {rule} fires in no row of a suite" for name, rules in never_fired.items() for rule in sorted(rules)]
print("\n".join(problems) or f"{sum(len(rules_of(v)) for v in variants.values())} rules of {len(variants)} variants fire")
sys.exit(1 if problems else 0)
