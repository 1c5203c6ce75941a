#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""page_figures.py WRITE_SAMPLES: how large pages are and how long a browser takes over them. Figures, not a test: they
are of this machine. First paint and ready are since the navigation began; the others are until the next frame is drawn."""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from devtools import Browser, Page  # noqa: E402

# What is done, on the flame graph's section; the time until what it draws is on the screen, the median of nine.
TIMED = """(async (act) => {
  const section = [...document.querySelectorAll('section.map')].find((s) => s.querySelector('.flame'));
  const canvas = section.querySelector('.flame canvas'), search = section.querySelector('.flame-search');
  const hosts = section.querySelector('.control-group input');
  const acts = {
    zoom: (i) => { const b = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new MouseEvent('click', { clientX: b.left + b.width * (0.15 + 0.08 * i), clientY: b.top + 9 + 18 * (i % 2 ? 0 : 2) })); },
    hover: (i) => { const b = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: b.left + b.width * (0.15 + 0.08 * i), clientY: b.top + 9 + 18 * 2 })); },
    search: (i) => { search.value = ['page', 'read', 'socket'][i % 3]; search.dispatchEvent(new Event('input')); },
    hosts: (i) => { hosts.value = ['db*', 'web*', ''][i % 3]; hosts.dispatchEvent(new Event('input')); },
  };
  const times = [];
  for (let i = 0; i < 9; ++i) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
    const begin = performance.now();
    acts[act](i);
    await new Promise((done) => { const c = new MessageChannel(); c.port1.onmessage = done; requestAnimationFrame(() => c.port2.postMessage(0)); });
    times.push(performance.now() - begin);
  }
  return times.sort((a, b) => a - b)[4];
})"""


def main():
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        subprocess.run([os.path.abspath(sys.argv[1]), folder, "--large"], check=True, stdout=subprocess.DEVNULL)
        for name in ("empty", "fleet", "thousand_plain", "thousand"):
            path = os.path.join(folder, name + ".html")
            page = Page(browser, path)
            paint, ready = page.run("""new Promise((done) => setTimeout(() => done([
                performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
                performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]), 500))""")
            heap = page.run("performance.memory.usedJSHeapSize")
            print(f"{name:15} {os.path.getsize(path) / 1e6:7.2f} MB  first paint {paint:5.0f} ms  ready {ready:5.0f} ms"
                  f"  heap {heap / 1e6:4.0f} MB")
            index = page.run("""[...document.querySelectorAll('section.map')].findIndex((s) =>
                s.querySelector('h2').textContent.startsWith('@stacks'))""")
            if index >= 0:
                took = page.run(f"""(async () => {{ const begin = performance.now();
                    document.getElementById('map-{index}').scrollIntoView();
                    while (!document.querySelector('#map-{index} .flame')) await new Promise((d) => requestAnimationFrame(d));
                    return performance.now() - begin; }})()""")
                print(f"{'':15} flame graph {took:.0f} ms, then " + ", ".join(
                    f"{act} {page.run(f'{TIMED}({act!r})'):.0f} ms" for act in ("zoom", "hover", "search", "hosts")))
            assert page.complaints() == [], page.complaints()
            page.close()


main()
