/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of templates and of recorded verdicts, and a field on its way into another table: the
 * parts of the input. */
#include "fuzz-file.h"

#include "../../cli/csv.h"
#include "../../cli/templates-file.h"
#include "../../cli/verdicts-file.h"

static void
check_field(const char *text)
{
    g_autofree char *quoted = csv_quote(text);
    g_autofree char *back = csv_unquote(quoted);

    if (*back && strchr("=@\t\r", *back))
        g_error("a formula: %s", quoted);
    if (strpbrk(quoted, ",\n") && *quoted != '"')
        g_error("more than one field: %s", quoted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *templates = g_build_filename(fuzz_folder(), "templates.csv", NULL);
    g_autofree char *verdicts = g_build_filename(fuzz_folder(), "verdicts.csv", NULL);
    g_autofree char *name = g_strconcat("recorded:", verdicts, NULL);
    g_autoptr(GHashTable) texts = NULL;
    g_autoptr(OmenJudge) judge = NULL;
    char *parts[3];

    fuzz_split(data, size, parts, G_N_ELEMENTS(parts));
    fuzz_write(templates, parts[0], strlen(parts[0]));
    fuzz_write(verdicts, parts[1], strlen(parts[1]));
    check_field(parts[2]);
    texts = templates_file_load(templates, NULL);
    judge = texts ? verdicts_file_judge(name, texts, NULL) : NULL;
    if (judge) {
        OmenEvidence evidence = {
            .provenance = OMEN_PROVENANCE_HOST, .identifier = "", .message = parts[0]};
        OmenVerdict verdict;
        omen_judge_judge(judge, &evidence, &verdict);
        if (!(verdict.probability >= 0 && verdict.probability <= 1))
            g_error("a probability of %f", verdict.probability);
    }
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_free(parts[i]);
    return 0;
}
