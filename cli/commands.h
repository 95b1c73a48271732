/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All sub-commands, in the order that virt-omen --help lists them in; main.c runs them, command.c
 * tells of them: X(name, heading, arguments, what it does, examples). Each is int command_NAME(int
 * argc, char **argv).
 */
#pragma once

/* clang-format off */
#define COMMANDS(X) \
    X(status, "Look", "[--verbose] [--json]", \
      "what is watched, and what is endangered", \
      "virt-omen status\nvirt-omen status --json | jq .problems") \
    X(watch, "Look", "[--json]", \
      "what happens, as it happens", \
      "virt-omen watch") \
    X(omens, "Look", "[--open] [--since TIME] [--class CLASS] [--domain NAME] [--json]", \
      "signs of failure that were seen, and their outcome", \
      "virt-omen omens --open\nvirt-omen omens --class disk --since 2026-11-01") \
    X(explain, "Look", "OMEN [--json]", \
      "why an omen was raised, and what can be done", \
      "virt-omen explain 7") \
    X(evacuations, "Look", "[--json]", \
      "evacuations, and their outcome", \
      "virt-omen evacuations") \
    X(destinations, "Look", "[--json]", \
      "where domains could go, and why not", \
      "virt-omen destinations") \
    X(fleet, "Look", "[--maintenance HOST|--no-maintenance HOST|--watch] [--json]", \
      "the hosts that share an etcd, and which of them take domains", \
      "virt-omen fleet\nvirt-omen fleet --maintenance beta") \
    X(report, "Look", "FILE", \
      "the last day as a page of HTML", \
      "virt-omen report day.html") \
    X(approve, "Decide", "OMEN [--json]", \
      "do what an omen proposes", \
      "virt-omen approve 7") \
    X(dismiss, "Decide", "OMEN [--json]", \
      "an omen is a false alarm: learn it", \
      "virt-omen dismiss 7") \
    X(confirm, "Decide", "OMEN [--json]", \
      "an omen was real: raise it always, whatever a judge says", \
      "virt-omen confirm 7") \
    X(clear, "Decide", "OMEN [--json]", \
      "an omen's problem is over", \
      "virt-omen clear 7") \
    X(accept, "Decide", "OMEN [--json]", \
      "an omen's value is known: raise it again when it is worse", \
      "virt-omen accept 7") \
    X(accepted, "Decide", "[STREAM] [--forget NUMBER] [--json]", \
      "the accepted values", \
      "virt-omen accepted\nvirt-omen accepted host --forget 3") \
    X(mode, "Decide", "[observe|advise|enforce] [--json]", \
      "show or set the mode: observe, advise or enforce", \
      "virt-omen mode\nvirt-omen mode enforce") \
    X(plan, "Move", "[DOMAIN...|--omen NUMBER] [--to NAME] [--within SECONDS] [--json]", \
      "what an evacuation would do", \
      "virt-omen plan\nvirt-omen plan --omen 7 --to beta\nvirt-omen plan --within 30") \
    X(evacuate, "Move", "DOMAIN...|--all [--to NAME] [--dry-run] [--wait] [--json]", \
      "move domains away", \
      "virt-omen evacuate g1 g2 --wait\nvirt-omen evacuate --all --to beta --dry-run") \
    X(return, "Move", "DOMAIN...|--all [--wait] [--json]", \
      "bring back domains that left", \
      "virt-omen return --all --wait") \
    X(drain, "Move", "HOST... [--wait] [--timeout SECONDS] [--at-most N] [--abort] [--json]", \
      "empty hosts of the fleet, and keep them empty", \
      "virt-omen drain alpha --wait\nvirt-omen drain alpha beta gamma --at-most 1\nvirt-omen drain alpha --abort") \
    X(undrain, "Move", "HOST [--wait] [--json]", \
      "end a host's maintenance, and bring back what its drain moved away", \
      "virt-omen undrain alpha --wait") \
    X(cancel, "Move", "EVACUATION [--json]", \
      "cancel an evacuation", \
      "virt-omen cancel 3") \
    X(doctor, "Check and tune", "[--json]", \
      "check that an evacuation would work", \
      "virt-omen doctor") \
    X(config, "Check and tune", "check [FILE] [--json] | show [--json]", \
      "check the configuration, or show what is in force", \
      "virt-omen config check\nvirt-omen config show") \
    X(normal, "Check and tune", "[STREAM] | forget STREAM NUMBER,NUMBER...", \
      "list or edit what is learnt", \
      "virt-omen normal host\nvirt-omen normal forget host 17") \
    X(shadow, "Check and tune", "[--failure TIME] [--window HOURS] [--json]", \
      "what mode enforce would have moved, and how often wrongly", \
      "virt-omen shadow") \
    X(parse, "Files, without a daemon", "FILE", \
      "the templates of a log", \
      "virt-omen parse /var/log/syslog") \
    X(judge, "Files, without a daemon", "FILE", \
      "how each line is judged", \
      "dmesg | virt-omen judge -") \
    X(replay, "Files, without a daemon", "FILE...", \
      "what would have been seen in a log", \
      "virt-omen replay /var/log/syslog\njournalctl -o short-iso | virt-omen replay -") \
    X(bench, "Files, without a daemon", "FILE", \
      "how fast the engine is on a log", \
      "virt-omen bench /var/log/syslog")
/* clang-format on */
