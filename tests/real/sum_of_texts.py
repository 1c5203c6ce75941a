#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums of maps, computed the long way from what each host's bpftrace printed as text, and the same read from what
`rstap --sum` printed: a line for each number, sorted, to be compared.

    sum_of_texts.py texts < LABELLED_TEXT    lines "NAME: TEXT", as of rstap --label
    sum_of_texts.py sums < OUTPUT_OF_SUM
"""
import re
import sys
from collections import defaultdict

VALUE = re.compile(r"^(@[^:]*?): (?:count (\d+), average -?\d+, total (-?\d+)|(-?\d+))$")
HEAD = re.compile(r"^(@[^:]*):(?: count \d+, p50 .*)? ?$")
ROW = re.compile(r"^([\[(][^\])]*[\])]) +(\d+) \|")


def numbers(lines):
    """(name, number) of one host, or of a sum: names tell maps, keys, buckets and what of stats it is."""
    histogram = ""
    for line in lines:
        line = line.replace(", ", ",") if line.startswith("@") and "[" in line and " count " not in line else line
        row, value, head = ROW.match(line), VALUE.match(line), HEAD.match(line)
        if row and histogram:
            if int(row[2]):
                yield f"{histogram} {row[1]}", int(row[2])
        elif value and value[2]:
            yield f"{value[1]} count", int(value[2])
            yield f"{value[1]} total", int(value[3])
        elif value:
            yield value[1], int(value[4])
        elif head:
            histogram = head[1]


def main():
    combined = {}
    if sys.argv[1] == "texts":
        hosts = defaultdict(list)
        for line in sys.stdin:
            name, _, text = line.rstrip("\n").partition(": ")
            hosts[name].append(text)
        for lines in hosts.values():
            for name, number in numbers(lines):
                how = min if name.startswith("@min") else max if name.startswith("@max") else lambda a, b: a + b
                combined[name] = how(combined[name], number) if name in combined else number
    else:
        combined = dict(numbers(line.rstrip("\n") for line in sys.stdin))
    for name in sorted(combined):
        print(f"{name} = {combined[name]}")


main()
