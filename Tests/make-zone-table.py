#!/usr/bin/env python3
"""Writes the table of time zones that the policy engine carries: Sources/ChangeModel/Zones/ZoneTable.swift.

    Tests/make-zone-table.py [--zoneinfo /usr/share/zoneinfo] > Sources/ChangeModel/Zones/ZoneTable.swift
    Tests/make-zone-table.py --version          the version of the machine's tzdata

Reads the TZif files (RFC 9636) of every zone and link of tzdata. A zone's rule is the footer of its file: a POSIX TZ
string. Where the file lists changes since 2020 that the footer does not tell (Morocco, Gaza, countries that changed their
rules since), these are listed. Zones with one rule share a line:

    <TZ string>[;<offset in 2020>,<instant>:<offset>,...]|<name> <name> ...

Offsets are in seconds east of UTC, instants in seconds since 1970, each the difference to the one before. The facts of
tzdata are in the public domain.
"""
import argparse
import re
import struct
import sys
from datetime import date, timedelta
from pathlib import Path

START = 1577836800  # 2020-01-01T00:00:00Z
LEFT_OUT = {"posix", "right"}
NO_ZONES = {"localtime", "posixrules", "Factory"}


def version(folder):
    for name in ["tzdata.zi", "+VERSION"]:
        path = folder / name
        if path.exists():
            return path.read_text().split("\n")[0].replace("# version", "").strip()
    sys.exit(f"{folder} does not say its version")


def read(data):
    """Transitions as (instant, offset), the offset before them, and the footer, of a TZif file of version 2 or later."""
    def header(at):
        assert data[at:at + 4] == b"TZif", "no TZif file"
        return data[at + 4], struct.unpack(">6l", data[at + 20:at + 44])
    number, (utc, std, leap, times, types, chars) = header(0)
    assert number >= ord("2"), "a TZif file of version 1 has no footer"
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + std + utc
    _, (utc, std, leap, times, types, chars) = header(at)
    at += 44
    instants = struct.unpack(f">{times}q", data[at:at + times * 8])
    at += times * 8
    kinds = data[at:at + times]
    at += times
    offsets = [struct.unpack(">lbb", data[at + i * 6:at + i * 6 + 6])[0] for i in range(types)]
    at += types * 6 + chars + leap * 12 + std + utc
    assert data[at:at + 1] == b"\n" and data[-1:] == b"\n"
    changes, last = [], offsets[0]
    for instant, kind in zip(instants, kinds):
        if offsets[kind] != last:
            changes.append((instant, offsets[kind]))
        last = offsets[kind]
    return changes, offsets[0], data[at + 1:-1].decode("ascii")


NAME = r"(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]+>)"
TIME = r"([+-]?\d{1,3}(?::\d{2}(?::\d{2})?)?)"
POSIX = re.compile(rf"^{NAME}{TIME}(?:{NAME}{TIME}?,M(\d+)\.(\d)\.(\d)(?:/{TIME})?,M(\d+)\.(\d)\.(\d)(?:/{TIME})?)?$")


def seconds(text, default):
    if text is None:
        return default
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    return -total if text.startswith("-") else total


def day(year, month, week, weekday):
    first = date(year, month, 1)
    found = first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (week - 1))
    while found.month != month:
        found -= timedelta(days=7)
    return (found - date(1970, 1, 1)).days * 86400


def told(footer, years):
    """The changes that a footer tells for `years`, and its standard offset."""
    match = POSIX.match(footer)
    assert match, f"a TZ string of another form: {footer}"
    groups = match.groups()
    std = -seconds(groups[0], 0)
    if groups[2] is None:
        return [], std
    dst = -seconds(groups[1], -(std + 3600))
    changes = []
    for year in years:
        start, end = (day(year, *map(int, groups[i:i + 3])) + seconds(groups[i + 3], 7200) for i in (2, 6))
        changes += [(start - std, dst), (end - dst, std)]
    return sorted(changes), std


def rule(path):
    changes, before, footer = read(path.read_bytes())
    for instant, offset in changes:
        if instant < START:
            before = offset
    listed = [change for change in changes if change[0] >= START]
    last_year = 2020 if not listed else 1970 + listed[-1][0] // 31556952 + 1
    expected, std = told(footer, range(2019, last_year + 1))
    # What the footer says by itself need not be listed: from the back, as far as both agree.
    def state(instant):
        earlier = [offset for at, offset in expected if at <= instant]
        return earlier[-1] if earlier else std
    end = len(listed)
    while end > 0:
        at, offset = listed[end - 1]
        previous = listed[end - 2][1] if end > 1 else before
        # The footer must tell this change, and nothing else since the change before it.
        since = listed[end - 2][0] if end > 1 else START
        between = [change for change in expected if since < change[0] <= at]
        if state(at) != offset or between != [(at, offset)] or state(at - 1) != previous:
            break
        end -= 1
    if end == 0 and state(START) == before:
        return footer
    parts, last = [str(before)], 0
    for at, offset in listed[:end]:
        parts.append(f"{at - last}:{offset}")
        last = at
    if end == 0:
        parts.append(f"{START}:{state(START)}")
    return footer + ";" + ",".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--zoneinfo", default="/usr/share/zoneinfo", type=Path)
    parser.add_argument("--version", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.zoneinfo
    if arguments.version:
        print(version(folder))
        return
    names = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name.split("/")[0] in LEFT_OUT or name in NO_ZONES:
            continue
        if path.read_bytes()[:4] != b"TZif":
            continue
        names.setdefault(rule(path), []).append(name)
    lines = [f"{key}|{' '.join(value)}" for key, value in sorted(names.items(), key=lambda item: item[1])]
    for line in lines:
        assert '"' not in line and "\\" not in line and "#" not in line
    print(f'''\
// Made by Tests/make-zone-table.py from tzdata {version(folder)}; do not edit. The facts of tzdata are in the public domain.

/// The time zones of the world, so that every clone reads the same clock whatever its machine has installed.
enum ZoneTable {{
    /// The version of tzdata that the table was made from.
    static let version: StaticString = "{version(folder)}"

    /// One line for each rule: the TZ string, the changes since 2020 that it does not tell, and the zones that follow it.
    static let text: StaticString = """
''' + "\n".join(fold(lines)) + '\n        """\n}')


def fold(lines):
    """Lines of the literal, none longer than the house allows: a backslash joins a line with the next."""
    for line in lines:
        while len(line) > 108:
            cut = max((line.rfind(mark, 0, 107) for mark in " ,"), default=-1) + 1
            yield " " * 8 + line[:cut] + "\\"
            line = line[cut:]
        yield " " * 8 + line


if __name__ == "__main__":
    main()
