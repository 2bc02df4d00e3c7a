#!/usr/bin/env python3
"""Holds the imports of every source file against the manifest and the floors of the house.

    Tests/check-imports.py              check this package; exit 1 if anything is wrong
    Tests/check-imports.py --self-test  check that this script finds what it should

The compiler lets a target import what only a dependency of a dependency declares, so the manifest alone proves nothing.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# From the ground up. A target imports only targets of lower floors.
FLOORS = [
    ["CLibgit2", "COpenSSL", "CYAML", "CCurl"],
    ["OperatingSystem", "CryptoPrimitives", "YAML", "HTTP", "Git"],
    ["ChangeModel", "CommandLineParsing"],
    ["PolicyEngine", "SSHSignature", "Tokens", "Documents"],
    ["Ledger", "Runner"],
    ["KubernetesAccess", "Webhooks"],
    ["KubernetesExecutor", "EmbeddedCluster", "Kubectl", "AWSExecutor"],
    ["Shipping"],
    ["EmbeddedCatalogue", "ResourceEmbedder", "EmbedResources"],
    ["AgentSafe"],
    ["AgentSafeCLI"],
    ["AgentSafeTool", "AgentSafeBench", "ExampleAgent"],
]
# The only imports within one floor.
NEIGHBOURS = {
    ("Git", "OperatingSystem"),
    ("Git", "CryptoPrimitives"),
    ("Kubectl", "KubernetesExecutor"),
    ("Documents", "PolicyEngine"),
    ("EmbeddedCatalogue", "EmbedResources"),
    ("EmbedResources", "ResourceEmbedder"),
}
# Each C module has one wrapper.
WRAPPERS = {"CLibgit2": "Git", "COpenSSL": "CryptoPrimitives", "CYAML": "YAML", "CCurl": "HTTP"}
# Foundation slows every start down; these two run while building only.
MAY_IMPORT_FOUNDATION = {"ResourceEmbedder", "EmbedResources"}
MAY_IMPORT_SPI = {"VerifiedHistory": {"Ledger", "PolicyEngineTests"}}
# What the house measures itself against is no part of it.
MEASURED_AGAINST = {("AgentSafeBench", "NaiveEngine")}
# A library that prints corrupts the output of the program around it.
MAY_PRINT = {"AgentSafeCLI", "AgentSafeTool", "AgentSafeBench", "ExampleAgent", "ResourceEmbedder"}

MODIFIERS = r"(?:@\w+(?:\s*\([^()]*\))?|\b(?:public|package|internal|fileprivate|private))\s*"
IMPORT = re.compile(
    rf"((?:{MODIFIERS})*)(?<![\w.`$])import\s+"
    r"(?:(?:typealias|struct|class|actor|enum|protocol|let|var|func)\s+)?`?([A-Za-z_]\w*)`?(?!\s*:)")
PRINTING = re.compile(
    r"(?<![\w.])(?:Swift\s*\.\s*)?(?:print|debugPrint|dump|puts|putchar|putc|printf|vprintf)\s*\("
    r"|(?<![\w.])(?:(?:Glibc|Darwin|Musl)\s*\.\s*)?stdout\b(?!\s*:)"
    r"|(?<!\w)STDOUT_FILENO\b|\bFileHandle\s*\.\s*standardOutput\b|(?<![\w.])write\s*\(\s*1\s*,")


def code_only(text):
    """The text with comments and the contents of string literals blanked out; line numbers stay."""
    pieces, index = [], 0
    opening = re.compile(r'//[^\n]*|/\*|#*"""|#*"')
    while match := opening.search(text, index):
        pieces.append(text[index:match.start()])
        token = match.group()
        if token.startswith("//"):
            end = match.end()
        elif token == "/*":
            end = end_of_comment(text, match.end())
        else:
            end = end_of_string(text, match.end(), token)
        pieces.append(" " + "\n" * text.count("\n", match.start(), end))
        index = end
    return "".join(pieces) + text[index:]


def end_of_comment(text, index):
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, index):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def end_of_string(text, index, token):
    pounds = token.rstrip('"')
    closing, escape = token[len(pounds):] + pounds, "\\" + pounds
    while index < len(text):
        if text.startswith(closing, index):
            return index + len(closing)
        if text.startswith(escape + "(", index):
            index = end_of_interpolation(text, index + len(escape) + 1)
        elif text.startswith(escape, index):
            index += len(escape) + 1
        elif text[index] == "\n" and '"""' not in token:
            return index
        else:
            index += 1
    return index


def end_of_interpolation(text, index):
    depth = 1
    while index < len(text) and depth:
        if match := re.compile(r'#*"""|#*"').match(text, index):
            index = end_of_string(text, match.end(), match.group())
            continue
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        index += 1
    return index


def imports(code):
    """Yields (line, module, SPI names, whether testable)."""
    for match in IMPORT.finditer(code):
        if code[:match.start()].rstrip()[-1:] in ("(", ",") and not match.group(1):
            continue  # an argument label
        line = code.count("\n", 0, match.end()) + 1
        spi = re.findall(r"@_spi\s*\(\s*(\w+)\s*\)", match.group(1))
        yield line, match.group(2), spi, "@testable" in match.group(1)


class Target:
    def __init__(self, description):
        self.name = description["name"]
        self.is_test = description["type"] == "test"
        folder = "Tests" if self.is_test else "Plugins" if description["type"] == "plugin" else "Sources"
        self.path = description.get("path") or f"{folder}/{self.name}"
        # Test targets and what only they use are no part of the house.
        self.is_in_house = not self.path.startswith("Tests/")
        self.dependencies = {
            next(iter(dependency.values()))[0]
            for dependency in description.get("dependencies", []) + (description.get("pluginUsages") or [])
        }


def check_manifest(targets):
    """The floors, as the manifest declares them."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    in_house = {target.name for target in targets if target.is_in_house}
    for target in targets:
        if not target.is_in_house:
            continue
        if target.name not in floor:
            yield f"Package.swift: `{target.name}` has no floor; give it one in Tests/check-imports.py"
            continue
        for dependency in sorted(target.dependencies):
            if (target.name, dependency) in MEASURED_AGAINST:
                continue
            if dependency not in in_house:
                yield f"Package.swift: `{target.name}` depends on `{dependency}`, which is no target of the house"
            elif dependency in floor and not may_stand_on(target.name, dependency, floor):
                yield (f"Package.swift: `{target.name}` (floor {floor[target.name]}) depends on `{dependency}` (floor "
                       f"{floor[dependency]}); only lower floors may be imported")
    if circle := find_circle({target.name: target.dependencies for target in targets}):
        yield f"Package.swift: a circle: {' -> '.join(circle)}"


def may_stand_on(name, dependency, floor):
    return floor[dependency] < floor[name] or (name, dependency) in NEIGHBOURS


def find_circle(graph):
    done = set()

    def visit(name, trail):
        if name in trail:
            return trail[trail.index(name):] + [name]
        if name in done:
            return None
        for dependency in sorted(graph.get(name, ())):
            if circle := visit(dependency, trail + [name]):
                return circle
        done.add(name)
        return None

    return next(filter(None, (visit(name, []) for name in sorted(graph))), None)


def check_file(target, name, text, modules):
    """What one source file does that its target may not."""
    code = code_only(text)
    for line, module, spi, testable in imports(code):
        place = f"{name}:{line}"
        if module in modules and module not in target.dependencies:
            yield (f"{place}: imports `{module}`, which `{target.name}` does not declare; add it to the target's "
                   "dependencies, or do without it")
        if module in WRAPPERS and target.name != WRAPPERS[module]:
            yield f"{place}: imports `{module}`; only its wrapper `{WRAPPERS[module]}` may, so go through that"
        if module.startswith("Foundation") and target.is_in_house and target.name not in MAY_IMPORT_FOUNDATION:
            yield f"{place}: imports `{module}`; the house does without it, because it slows every start down"
        for group in spi:
            if target.name not in MAY_IMPORT_SPI.get(group, ()):
                yield f"{place}: imports the SPI `{group}` of `{module}`, which is not meant for `{target.name}`"
        if testable and target.is_in_house:
            yield f"{place}: `@testable` belongs to tests"
    if target.is_in_house and target.name not in MAY_PRINT:
        for match in PRINTING.finditer(code):
            if not re.search(r"\bfunc\s+$", code[:match.start()]):
                line = code.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: writes to standard output; only faces print, so return the text"


def check(targets, root):
    yield from check_manifest(targets)
    modules = {target.name for target in targets}
    for target in targets:
        folder = root / target.path
        files = sorted(folder.rglob("*.swift"))
        if target.is_in_house and target.name not in WRAPPERS and not files:
            yield f"{target.path}: no Swift file; the target `{target.name}` cannot be checked"
        for file in files:
            yield from check_file(target, file.relative_to(root), file.read_text(encoding="utf-8"), modules)


def described(name, dependencies=(), kind="regular", path=None):
    return {"name": name, "type": kind, "path": path, "dependencies": [{"byName": [d, None]} for d in dependencies]}


def self_test():
    """Each case is a small house with one fault, and the words that must name it; no words: nothing may be found."""
    def house(**sources):
        return [
            described("CYAML", kind="system"), described("YAML", ["CYAML"]), described("OperatingSystem"),
            described("ChangeModel"), described("PolicyEngine", ["ChangeModel"]),
            described("Ledger", ["PolicyEngine", "ChangeModel"]), described("AgentSafe", ["Ledger", "PolicyEngine"]),
            described("PolicyEngineTests", ["PolicyEngine"], kind="test"),
        ], {"YAML": "internal import CYAML", "OperatingSystem": "", "ChangeModel": "", "PolicyEngine": "",
            "Ledger": "@_spi(VerifiedHistory) public import PolicyEngine", "AgentSafe": "public import Ledger",
            "PolicyEngineTests": "@testable @_spi(VerifiedHistory) import PolicyEngine\nimport Foundation", **sources}

    def changed(name, dependencies):
        targets, sources = house()
        return [described(name, dependencies) if t["name"] == name else t for t in targets], sources

    innocent = (
        '// import Foundation\n/* import /* CYAML */ print("x") */\nlet a = "import Foundation; print(1)"\n'
        'let b = """\nimport Foundation\n"""\nlet c = #"\\(import) "import CYAML"#\nlet d = "\\(f("import Glob"))"\n'
        "public import ChangeModel\nfunc f(import: Int) {}\nfunc print(_ x: Int) {}\nlog.print(1)\nf(stdout: 1)\n")
    cases = [
        ("a clean house", house(), None),
        ("comments, strings and labels", house(PolicyEngine=innocent), None),
        ("an undeclared import", house(PolicyEngine="import OperatingSystem"), "does not declare"),
        ("an attribute before it", house(PolicyEngine="@preconcurrency import OperatingSystem"), "does not declare"),
        ("an access level before it", house(PolicyEngine="private import OperatingSystem"), "does not declare"),
        ("a part of a module", house(PolicyEngine="import struct OperatingSystem.Host"), "does not declare"),
        ("an import after a semicolon", house(PolicyEngine="let a = 1; import OperatingSystem"), "does not declare"),
        ("an import over two lines", house(PolicyEngine="import\n  OperatingSystem"), "does not declare"),
        ("an import after a string",
         house(PolicyEngine='let a = "\\(b("c"))"\nimport OperatingSystem'), "does not declare"),
        ("an undeclared import in a test", house(PolicyEngineTests="import Ledger"), "does not declare"),
        ("a C module outside its wrapper", house(PolicyEngine="import CYAML"), "only its wrapper"),
        ("Foundation", house(ChangeModel="import Foundation"), "slows every start"),
        ("a part of Foundation", house(ChangeModel="internal import FoundationEssentials"), "slows every start"),
        ("a foreign SPI", house(AgentSafe="@_spi(VerifiedHistory) import PolicyEngine"), "not meant for"),
        ("an SPI behind an access level",
         house(AgentSafe="public @_spi(VerifiedHistory) import PolicyEngine"), "not meant for"),
        ("@testable outside tests", house(AgentSafe="@testable import Ledger"), "belongs to tests"),
        ("print", house(ChangeModel='func f() { print("x") }'), "standard output"),
        ("Swift.print", house(ChangeModel='func f() { Swift.print("x") }'), "standard output"),
        ("stdout", house(ChangeModel='func f() { fputs("x", stdout) }'), "standard output"),
        ("descriptor 1", house(ChangeModel="func f() { write(1, p, 2) }"), "standard output"),
        ("an arrow upwards", changed("ChangeModel", ["PolicyEngine"]), "only lower floors"),
        ("an arrow to a neighbour", changed("YAML", ["OperatingSystem", "CYAML"]), "only lower floors"),
        ("a circle", changed("ChangeModel", ["AgentSafe"]), "a circle"),
        ("a target without a floor", (house()[0] + [described("Utils")], {**house()[1], "Utils": ""}), "has no floor"),
        ("a target without a file", house(OperatingSystem=None), "no Swift file"),
    ]
    failures = 0
    for name, (descriptions, sources), words in cases:
        with tempfile.TemporaryDirectory() as folder:
            targets = [Target(description) for description in descriptions]
            for target in targets:
                if sources.get(target.name) is not None:
                    (Path(folder) / target.path).mkdir(parents=True)
                    (Path(folder) / target.path / "File.swift").write_text(sources[target.name])
            found = list(check(targets, Path(folder)))
        if (words is None and found) or (words and not any(words in finding for finding in found)):
            failures += 1
            print(f"check-imports self-test: {name}: expected {words or 'nothing'!r}, found {found}", file=sys.stderr)
    print(f"check-imports self-test: {len(cases) - failures} of {len(cases)} cases behave")
    return failures == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return False
    root = Path(__file__).resolve().parent.parent
    dump = subprocess.run(["swift", "package", "dump-package"], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    targets = [Target(description) for description in json.loads(dump)["targets"]]
    findings = list(check(targets, root))
    for finding in findings:
        print(finding, file=sys.stderr)
    if not findings:
        print(f"check-imports: {len(targets)} targets keep to their floors")
    return not findings


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
