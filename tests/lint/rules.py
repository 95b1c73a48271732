# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the linter goes by. An exception stands here with its reason, or it is none."""
import re
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent

# What is looked at.
ROOTS = ("cli/", "daemon/", "hooks/", "include/", "qga-plugin/")

LIBVIRT_ROOMS = {"daemon/hypervisor", "daemon/evacuation/libvirt", "daemon/evacuation/queue"}

MAX_FILE_LINES = 550
MAX_FUNCTION_LINES = 70
MAX_LINES_BY_FILE = {}

# Called by nobody of this tree, and yet used: programs begin with it, others are linked with it.
CALLED_FROM_OUTSIDE = {"main"} | set(re.findall(r"omen_\w+", (TREE / "daemon/libvirtomen.map").read_text()))
# GObject's and GLib's macros name these by pasting, and so does the list of commands (cli/commands.h). What is in capitals is
# a macro itself.
CALLED_BY_MACROS = r"\w+_(class_init|init|get_type|error_quark)|command_\w+|[A-Z_]+"
# For tests alone: what can be asked of an object that nobody else asks.
FOR_TESTS = {
    "omen_state_db_put_evacuation_finish": "the daemon goes on whether or not the row is on the disk; a test must know",
    "omen_etcd_transaction_else_read": "whoever compares reads anew where it failed; a real etcd is asked by it in the tests",
    "omen_etcd_watch_is_current": "whoever watches takes what comes; a test must know that it looked at once",
    "omen_etcd_revoke_finish": "what was not revoked ends by itself; a test must know",
    "omen_fleet_member_is_listed": "whether the row is there is seen by others; a test must know",
    "omen_trend_get_n_templates": "that the table is bounded is seen from outside",
}

# Rooms whose files may call each other in a circle.
CIRCLES = {
    "daemon/engine": "shape.c and shape-run.c are the halves of one scanner",
}

# A function named ..._work is run by the workers (daemon/hypervisor/workers.h) and called by nobody: it may wait, and to call
# it is to wait.

# Calls that may wait: for a disk, a network, a process, another thread, libvirt. libvirt's are told by their verbs; those
# that only look at what is here already (names, references, errors) are none.
BLOCKING_CALLS = (
    r"(?!wait_for_work)\w+_work|g_usleep|usleep|sleep|nanosleep|poll|ppoll|select|waitpid|wait|system|popen|fsync|fdatasync|getaddrinfo|"
    r"g_spawn_sync|g_spawn_command_line_sync|g_thread_join|g_cond_wait|g_async_queue_pop|g_file_get_contents|"
    r"g_file_set_contents|fopen|fgets|fread|sqlite3_step|sqlite3_exec|sd_journal_wait|g_\w+_sync|"
    r"virConnectOpen\w*|virConnectList\w+|virConnectGet(?!LastError)\w+|virDomain(?:Migrate|Create|Define|Undefine|Destroy|Suspend|"
    r"Resume|Abort|Save|Shutdown|Lookup|GetJob|GetState|GetInfo|GetXMLDesc|GetMetadata|GetControlInfo|Memory|Block|Qemu|Interface|"
    r"StartDirtyRateCalc)\w*|virNode\w+|virStorage(?!\w*Free)\w+|virNetwork(?!\w*Free)\w+"
)

# What can be written from everywhere, all the same: GObject's tables of signals and properties are filled once, by class_init().
GLOBALS = {"signals", "properties"}
GLOBALS_BY_FILE = {
    "daemon/hypervisor/event-loop.c": {"event_loop"},  # virEventRegisterImpl() takes no pointer of ours
}

AT_START = "before the main loop begins to turn"
ASKING_LIBVIRT = "libvirt is asked by threads of a pool, with a deadline (daemon/hypervisor/workers.h)"
STATE_THREAD = "SQLite's thread, or before the main loop begins to turn"

# Functions that may wait, and why that does not hold up the main loop, by file; "*": all of the file.
WAITING = {
    "daemon/bus/bus.c": {"omen_bus_start": AT_START, "leave_bus": "after the main loop has ended"},
    "daemon/response/impact.c": {"run_errand": "run by the workers"},
    "daemon/response/health-check.c": {"*": "a thread of its own, that nobody waits for (daemon/response/recovery.c)"},
    "daemon/http/secret-file.c": {"*": AT_START},
    "daemon/daemon-state.c": {"read_boot_id": "a file of the kernel's memory, once at the start"},
    "daemon/configuration/trusted-file.c": {"*": "small files of /etc: at the start, and when an operator asks for it"},
    "daemon/evacuation/libvirt/destination.c": {"*": ASKING_LIBVIRT},
    "daemon/evacuation/libvirt/domain-facts.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/agent-log.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/prober.c": {"*": ASKING_LIBVIRT},
    "daemon/evacuation/queue/evacuator-preview.c": {"ask_dirty_rates": ASKING_LIBVIRT},
    "daemon/evacuation/libvirt/escalation.c": {"*": ASKING_LIBVIRT},
    "daemon/evacuation/libvirt/balloon.c": {"*": ASKING_LIBVIRT},
    "daemon/evacuation/libvirt/migration.c": {"*": "a migration's call lasts as long as it: a thread each"},
    "daemon/evacuation/libvirt/domain-location.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/domain-storage.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/agent-log.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/domain-inventory.c": {"*": ASKING_LIBVIRT},
    "daemon/hypervisor/prober.c": {"ref_connection": ASKING_LIBVIRT, "ask_monitor": ASKING_LIBVIRT, "ask": ASKING_LIBVIRT},
    "daemon/topology/storage.c": {"*": "read by omen_domain_storage_reach_work() only"},
    "daemon/judge/knowledge.c": {"load_file": AT_START},
    "daemon/judge/writers.c": {"omen_writers_load": AT_START},
    "daemon/notify/journal.c": {"run": "a thread of its own"},
    "daemon/source/log/kmsg-source.c": {"place_new": "a file of /proc, in memory"},
    "daemon/source/reader.c": {"omen_reader_wait": "a thread each reader", "put_into_queue": "a thread each reader",
                               "gather": "a thread each reader"},
    "daemon/source/log/file-watcher.c": {"wait_for": "the thread that follows files"},
    "daemon/state/schema.c": {"*": STATE_THREAD},
    "daemon/state/sql.c": {"*": STATE_THREAD},
    "daemon/state/state-writer.c": {"wait_for_work": STATE_THREAD},
    "daemon/state/store.c": {"*": STATE_THREAD},
}

# Where text meets people and programs.
SINKS = r"printf|fprintf|puts|fputs|g_print|g_printerr|g_message|g_warning|g_info|g_critical|sd_journal_\w+|" \
        r"json_builder_add_string_value|g_variant_new_string|g_variant_new|omen_dbus_\w+_set_\w+"

# What came from outside: a record's fields, a line as it was read.
RAW_TEXT = r"\brecord(?:->|\.)(?:message|identifier)\b|\bevidence(?:->|\.)message\b|(?<![\w.>])(?:raw_line|line)\b(?!\w*(?:_number|\s*\())"
