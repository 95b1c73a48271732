/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a log on standard input, and says which of its lines foretell a failure.
 *
 *     cc foretell.c -o foretell $(pkg-config --cflags --libs libvirtomen)
 *     journalctl -k -o short-iso | ./foretell
 */
#include <stdio.h>
#include <string.h>
#include <virt-omen/virt-omen.h>

int
main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OmenJudge) judge = omen_judge_new("embedded", g_getenv("KNOWLEDGE"), &error);
    g_autoptr(OmenDetector) detector = NULL;
    char line[8192];

    if (judge)
        detector =
            omen_detector_new(&OMEN_DETECTOR_CONFIG_INIT, OMEN_PROVENANCE_HOST, judge, &error);
    if (!detector) {
        g_printerr("foretell: %s\n", error->message);
        return 1;
    }
    while (fgets(line, sizeof line, stdin)) {
        OmenLineContext context = {.now_us = g_get_real_time()};
        OmenDecision decision;
        OmenRecord record;

        omen_line_format_parse(OMEN_LINE_FORMAT_AUTO, &context, line, strcspn(line, "\n"), &record);
        omen_detector_push(detector, &record, &decision);
        if (decision.omen) {
            g_autofree char *shown = omen_text_sanitise(line, (gssize) strcspn(line, "\n"), 200);

            printf("%.2f %s: %s\n    %s\n", decision.score,
                   omen_failure_class_to_string(decision.verdict.failure_class),
                   decision.verdict.reason, shown);
        }
    }
    return 0;
}
