"""Every JSON file that is shipped fits its published schema, and the schemas refuse what is broken.

Usage: schema_test.py SOURCE_DIR. Exits with 77, which ctest calls skipped, where Python's jsonschema is missing.
"""
import copy
import json
import pathlib
import sys
import unittest

try:
    import jsonschema
except ImportError:
    print("skipped: Python's jsonschema is not installed (Debian: python3-jsonschema)")
    sys.exit(77)

SOURCE = pathlib.Path(sys.argv[1])
KINDS = ["protocol", "variant", "scenario", "property", "suite", "trace"]
SCHEMAS = {}
for kind in KINDS:
    with open(SOURCE / "docs" / "schema" / f"{kind}.schema.json", encoding="utf-8") as schema_file:
        SCHEMAS[kind] = json.load(schema_file)


def without_comments(text):
    """Blanks out // and /* */ outside of strings, so that lines and columns stay what they are."""
    result, i = [], 0
    while i < len(text):
        if text[i] == '"':
            end = i + 1
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            end += 1
            result.append(text[i:end])
        elif text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
            result.append(" " * (end - i))
        elif text.startswith("/*", i):
            end = text.find("*/", i)
            end = len(text) if end < 0 else end + 2
            result.append("".join("\n" if c == "\n" else " " for c in text[i:end]))
        else:
            end = i + 1
            result.append(text[i])
        i = end
    return "".join(result)


def refuse_twice(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.loads(without_comments(file.read()), object_pairs_hook=refuse_twice)


def kind_of(document):
    first = next((key for key in document if key != "$schema"), None)
    return first if first in KINDS else None


def validator(kind):
    """The schemas refer to each other by file name."""
    by_file = {f"{name}.schema.json": schema for name, schema in SCHEMAS.items()}
    base = {"$id": f"{kind}.schema.json", **SCHEMAS[kind]}
    try:
        import referencing  # comes with jsonschema 4.18 and later

        resources = [(name, referencing.Resource.from_contents(schema)) for name, schema in by_file.items()]
        return jsonschema.Draft202012Validator(base, registry=referencing.Registry().with_resources(resources))
    except ImportError:
        resolver = jsonschema.RefResolver(f"{kind}.schema.json", base, store=by_file)
        return jsonschema.Draft202012Validator(base, resolver=resolver)


def mistakes(kind, document):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator(kind).iter_errors(document)]


class Shipped(unittest.TestCase):
    def test_the_schemas_are_schemas(self):
        for kind, schema in SCHEMAS.items():
            with self.subTest(kind):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_shipped_file_fits_its_schema(self):
        found = {kind: 0 for kind in KINDS}
        paths = [*SOURCE.glob("model/tcp/**/*.json"), *SOURCE.glob("properties/tcp/**/*.json"), *SOURCE.glob("tests/golden/*.json")]
        for path in sorted(paths):
            with self.subTest(str(path.relative_to(SOURCE))):
                document = load(path)
                kind = kind_of(document)
                if kind is None and "golden" in path.parts:
                    continue  # some other output of the command
                self.assertIsNotNone(kind, "its first key names no kind of file")
                self.assertEqual(mistakes(kind, document), [])
                found[kind] += 1
        for kind in KINDS:
            if kind != "trace":
                self.assertGreater(found[kind], 0, f"no {kind} was found")

    def test_an_editor_may_be_pointed_to_the_schema(self):
        document = {"$schema": "../docs/schema/suite.schema.json", "suite": "s", "rows": [ROW]}
        self.assertEqual(mistakes("suite", document), [])


# --- what has to be refused ---

ROW = {"question": "?", "protocol": "p", "scenario": "s", "expect": {"stuck": "holds"}}
ENDPOINT = {"state": "CLOSED", "una": 0, "active": False, "held": [0, 1], "timers": {"retransmission": 2}, "incarnation": 0, "peer_incarnation": 0}
SEGMENT = {"flags": ["SYN"], "seq": 100, "incarnation": 1, "peer_incarnation": 0, "isn": 100, "answer": False}
WHOLE = {
    "protocol": {
        "protocol": "p",
        "endpoint": {"states": ["CLOSED"], "variables": {"iss": "sequence", "held": {"type": "0..1", "length": 2}}},
        "identity": {"own": "iss", "peer": "irs", "established": []},
        "segment arrives": [{"stage": "only", "rules": [{"id": "r", "in": "CLOSED", "when": True, "do": ["drop"]}]}],
    },
    "variant": {"variant": "v", "of": "p", "set": {"msl": 2}, "changes": [{"remove": "r"}, {"before": "x", "add": [{"id": "r", "do": []}]}]},
    "scenario": {"scenario": "s", "A": {"application": [{"call": "CLOSE", "times": 2}]}, "B": {}, "network": {"loss": "unlimited"},
                 "parameters": {"guesses": {"type": "1..8", "default": 4}},
                 "attacker": {"against": "B", "forges": [{"segment": "RST seq=i", "for": {"i": "0..3"}}], "knows": ["rnx"], "segments": "guesses"}},
    "property": {"property": "x", "says": "s", "observers": {"o": "bool"}, "observe": [{"when": "began()", "do": ["o := true"]}], "never": "o"},
    "suite": {"suite": "s", "rows": [ROW]},
    "trace": {
        "trace": "x", "tcpmc": "0", "protocol": "p", "chain": ["p"], "scenario": "s", "says": "", "cite": "", "shortest": True, "minimality": "",
        "network": {"order": "any", "loss": 0, "duplication": "unlimited", "lifetime": "unlimited", "capacity": 8}, "time": "lazy",
        "parameters": {"A": {"msl": 2, "isn": "fresh"}, "B": {}}, "start": {"A": ENDPOINT, "B": ENDPOINT},
        "steps": [
            {"step": 1, "event": "call", "endpoint": "A", "call": "OPEN active", "intention": 0, "rules": [{"id": "r", "cite": "c"}], "signals": ["s"],
             "sent": [SEGMENT], "A": ENDPOINT, "B": ENDPOINT, "in_flight": {"A": [{**SEGMENT, "age": 0}], "B": []}},
            {"step": 2, "event": "deliver", "endpoint": "B", "segment": SEGMENT, "age": 0, "stale": False, "rules": [], "signals": [], "sent": [],
             "A": ENDPOINT, "B": ENDPOINT, "in_flight": {"A": [], "B": []}},
            {"step": 3, "event": "forge", "endpoint": "B", "forgery": 0, "segment": {**SEGMENT, "forged": True}, "age": 0, "stale": False, "rules": [],
             "signals": [], "sent": [], "A": ENDPOINT, "B": ENDPOINT, "in_flight": {"A": [], "B": []}},
            {"step": 4, "event": "tick", "rules": [], "signals": [], "sent": [], "A": ENDPOINT, "B": ENDPOINT, "in_flight": {"A": [], "B": []}},
        ],
        "replay": {"protocol": "p", "scenario": "s", "property": "x", "set": [["msl", "2"]]},
        "sources": [{"path": "p.json", "text": "{}"}],
    },
}

REMOVED = object()
# Kind, where in the whole document, and what is put there.
BROKEN = [
    ("protocol", ["identity"], REMOVED),
    ("protocol", ["paramters"], {}),
    ("protocol", ["endpoint", "states"], "CLOSED"),
    ("protocol", ["endpoint", "states"], ["CLOSED", "CLOSED"]),
    ("protocol", ["endpoint", "states"], ["NOT A NAME"]),
    ("protocol", ["endpoint", "variables", "iss"], "sequences"),
    ("protocol", ["endpoint", "variables", "held", "life"], "for ever"),
    ("protocol", ["endpoint", "variables", "held", "type"], REMOVED),
    ("protocol", ["segment arrives"], []),
    ("protocol", ["segment arrives", 0, "rules", 0, "id"], REMOVED),
    ("protocol", ["segment arrives", 0, "rules", 0, "do"], "drop"),
    ("protocol", ["segment arrives", 0, "rules", 0, "whne"], "true"),
    ("protocol", ["segment arrives", 0, "rules", 0, "when"], 1.5),
    ("protocol", ["define"], {"f(": "1"}),
    ("protocol", ["parameters"], {"msl": 2}),
    ("variant", ["of"], REMOVED),
    ("variant", ["set", "msl"], None),
    ("variant", ["changes", 0, "add"], {"id": "r", "do": []}),
    ("variant", ["changes", 1, "add"], REMOVED),
    ("variant", ["changes", 1, "add", 0, "do"], REMOVED),
    ("variant", ["declare"], {"identity": {}}),
    ("scenario", ["B"], REMOVED),
    ("scenario", ["A", "application", 0, "times"], 101),
    ("scenario", ["A", "application", 0, "call"], REMOVED),
    ("scenario", ["network", "loss"], -1),
    ("scenario", ["network", "order"], "lifo"),
    ("scenario", ["time"], "timeless"),
    ("scenario", ["incarnations"], 8),
    ("scenario", ["sequence"], {"modulus": 7}),
    ("scenario", ["attacker", "against"], "C"),
    ("scenario", ["attacker", "forges"], []),
    ("scenario", ["attacker", "forges", 0, "segment"], REMOVED),
    ("scenario", ["attacker", "forges", 0, "for", "i"], 4),
    ("scenario", ["attacker", "order"], "fifo"),
    ("scenario", ["parameters", "guesses"], 4),
    ("scenario", ["A", "application", 0, "prompt"], "soon"),
    ("scenario", ["ports"], {"number": 2, "every": 3}),
    ("scenario", ["ports"], {"number": 17, "every": 3, "demand": [{"call": "OPEN active"}]}),
    ("scenario", ["ports"], {"number": 2, "every": 3, "demand": [{"call": "OPEN active", "times": 1}]}),
    ("property", ["says"], REMOVED),
    ("property", ["never"], REMOVED),
    ("property", ["never step"], "began()"),
    ("property", ["never unserved"], True),
    ("property", ["observe", 0, "when"], REMOVED),
    ("property", ["observers", "o"], "boolean"),
    ("suite", ["rows"], []),
    ("suite", ["rows", 0, "expect", "stuck"], "maybe"),
    ("suite", ["rows", 0, "expect"], {}),
    ("suite", ["rows", 0, "scenario"], REMOVED),
    ("trace", ["steps", 0, "endpoint"], REMOVED),
    ("trace", ["steps", 0, "call"], REMOVED),
    ("trace", ["steps", 1, "segment"], REMOVED),
    ("trace", ["steps", 1, "segment", "flags"], REMOVED),
    ("trace", ["steps", 0, "in_flight", "A", 0, "age"], REMOVED),
    ("trace", ["steps", 2, "forgery"], REMOVED),
    ("trace", ["steps", 2, "segment"], REMOVED),
    ("trace", ["steps", 1, "forgery"], 0),
    ("trace", ["steps", 3, "endpoint"], "A"),
    ("trace", ["steps", 3, "in_flight"], REMOVED),
    ("trace", ["steps", 3, "ports"], [{"A": ENDPOINT, "B": ENDPOINT}]),
    ("trace", ["steps", 0, "event"], "nothing"),
    ("trace", ["steps", 0, "comment"], "x"),
    ("trace", ["network", "loss"], "some"),
    ("trace", ["replay", "set", 0], ["msl"]),
    ("trace", ["sources"], REMOVED),
]


class Broken(unittest.TestCase):
    def test_what_is_whole_is_accepted(self):
        for kind, document in WHOLE.items():
            with self.subTest(kind):
                self.assertEqual(mistakes(kind, document), [])

    def test_what_is_broken_is_refused(self):
        for kind, path, value in BROKEN:
            with self.subTest(f"{kind} {path} {'removed' if value is REMOVED else value}"):
                document = copy.deepcopy(WHOLE[kind])
                place = document
                for key in path[:-1]:
                    place = place[key]
                if value is REMOVED:
                    del place[path[-1]]
                else:
                    place[path[-1]] = value
                self.assertNotEqual(mistakes(kind, document), [])

    def test_a_file_of_another_kind_is_refused(self):
        for kind, document in WHOLE.items():
            for other in KINDS:
                if other != kind:
                    with self.subTest(f"{kind} as {other}"):
                        self.assertNotEqual(mistakes(other, document), [])

    def test_comments_are_taken_out_but_not_of_strings(self):
        text = '{ // one "\n "a": "// not /* one", /* two\n */ "b\\"//": 1 }'
        self.assertEqual(json.loads(without_comments(text)), {"a": "// not /* one", 'b"//': 1})
        self.assertEqual(len(without_comments(text)), len(text))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
