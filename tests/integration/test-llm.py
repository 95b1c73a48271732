#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The language model that is asked where the judge is not sure: llama.cpp, with a tiny model of random weights."""
import pathlib
import re
import signal
import sys
import time

import alone
import bed
from bed import expect, wait_for

sys.path.insert(0, str(pathlib.Path(__file__).parent / "llm"))
import npm  # pylint: disable=wrong-import-position
import tiny_model  # pylint: disable=wrong-import-position

PORT = 8093
SERVER = pathlib.Path(__file__).parent / "llm" / "llama-server.mjs"
FOLDER = alone.BUILD / "llm"
PACKAGES = ["node-llama-cpp@3.22.1", "@node-llama-cpp/linux-x64@3.22.1"]
SETTINGS = f"llm_url=http://127.0.0.1:{PORT}/v1/chat/completions\nllm_timeout_s=4\n"
DOUBTFUL = "kernel: NETDEV WATCHDOG: eth{n} (ixgbe): transmit queue {n} timed out"
UNKNOWN = "kernel: frobnicator {n}: unit {n} reports an error condition"
SURE = "kernel: critical medium error, dev sdz, sector {n} op 0x0:(READ) flags 0x80700 phys_seg 16 prio class 2"


def start_model(one):
    model = one.folder / "tiny.gguf"
    tiny_model.write(model)
    (FOLDER / "llama-server.mjs").write_text(SERVER.read_text())
    process = one.spawn("llama", alone.need("node"), FOLDER / "llama-server.mjs", model, str(PORT), cwd=FOLDER)
    wait_for("llama.cpp has loaded the model", lambda: "ready" in one.log("llama"), 60)
    return process


def count(result):
    found = re.search(rf'^virt_omen_llm_questions_total{{result="{result}"}} (\d+)', alone.fetch(alone.METRICS), re.M)
    return int(found.group(1)) if found else 0


def omens(one, kind):
    return [omen for omen in one.omen("omens", "--json") if omen["class"] == kind]


def test_answers():
    """What the judge can't place is asked about once; its answer holds to the schema."""
    with alone.Alone(settings=SETTINGS) as one:
        start_model(one)
        one.teach()
        asked = count("answered")
        one.write([UNKNOWN.format(n=7)])
        wait_for("the model has answered", lambda: count("answered") > asked)
        expect(f"by the schema: {one.log('llama')}", "answered" in one.log("llama") and "failed" not in one.log("llama"))
        expect("every answer parsed", count("failed") == 0)


def test_model_that_hangs():
    """A doubtful sign waits for the time-out and no longer; one that the judge is sure of does not wait."""
    with alone.Alone(settings=SETTINGS) as one:
        process = start_model(one)
        one.teach()
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        one.write([DOUBTFUL.format(n=1)])
        one.write([SURE.format(n=2)])
        wait_for("the sure one is an omen", lambda: omens(one, "disk"), 3)
        expect("without waiting", time.monotonic() - began < 3)
        expect("the doubtful one waits", not omens(one, "nic"))
        wait_for("the doubtful one is an omen, too", lambda: omens(one, "nic"), 15)
        expect(f"after the time-out: {time.monotonic() - began:.1f} s", time.monotonic() - began >= 3.5)
        process.send_signal(signal.SIGCONT)
        wait_for("the request was ended at the server, too", lambda: "cancelled" in one.log("llama"), 30)


def test_no_model():
    """Where nobody listens, the judge's word holds, and the server is soon left alone."""
    with alone.Alone(settings=SETTINGS) as one:
        one.teach()
        one.write([DOUBTFUL.format(n=1)])
        wait_for("the judge's word holds", lambda: omens(one, "nic"), 20)
        for n in range(6):
            one.write([UNKNOWN.format(n=n).replace("unit", "unit" + "abcdef"[n])])
        wait_for("it is left alone", lambda: count("refused") > 0 or count("failed") >= 4, 30)


if __name__ == "__main__":
    npm.bring(FOLDER, PACKAGES, 20)
    alone.enter_namespaces()
    bed.main([test_answers, test_model_that_hangs, test_no_model])
