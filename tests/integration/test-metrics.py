#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The metrics as a real Prometheus scrapes them, and the alert rules that are shipped with them."""
import json
import subprocess
import urllib.parse

import alone
import bed
from bed import expect, wait_for

RULES = bed.ROOT / "data" / "monitoring" / "virt-omen.rules.yml"
DASHBOARD = bed.ROOT / "data" / "monitoring" / "virt-omen-dashboard.json"
API = "http://127.0.0.1:9090/api/v1"

PROMETHEUS = """global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [{rules}]
scrape_configs:
  - job_name: virt-omen
    static_configs: [{{targets: ["127.0.0.1:9861"]}}]
"""


def start_prometheus(one):
    config = one.folder / "prometheus.yml"
    config.write_text(PROMETHEUS.format(rules=RULES))
    one.spawn("prometheus", alone.need("prometheus"), f"--config.file={config}",
              f"--storage.tsdb.path={one.folder}/tsdb", "--web.listen-address=127.0.0.1:9090")
    wait_for("Prometheus is ready", lambda: alone.answers("http://127.0.0.1:9090/-/ready"))


def query(expression):
    """Label values (as a frozen set) -> value."""
    answer = json.loads(alone.fetch(f"{API}/query?query={urllib.parse.quote(expression)}"))
    return {frozenset(row["metric"].items()): float(row["value"][1]) for row in answer["data"]["result"]}


def value(expression):
    rows = list(query(expression).values())
    return rows[0] if len(rows) == 1 else None


def firing():
    alerts = json.loads(alone.fetch(f"{API}/alerts"))["data"]["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def test_rules():
    """promtool finds no fault with the rules."""
    done = bed.run([alone.need("promtool"), "check", "rules", str(RULES)], check=False)
    expect(f"{done.stdout}{done.stderr}", done.returncode == 0)


def test_scrape():
    """A real Prometheus scrapes what the daemon says of itself, and its alert fires and ends."""
    with alone.Alone() as one:
        start_prometheus(one)
        wait_for("it is scraped", lambda: value('up{job="virt-omen"}') == 1)
        one.teach()
        records = one.records()
        wait_for("all records are counted", lambda: value("sum(virt_omen_records_total)") == records)
        expect("no alert", not firing())
        expect("nothing is endangered", value("virt_omen_host_endangered") == 0)

        omen = one.break_disk()
        n_disk = sum(omen["class"] == "disk" for omen in one.omen("omens", "--json"))
        wait_for("the omen is counted", lambda: value('virt_omen_omens_total{class="disk"}') == n_disk)
        expect("it is open", value(f'virt_omen_open_omens{{class="{omen["class"]}"}}') == n_disk)
        expect("the judge was asked", value("virt_omen_judge_seconds_count") > 10)
        expect("the scores are spread", value('virt_omen_scores_bucket{le="+Inf"}') == one.records())
        wait_for("the alert fires", lambda: firing() == {"VirtOmenHostEndangered"})

        n_all = len(one.omen("omens", "--json"))
        one.clear_all()
        wait_for("the alert ends", lambda: not firing())
        expect("the deeds are counted", value('virt_omen_omen_actions_total{action="cleared"}') == n_all)


def test_dashboard():
    """Prometheus understands every expression of the dashboard."""
    with alone.Alone() as one:
        start_prometheus(one)
        wait_for("it is scraped", lambda: value('up{job="virt-omen"}') == 1)
        panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
        expect("there are panels", len(panels) > 5)
        for target in (target for panel in panels for target in panel["targets"]):
            expression = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            query(expression)
            for name in set(word for word in expression.replace("{", " ").replace("(", " ").split()
                            if word.startswith("virt_omen_")):
                expect(f"{name} is there", query(name) or "migration" in name or "destination" in name)


def test_bad_address():
    """An address that is taken is told, and the daemon goes on."""
    with alone.Alone(settings="[metrics]\nlisten=tcp:127.0.0.1:9861;tcp:127.0.0.1:9861\n") as one:
        problems = one.omen("status", "--json")["problems"]
        expect(f"it is told: {problems}", any("9861" in problem for problem in problems))
        expect("the other one is served", "virt_omen_build_info" in alone.fetch(alone.METRICS))


if __name__ == "__main__":
    alone.enter_namespaces()
    bed.main([test_rules, test_scrape, test_dashboard, test_bad_address])
