#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page_test.py WRITE_SAMPLES [-k PATTERN]: the report's page in a real browser. Figures are added up here a second time,
from the data in the page, and compared with what it shows. Exits with 77 (skipped) where there is no Chromium."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from devtools import Browser, Page, find_chromium  # noqa: E402

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../src/client/report/page")
SAMPLES = None
WRITE_SAMPLES = None
BROWSER = None

# Text, and what it stands on. WCAG 2.1 AA: 4.5 to 1; 3 to 1 for what is no text.
TEXT_PAIRS = [("--ink", "--page"), ("--ink", "--panel"), ("--ink", "--soft"), ("--muted", "--page"), ("--muted", "--panel"),
              ("--muted", "--soft"), ("--accent", "--panel"), ("--accent", "--page"), ("--bad", "--on-bad"),
              ("--warn", "--on-warn"), ("--warn", "--panel"), ("--good", "--on-good"), ("--quiet", "--on-quiet")]
TEXT_PAIRS += [("--flame-ink", f"--flame-{name}") for name in
               ["all", "process", "kernel", "user", "unresolved", "match"] + [f"module-{i}" for i in range(8)]]
MARK_PAIRS = [("--focus", "--panel"), ("--focus", "--page"), ("--bar", "--panel"), ("--fill-failed", "--panel"),
              ("--bad", "--panel")] + [(f"--line-{i}", "--panel") for i in range(6)]


def data_of(name):
    with open(os.path.join(SAMPLES, name), encoding="utf-8") as file:
        text = file.read()
    begin = text.index(">", text.index('<script type="application/json"')) + 1
    data = json.loads(text[begin:text.index("</script>", begin)])
    for page_map in data["maps"]:
        for column in page_map["hosts"]:
            key = 0
            for i, step in enumerate(column["k"]):
                key += step
                column["k"][i] = key
    return data


def map_called(data, name):
    return next(m for m in data["maps"] if m["name"] == name)


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def figure(number):
    return f"{number:,}"


class PageTest(unittest.TestCase):
    def open(self, name, **options):
        page = Page(BROWSER, os.path.join(SAMPLES, name), **options)
        self.addCleanup(page.close)
        return page

    def see_all(self, page):
        """Scrolls to each section, so that it is made."""
        for section in page.run("[...document.querySelectorAll('section')].map((s) => s.id)"):
            page.run(f"document.getElementById('{section}').scrollIntoView()")
            page.until(f"!document.querySelector('#{section} > .lazy')")
        page.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        page.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        page.run("window.scrollTo(0, 0)")

    def column(self, page, table, number):
        return page.run(f"[...document.querySelectorAll('{table} tbody tr')].map((r) => r.children[{number}].textContent)")

    def section_of(self, data, name):
        return f"#map-{[m['name'] for m in data['maps']].index(name)}"

    def show(self, page, section):
        page.run(f"document.querySelector('{section}').scrollIntoView()")
        page.until(f"!document.querySelector('{section} > .lazy')")
        page.run("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")

    # What holds for every page.

    def test_nothing_complains_and_nothing_is_too_wide(self):
        for name in ("empty.html", "faulty.html", "fleet.html", "hostile.html", "over_time.html", "thousand_plain.html"):
            for dark in (False, True):
                with self.subTest(name, dark=dark):
                    page = self.open(name, dark=dark)
                    self.see_all(page)
                    self.assertEqual(page.complaints(), [])
                    self.assertNotRegex(page.run("document.querySelector('#top').textContent + document.querySelector('main').textContent"),
                                        r"NaN|undefined|\[object|Infinity")
                    self.assertEqual(page.run("document.documentElement.scrollWidth"), 1280)
                    self.assertEqual(page.run("document.documentElement.dataset.theme"), "dark" if dark else "light")
                    self.assertEqual(page.run("(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);"
                                              " return ids.length - new Set(ids).size; })()"), 0)

    def test_a_narrow_window_scrolls_no_page_either(self):
        page = self.open("fleet.html", width=800)
        self.see_all(page)
        self.assertEqual(page.run("document.documentElement.scrollWidth"), 800)

    def test_controls_and_tables_have_names(self):
        for name in ("fleet.html", "hostile.html"):
            page = self.open(name)
            self.see_all(page)
            nodes = BROWSER.call("Accessibility.getFullAXTree")["nodes"]
            roles = {}
            for node in nodes:
                role = node.get("role", {}).get("value")
                if node.get("ignored") or role not in ("button", "searchbox", "textbox", "combobox", "checkbox", "link", "table",
                                                       "application", "region", "navigation", "heading"):
                    continue
                roles[role] = roles.get(role, 0) + 1
                self.assertTrue(node.get("name", {}).get("value", "").strip(), f"{name}: a {role} has no name: {node}")
            for role in ("button", "searchbox", "combobox", "checkbox", "table", "application", "navigation", "heading"):
                self.assertGreater(roles.get(role, 0), 0, role)
        self.assertEqual(page.run("document.querySelectorAll('th:not([scope])').length"), 0)
        self.assertEqual(page.run("document.querySelectorAll('table:not(:has(caption))').length"), 0)

    def test_colours_have_contrast(self):
        page = self.open("empty.html")
        for theme in ("light", "dark"):
            page.run(f"document.documentElement.dataset.theme = '{theme}'")

            def value(name):
                return page.run(f"getComputedStyle(document.documentElement).getPropertyValue('{name}').trim()")
            for pairs, least in ((TEXT_PAIRS, 4.5), (MARK_PAIRS, 3)):
                for one, other in pairs:
                    with self.subTest(theme, pair=(one, other)):
                        self.assertGreaterEqual(contrast(value(one), value(other)), least)

    def test_prints_all_of_it(self):
        page = self.open("fleet.html", dark=True)
        path = os.path.join(SAMPLES, "fleet.pdf")
        page.run("""window.addEventListener('beforeprint', () => { window.printed = [
            document.querySelectorAll('#outcome tbody tr').length, document.querySelector('#timeline canvas').clientWidth,
            document.documentElement.dataset.theme]; })""")
        page.pdf(path)
        self.assertGreater(os.path.getsize(path), 50_000)
        self.assertEqual(page.run("document.querySelectorAll('main .lazy').length"), 0)
        self.assertEqual(page.complaints(), [])
        rows, width, theme = page.run("window.printed")
        self.assertEqual((rows, theme), (40, "light"))
        self.assertTrue(500 < width <= 700, width)
        self.assertEqual(page.run("document.documentElement.dataset.theme"), "dark")  # Light was for the paper.

    # What it says.

    def test_outcome_has_failures_first_and_each_column_sorts(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        failed = sum(data["targets"]["failed"])
        self.assertIn(f"{failed} failed", page.run("document.querySelector('#top').textContent"))
        shown = self.column(page, "#outcome", 1)
        self.assertEqual(shown[:failed], ["failed"] * failed)
        self.assertNotIn("failed", shown[failed:])
        headers = page.run("document.querySelectorAll('#outcome thead th').length")
        for i in range(headers):
            for _ in range(2):
                page.run(f"document.querySelectorAll('#outcome thead button')[{i}].click()")
                sorts = page.run("[...document.querySelectorAll('#outcome thead th')].map((h) => h.getAttribute('aria-sort'))")
                self.assertEqual([n for n, sort in enumerate(sorts) if sort], [i])
        names = self.column(page, "#outcome", 0)
        page.run("document.querySelectorAll('#outcome thead button')[0].click()")
        page.run("if (document.querySelector('#outcome thead th').getAttribute('aria-sort') !== 'ascending')"
                 " document.querySelectorAll('#outcome thead button')[0].click()")
        names = self.column(page, "#outcome", 0)
        self.assertEqual(names, sorted(data["targets"]["name"])[:len(names)])
        output = [i for i in range(headers)
                  if page.run(f"document.querySelectorAll('#outcome thead th')[{i}].textContent") == "Output"][0]
        page.run(f"document.querySelectorAll('#outcome thead button')[{output}].click()")
        largest = max(range(len(names)), key=lambda i: data["targets"]["stdout"][i])
        largest = max(range(len(data["targets"]["name"])), key=lambda i: data["targets"]["stdout"][i])
        self.assertEqual(self.column(page, "#outcome", 0)[0], data["targets"]["name"][largest])

    def test_outcome_is_filtered_and_paged(self):
        page = self.open("fleet.html")
        page.run("(() => { const input = document.querySelector('#outcome input'); input.value = 'timed out';"
                 " input.dispatchEvent(new Event('input')); })()")
        self.assertEqual(self.column(page, "#outcome", 0), ["web05"])
        page.run("(() => { const input = document.querySelector('#outcome input'); input.value = '';"
                 " input.dispatchEvent(new Event('input')); })()")
        first = self.column(page, "#outcome", 0)
        page.run("document.querySelector('#outcome [aria-label=\"Next page\"]').click()")
        second = self.column(page, "#outcome", 0)
        self.assertEqual((len(first), len(second)), (20, 20))
        self.assertFalse(set(first) & set(second))

    def test_sums_are_those_of_the_hosts(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        for name, combine in (("@requests", sum), ("@longest", max)):
            page_map = map_called(data, name)
            section = self.section_of(data, name)
            self.show(page, section)
            want = {key: combine(h["v"][h["k"].index(i)] for h in page_map["hosts"] if i in h["k"])
                    for i, key in enumerate(page_map["keys"])}
            keys = self.column(page, f"{section} table.keys", 0)
            shown = self.column(page, f"{section} table.keys", 1)
            self.assertEqual(dict(zip(keys, shown)), {key: figure(sum_) for key, sum_ in want.items()})
            self.assertEqual(shown, [figure(n) for n in sorted(want.values(), reverse=True)])
        total = map_called(data, "@total")
        section = self.section_of(data, "@total")
        self.show(page, section)
        self.assertEqual(self.column(page, f"{section} table.keys", 1), [figure(sum(h["v"][0] for h in total["hosts"]))])
        largest = max(total["hosts"], key=lambda h: h["v"][0])["v"][0]
        self.assertEqual(self.column(page, f"{section} table:not(.keys)", 1)[0], figure(largest))
        stats = map_called(data, "@wait")
        section = self.section_of(data, "@wait")
        self.show(page, section)
        for key, count, total in zip(*(self.column(page, f"{section} table.keys", i) for i in (0, 1, 3))):
            i = stats["keys"].index(key)
            values = [h["v"][h["k"].index(i)] for h in stats["hosts"] if i in h["k"]]
            self.assertEqual((count, total), (figure(sum(v["c"] for v in values)), figure(sum(v["t"] for v in values))))

    def test_histograms_are_those_of_the_hosts(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        page_map = map_called(data, "@usecs")
        section = self.section_of(data, "@usecs")
        self.show(page, section)
        want = [0] * len(page_map["buckets"])
        for host in page_map["hosts"]:
            for bucket, count in zip(host["v"][0][::2], host["v"][0][1::2]):
                want[bucket] += count
        shown = self.column(page, f"{section} table.histogram", 1)
        self.assertEqual(shown, [figure(count) for count in want[:len(shown)]])
        self.assertEqual(sum(want[len(shown):]), 0)
        self.assertIn(f"{figure(sum(want))} values", page.run(f"document.querySelector('{section} .quantiles').textContent"))
        # A column for each host has the hosts' own figures.
        page.run(f"document.querySelector('{section} details').open = true")
        page.until(f"document.querySelector('{section} .by-host tbody tr')")
        names = page.run(f"[...document.querySelectorAll('{section} .by-host thead th')].map((h) => h.textContent)")
        host = page_map["hosts"][3]
        at = names.index(data["targets"]["name"][host["t"]])
        own = dict(zip(host["v"][0][::2], host["v"][0][1::2]))
        self.assertEqual(self.column(page, f"{section} .by-host", at),
                         [figure(own.get(i, 0)) for i in range(len(page_map["buckets"]))])
        self.assertEqual(self.column(page, f"{section} .by-host", 1), [figure(count) for count in want])

    def test_numbers_over_time_are_lines_and_a_table(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        for name in ("@requests", "@total"):
            with self.subTest(name):
                section, series = self.section_of(data, name), map_called(data, name)["series"]
                self.show(page, section)
                self.assertEqual(page.run(f"document.querySelectorAll('{section} svg[role=img] path.line').length"), len(series["keys"]))
                label = page.run(f"document.querySelector('{section} svg[role=img]').getAttribute('aria-label')")
                self.assertIn(f"{name} over time", label)
                page.run(f"document.querySelector('{section} .over-time details').open = true")
                table = f"{section} .over-time table"
                page.until(f"document.querySelector('{table} tbody tr')")
                wanted = []
                for i in range(len(series["at"])):
                    now, before = series["lines"][0][i], series["lines"][0][i - 1]
                    if not series["cumulative"]:
                        wanted.append(now)
                    elif i > 0:
                        wanted.append((now - before) / (series["at"][i] - series["at"][i - 1]))
                self.assertEqual([float(text.replace(",", "")) for text in self.column(page, table, 1)],
                                 [round(value, 2) for value in wanted[:25]])
                # A line is as high as its figures: the highest point is that of the largest.
                heights = page.run(f"document.querySelector('{section} svg[role=img] path.line-0').getAttribute('d')"
                                   ".slice(1).split('L').map((p) => Number(p.split(',')[1]))")
                self.assertEqual(heights.index(min(heights)), wanted.index(max(wanted)))
        section = self.section_of(data, "@requests")
        self.assertIn("a \"quoted\" name", page.run(f"document.querySelector('{section} .over-time .legend').textContent"))
        self.assertIn("Where a line has a gap", page.run(f"document.querySelector('{section} .over-time').textContent"))
        self.assertIn("38 hosts, as the program printed it. 2 moments of other hosts left out.",
                      page.run(f"document.querySelector('{self.section_of(data, '@total')} .over-time').textContent"))
        self.assertEqual(page.complaints(), [])

    def over_time(self, page, data, name):
        """The ticks of the picture, the table's columns, and the remark above them."""
        section = self.section_of(data, name)
        self.show(page, section)
        page.run(f"document.querySelector('{section} .over-time details').open = true")
        table = f"{section} .over-time table"
        page.until(f"document.querySelector('{table} tbody tr')")
        ticks = page.run(f"[...document.querySelectorAll('{section} .over-time svg text:not(.time)')].map((t) => t.textContent)")
        heads = page.run(f"[...document.querySelectorAll('{table} thead th')].map((h) => h.textContent)")
        columns = {head: self.column(page, table, i) for i, head in enumerate(heads)}
        return ticks, columns, page.run(f"document.querySelector('{section} .over-time > .remark').textContent")

    def test_only_what_is_never_cleared_is_a_rate(self):
        data, page = data_of("over_time.html"), self.open("over_time.html")
        ticks, columns, remark = self.over_time(page, data, "@cleared")
        self.assertEqual(columns["@cleared"], [figure(12034 + 150 * i) for i in range(8)])
        self.assertIn("as the program printed it", remark)
        self.assertEqual(len(set(ticks)), len(ticks), ticks)
        ticks, columns, remark = self.over_time(page, data, "@large")  # Beyond what a number of the page holds.
        self.assertEqual(columns["@large"], ["12,346.06"] * 7)
        self.assertIn("per second, since the moment before", remark)
        for name, remark in (("@usecs", "what came since the moment before"), ("@cleared_usecs", "as the program printed it")):
            section = self.section_of(data, name)
            self.show(page, section)
            self.assertIn(remark, page.run(f"document.querySelector('{section}').textContent"))
        self.assertEqual(page.complaints(), [])

    def test_slow_rates_can_be_told_apart(self):
        data, page = data_of("over_time.html"), self.open("over_time.html")
        ticks, columns, _ = self.over_time(page, data, "@slow")
        self.assertEqual(columns["panic"], ["0.004"] * 7)
        self.assertEqual(columns["panic_print"], ["0", "0.004"] * 3 + ["0"])
        self.assertEqual(len(set(ticks)), len(ticks), ticks)
        self.assertGreater(len(ticks), 2)

    def test_a_key_that_comes_late_grows_from_nothing(self):
        data, page = data_of("over_time.html"), self.open("over_time.html")
        _, columns, remark = self.over_time(page, data, "@late")
        self.assertEqual(columns["late"], ["0"] * 3 + ["2"] * 4)
        self.assertEqual(remark, "The largest keys of all hosts, per second, since the moment before.")
        # No time of the axis is cut off.
        section = self.section_of(data, "@late")
        self.assertEqual(page.run(f"(() => {{ const svg = document.querySelector('{section} .over-time svg');"
                                  " return [...svg.querySelectorAll('text')].filter((text) => text.getBBox().x < 0 ||"
                                  " text.getBBox().x + text.getBBox().width > svg.viewBox.baseVal.width).length; })()"), 0)

    def test_what_can_not_be_compared_has_no_lines(self):
        data, page = data_of("over_time.html"), self.open("over_time.html")
        self.assertIn("series", map_called(data, "@changing"))
        for name in ("@changing", "@top"):
            section = self.section_of(data, name)
            self.show(page, section)
            self.assertEqual(page.run(f"document.querySelectorAll('{section} .over-time').length"), 0, name)
            self.assertGreater(page.run(f"document.querySelectorAll('{section} table.keys tbody tr').length"), 1, name)
        self.assertIn("not shown over time: the program prints only the largest keys of each host",
                      page.run(f"document.querySelector('{self.section_of(data, '@top')}').textContent"))
        _, columns, remark = self.over_time(page, data, "@hosts")
        self.assertEqual(columns["@hosts"], ["2"] * 4)
        self.assertEqual(remark, "2 hosts, per second, since the moment before. 3 moments of other hosts left out.")
        self.assertEqual(page.complaints(), [])

    def test_figures_are_rounded_before_they_are_split(self):
        with open(os.path.join(SOURCES, "format.js"), encoding="utf-8") as file:
            module = file.read().replace("export ", "")
        page = self.open("empty.html")

        def value(expression):
            return page.run(f"(() => {{ {module}\nreturn {expression}; }})()")
        for seconds, want in ((0, "0 s"), (4e-6, "4 µs"), (0.0009994, "999 µs"), (0.0009996, "1.0 ms"), (0.0999, "99.9 ms"),
                              (0.09996, "100 ms"), (0.9996, "1.00 s"), (9.994, "9.99 s"), (9.996, "10.0 s"),
                              (99.94, "99.9 s"), (99.96, "1 min 40 s"), (119.4, "1 min 59 s"), (119.6, "2 min 0 s"),
                              (3599.4, "59 min 59 s"), (3599.7, "1 h 0 min"), (7199, "2 h 0 min"), (7169, "1 h 59 min"),
                              (-119.6, "−2 min 0 s")):
            self.assertEqual(value(f"seconds({seconds})"), want, seconds)
        for number, want in ((1023, "1023 B"), (1024, "1.0 KiB"), (102_390, "100 KiB"), (1_048_575, "1.0 MiB")):
            self.assertEqual(value(f"bytes({number})"), want, number)
        for number, want in ((999.7, "1,000"), (0.004, "0.004"), (12034, "12,034"), (-0.5, "−0.5")):
            self.assertEqual(value(f"figure({number})"), want, number)
        for number, want in ((0.004, "0.004"), (0.9999, "1"), (12034.567, "12,034.57"), (-1234, "−1,234"), (1e30, "1e+30")):
            self.assertEqual(value(f"rateFigure({number})"), want, number)

    def test_another_key_of_histograms_is_chosen(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        section = self.section_of(data, "@by_comm")
        self.show(page, section)
        before = self.column(page, f"{section} table.histogram", 1)
        page.run(f"document.querySelectorAll('{section} table.keys button.link')[3].click()")
        self.assertNotEqual(self.column(page, f"{section} table.histogram", 1), before)
        self.assertEqual(page.run(f"document.querySelectorAll('{section} table.keys [aria-pressed=true]').length"), 1)

    def test_coverage_names_who_is_missing(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        for i, page_map in enumerate(data["maps"]):
            text = page.run(f"document.querySelector('#map-{i} .coverage').textContent")
            self.assertIn(f"{len(page_map['hosts'])} of {page_map['asked']} hosts gave data", text)
            for missing in page_map["missing"]:
                self.assertIn(missing["names"], text)
                self.assertIn(missing["why"], text)
        self.assertIn("17 keys beyond the limit", page.run(f"document.querySelector('{self.section_of(data, '@requests')}').textContent"))

    def test_what_rstap_failed_at_is_said_beside_its_map(self):
        data = data_of("faulty.html")
        page = self.open("faulty.html")
        self.see_all(page)
        texts = {m["name"]: page.run(f"document.querySelector('{self.section_of(data, m['name'])}').textContent") for m in data["maps"]}
        self.assertIn("rstap itself failed at --by-host: it is missing or not whole.", texts["@usecs"])
        self.assertIn("what it printed last could not be read", texts["@requests"])
        self.assertIn("rstap itself failed at what hosts had printed of it", texts["@lost"])
        self.assertNotIn("hosts gave data", texts["@lost"])
        self.assertEqual(page.run("document.querySelectorAll('.fault').length"), 2)
        self.assertEqual(page.complaints(), [])

    def test_a_map_that_can_not_be_drawn_costs_no_other(self):
        with open(os.path.join(SAMPLES, "faulty.html"), encoding="utf-8") as file:
            text = file.read()
        at = text.index('"name":"@usecs"')
        begin, end = text.index('"buckets":[', at), text.index('"sums":[', at)
        with open(os.path.join(SAMPLES, "broken.html"), "w", encoding="utf-8") as file:
            file.write(text[:begin] + '"buckets":null,' + text[end:])
        data = data_of("broken.html")
        page = self.open("broken.html")
        self.see_all(page)
        self.assertIn("This page itself failed at the pictures (TypeError",
                      page.run(f"document.querySelector('{self.section_of(data, '@usecs')}').textContent"))
        self.assertGreater(page.run(f"document.querySelectorAll('{self.section_of(data, '@requests')} tbody tr').length"), 3)

    def test_what_runs_it_again_is_there(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        text = page.run("document.querySelector('#again').textContent")
        for wanted in (data["command"], data["sha256"], data["version"], data["text"], "stapsh 0.1.0", "6.1.0-28-amd64 x86_64"):
            self.assertIn(wanted, text)
        notes = page.run("document.querySelector('#notes').textContent")
        self.assertIn(f"{figure(sum(n.get('lost', 0) for n in data['notes']))} events lost", notes)

    # The flame graph. `view` is reached as people reach it: by what is shown, clicks and keys.

    def flame(self, page=None):
        self.data = data_of("fleet.html")
        page = page or self.open("fleet.html")
        self.stacks = map_called(self.data, "@stacks")
        self.flames = self.section_of(self.data, "@stacks")
        self.show(page, self.flames)
        return page

    def host_samples(self, hosts=None):
        return sum(sum(h["v"]) for h in self.stacks["hosts"] if hosts is None or h["t"] in hosts)

    def path_of(self, key):
        """Names of a key's frames, the outermost first."""
        stacks = self.stacks["stacks"]
        node, names = stacks["leaf"][key], []
        depth = stacks["depth"][node]
        while True:
            names.append(stacks["name"][stacks["frame"][node]])
            if depth == 0:
                return names[::-1]
            depth -= 1
            while stacks["depth"][node] != depth:
                node -= 1

    def readout(self, page):
        return page.run(f"document.querySelector('{self.flames} .readout').textContent")

    def search(self, page, text):
        page.run(f"(() => {{ const input = document.querySelector('{self.flames} .flame-search'); input.value = {json.dumps(text)};"
                 " input.dispatchEvent(new Event('input')); })()")
        return page.run(f"document.querySelector('{self.flames} .matched').textContent")

    def test_flame_graph_has_all_samples_and_searches(self):
        page = self.flame()
        page.run(f"document.querySelector('{self.flames} .flame').focus()")
        total = self.host_samples()
        self.assertTrue(self.readout(page).startswith(f"all: {figure(total)}, 100 %"), self.readout(page))
        for text in ("main", "postgres", "folio", "no such frame"):
            matched = sum(sum(v for k, v in zip(h["k"], h["v"]) if any(text in name for name in self.path_of(k)))
                          for h in self.stacks["hosts"])
            share = 100 * matched / total
            want = "0 %" if matched == 0 else "100 %" if matched == total else ">99.9 %" if share > 99.94 else f"{share:.1f} %"
            self.assertEqual(self.search(page, text), f"{want} matched", text)
        self.assertEqual(self.search(page, "/^ma.n$/"), self.search(page, "main"))
        self.search(page, "/(/")
        self.assertEqual(self.search(page, ""), "")
        self.assertEqual(page.complaints(), [])

    def test_flame_graph_zooms_by_click_and_keys(self):
        page = self.flame()
        box = page.run(f"(() => {{ const b = document.querySelector('{self.flames} .flame canvas').getBoundingClientRect();"
                       " return [b.left, b.top, b.width]; })()")
        page.click(box[0] + box[2] * 0.6, box[1] + 18 * 1.5)  # A process.
        name, rest = self.readout(page).split(":", 1)
        own = int(rest.split(",", 1)[0].strip().replace(",", "")) if rest.count(",") == 1 else None
        limits = page.run(f"document.querySelector('{self.flames} .limits').textContent")
        self.assertEqual(self.search(page, name), "100 % matched")  # Of what is shown.
        self.assertNotEqual(own, self.host_samples())
        page.run(f"document.querySelector('{self.flames} .flame').focus()")
        page.press("Escape")
        self.assertTrue(self.readout(page).startswith("all:"))
        self.assertNotEqual(self.search(page, name), "100 % matched")
        self.assertNotEqual(page.run(f"document.querySelector('{self.flames} .limits').textContent"), limits)
        # The same by keys: the widest child of all, its widest child, its neighbours, and back.
        page.press("ArrowDown")
        widest = self.readout(page)
        self.assertFalse(widest.startswith("all"))
        page.press("ArrowDown")
        self.assertNotEqual(self.readout(page), widest)
        page.press("ArrowUp")
        self.assertEqual(self.readout(page), widest)
        page.press("ArrowLeft")
        left = self.readout(page)
        self.assertNotEqual(left, widest)
        page.press("ArrowRight")
        self.assertEqual(self.readout(page), widest)
        page.press("Enter")
        self.assertEqual(self.search(page, widest.split(":")[0]), "100 % matched")
        page.press("Backspace")
        self.assertTrue(self.readout(page).startswith("all:"))
        self.assertEqual(page.complaints(), [])

    def test_frames_of_the_table_are_those_of_the_stacks(self):
        page = self.flame()
        stacks = self.stacks["stacks"]
        own, whole = {}, {}
        for host in self.stacks["hosts"]:
            for key, value in zip(host["k"], host["v"]):
                node = stacks["leaf"][key]
                frame, depth, seen = stacks["frame"][node], stacks["depth"][node], set()
                own[frame] = own.get(frame, 0) + value
                while True:
                    seen.add(stacks["frame"][node])
                    if depth == 0:
                        break
                    depth -= 1
                    while stacks["depth"][node] != depth:
                        node -= 1
                for frame in seen:
                    whole[frame] = whole.get(frame, 0) + value
        table = f"{self.flames} table.frames"
        by_self = sorted(own.values(), reverse=True)[:15]
        self.assertEqual(self.column(page, table, 3), [figure(n) for n in by_self])
        kinds = {"l": "process", "k": "kernel", "u": "user", "?": "unresolved"}
        want = {(stacks["name"][f], kinds[stacks["kind"][f]]): (figure(own.get(f, 0)), figure(n)) for f, n in whole.items()}
        for name, kind, self_, all_ in zip(*(self.column(page, table, i) for i in (0, 1, 3, 5))):
            self.assertEqual((self_, all_), want[name, kind])

    def test_some_hosts_against_the_rest(self):
        page = self.flame()
        colours = f"document.querySelector('{self.flames} .flame canvas').toDataURL()"
        before = page.run(colours)
        page.run(f"(() => {{ const input = document.querySelector('{self.flames} .control-group input'); input.value = 'db*';"
                 " input.dispatchEvent(new Event('input')); })()")
        chosen = {i for i, name in enumerate(self.data["targets"]["name"]) if name.startswith("db")}
        self.assertIn(f"{len(chosen)} of 40 hosts", page.run(f"document.querySelector('{self.flames} .control-group').textContent"))
        page.run(f"document.querySelector('{self.flames} .flame').focus()")
        self.assertTrue(self.readout(page).startswith(f"all: {figure(self.host_samples(chosen))},"))
        page.run(f"document.querySelector('{self.flames} .compare').click()")
        self.assertNotEqual(page.run(colours), before)
        heads = page.run(f"[...document.querySelectorAll('{self.flames} table.frames thead th')].map((h) => h.textContent)")
        self.assertEqual(heads[-2:], ["Rest %", "Difference"])
        self.assertIn("more of it on these hosts", page.run(f"document.querySelector('{self.flames} .legend').textContent"))
        page.run(f"document.querySelector('{self.flames} .flame').focus()")
        page.press("ArrowDown")
        self.assertIn("of the rest", self.readout(page))
        page.run(f"document.querySelector('{self.flames} .compare').click()")
        page.run(f"(() => {{ const group = document.querySelector('{self.flames} .control-group select');"
                 " group.value = group.querySelector('optgroup option').value; group.dispatchEvent(new Event('change')); })()")
        self.assertNotIn("40 of 40", page.run(f"document.querySelector('{self.flames} .control-group').textContent"))
        self.assertEqual(page.complaints(), [])

    # Hands.

    def test_theme_is_toggled_and_kept(self):
        page = self.open("fleet.html")
        light = page.run("getComputedStyle(document.body).backgroundColor")
        self.show(page, "#map-0")
        canvas = "document.querySelector('#map-0 .heat canvas').toDataURL()"
        drawn = page.run(canvas)
        page.run("document.querySelector('#theme').focus()")
        page.press("Enter")
        self.assertEqual(page.run("document.documentElement.dataset.theme"), "dark")
        self.assertNotEqual(page.run("getComputedStyle(document.body).backgroundColor"), light)
        self.assertNotEqual(page.run(canvas), drawn)
        page.press("Enter")
        self.assertEqual(page.run("getComputedStyle(document.body).backgroundColor"), light)
        page.run("localStorage.clear()")

    def test_everything_is_reached_by_tab_and_focus_is_seen(self):
        page = self.open("fleet.html")
        self.see_all(page)
        page.run("document.querySelectorAll('details').forEach((d) => { d.open = false; })")
        page.run("new Promise((done) => setTimeout(done, 50))")
        wanted = page.run("""[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
            .filter((e) => !e.disabled && e.checkVisibility() && e.tabIndex >= 0).length""")
        page.run("(document.activeElement.blur(), window.seen = new Set(), window.unseen = [])")
        for _ in range(wanted + 5):
            page.press("Tab")
            done = page.run("""(() => {
                const e = document.activeElement;
                if (e === document.body || window.seen.has(e)) return e === document.body ? 'out' : 'again';
                window.seen.add(e);
                const style = getComputedStyle(e);
                if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 1) window.unseen.push(e.outerHTML.slice(0, 120));
                return ''; })()""")
            if done:
                break
        self.assertEqual(page.run("window.unseen"), [])
        self.assertGreaterEqual(page.run("window.seen.size"), wanted)

    def test_drawn_rows_are_read_by_keys(self):
        data = data_of("fleet.html")
        page = self.open("fleet.html")
        self.show(page, "#timeline")
        page.run("document.querySelector('#timeline .rows-canvas').focus()")

        def said():
            return page.run("document.querySelector('#timeline .readout').textContent")
        self.assertIn("web05", said())
        page.press("ArrowDown")
        self.assertIn("web12", said())
        page.press("End")
        self.assertNotIn("web12", said())
        self.assertGreater(page.run("document.querySelector('#timeline .rows-canvas').scrollTop"), 0)
        page.press("ArrowRight")
        self.assertIn("connecting for", said())
        section = self.section_of(data, "@usecs")
        self.show(page, section)
        page.run(f"document.querySelector('{section} .heat .rows-canvas').focus()")
        page.press("ArrowRight")
        self.assertRegex(page.run(f"document.querySelector('{section} .heat .readout').textContent"), r"[a-z]+\d+|\d s after")

    # What is said by others.

    def test_hostile_texts_stay_texts(self):
        page = self.open("hostile.html")
        self.see_all(page)
        for i in range(page.run("document.querySelectorAll('[role=application]').length")):
            page.run(f"document.querySelectorAll('[role=application]')[{i}].focus()")
            for key in ("ArrowDown", "ArrowRight", "ArrowUp", "Enter"):
                page.press(key)
                said = page.run("document.activeElement.parentElement.querySelector('.readout').textContent")
                self.assertTrue(said.strip())
                self.assertNotRegex(said, r"NaN|undefined|\[object|Infinity")
        page.pdf(os.path.join(SAMPLES, "hostile.pdf"))
        self.assertEqual(page.complaints(), [])
        count = "document.querySelectorAll('%s').length"
        self.assertEqual(page.run(count % "img, iframe, object, embed, svg, link, base, form, style ~ style"), 0)
        self.assertEqual(page.run(count % "script"), 3)
        self.assertEqual(page.run("[...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) =>"
                                  " a.name.startsWith('on'))).length"), 0)
        text = page.run("document.querySelector('#top').textContent + document.querySelector('main').textContent")
        for wanted in ("</script><script>alert(1)</script><!-- <script> --><img src=x onerror=alert(2)>", "^@^[[31m",
                       "<FF><C0><AF>", "<U+2028><U+2029><U+202E>", "__proto__", "a,b,\"c\"", "1,267,650,600,228,229"):
            self.assertIn(wanted, text)
        self.assertLess(len(text), 150_000)  # No key of a megabyte.

    def test_the_page_lets_no_other_script_run(self):
        page = self.open("empty.html")
        page.run("""(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';
            document.body.append(s); const i = document.createElement('img'); i.src = 'file:///etc/passwd';
            document.body.append(i); return fetch('https://example.net/').catch(() => 0); })()""")
        self.assertIsNone(page.run("window.ran"))
        complaints = page.complaints()
        self.assertTrue(any("Content Security Policy" in complaint for complaint in complaints))
        self.assertFalse([c for c in complaints if c.startswith("request:") and "example" in c])

    # What is written beside the page.

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_promtool_accepts_the_metrics(self):
        for name in ("fleet.prom", "hostile.prom"):
            with open(os.path.join(SAMPLES, name), "rb") as file:
                done = subprocess.run(["promtool", "check", "metrics"], stdin=file, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), name)

    def test_folded_stacks_are_lines_with_a_count(self):
        with open(os.path.join(SAMPLES, "fleet.folded"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        total = 0
        for line in lines:
            stack, count = re.fullmatch(r"(.*)\s+?(\d+(?:\.\d*)?)", line).groups()  # As flamegraph.pl takes it apart.
            self.assertNotIn("", stack.split(";"))
            total += int(count)
        data = data_of("fleet.html")
        self.assertEqual(total, sum(sum(h["v"]) for h in map_called(data, "@stacks")["hosts"]))
        self.assertEqual(len({line.split(";")[0] for line in lines}), len(map_called(data, "@stacks")["hosts"]))


def main():
    global SAMPLES, WRITE_SAMPLES, BROWSER
    WRITE_SAMPLES = os.path.abspath(sys.argv.pop(1))
    if not find_chromium():
        print("no Chromium: skipped")
        return 77
    with tempfile.TemporaryDirectory() as SAMPLES:
        subprocess.run([WRITE_SAMPLES, SAMPLES], check=True, stdout=subprocess.DEVNULL)
        with Browser() as BROWSER:
            return 0 if unittest.main(exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
