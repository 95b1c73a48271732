/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The judge: is this line a sign of failure, of what, and does moving help?
 *
 * The question that a verdict answers: would a competent operator take this line as evidence that
 * this host, or the VM's disk, CPU or memory, is failing or about to, so that VMs should be moved
 * away?
 *
 * This interface is for judges that answer at once. One that has to wait (for a network) answers
 * from what it remembers and says so by @sure.
 */
#pragma once

#include <glib-object.h>
#include <virt-omen/record.h>

G_BEGIN_DECLS

#define OMEN_JUDGE_ERROR (omen_judge_error_quark())
GQuark omen_judge_error_quark(void);

typedef enum {
    OMEN_JUDGE_ERROR_UNKNOWN,       /* no judge of that name */
    OMEN_JUDGE_ERROR_BAD_KNOWLEDGE, /* a knowledge file is missing or wrong: says file and line */
} OmenJudgeError;

/* What a failure is a failure of. docs/failure-classes.md describes each. */
typedef enum {
    OMEN_FAILURE_BENIGN = 0,
    OMEN_FAILURE_DISK,
    OMEN_FAILURE_NVME,
    OMEN_FAILURE_RAID,
    OMEN_FAILURE_FILESYSTEM,
    OMEN_FAILURE_STORAGE_FABRIC,
    OMEN_FAILURE_MEMORY,
    OMEN_FAILURE_OOM,
    OMEN_FAILURE_MCE,
    OMEN_FAILURE_CPU_LOCKUP,
    OMEN_FAILURE_HUNG_TASK,
    OMEN_FAILURE_THERMAL,
    OMEN_FAILURE_POWER,
    OMEN_FAILURE_PCIE,
    OMEN_FAILURE_NIC,
    OMEN_FAILURE_KERNEL_BUG,
    OMEN_FAILURE_QEMU_BLOCK,
    OMEN_FAILURE_QEMU,
    OMEN_FAILURE_LIBVIRT,
    OMEN_FAILURE_GUEST,
    OMEN_FAILURE_SERVICE,
    OMEN_FAILURE_UNKNOWN, /* of a kind that the judge does not know */
    OMEN_N_FAILURE_CLASSES,
} OmenFailureClass;

/* What a failure threatens. */
typedef enum {
    OMEN_SCOPE_NONE = 0, /* nothing: benign */
    OMEN_SCOPE_HOST,     /* every domain on this host */
    OMEN_SCOPE_DEVICE,   /* the domains that use the named device */
    OMEN_SCOPE_DOMAIN,   /* one domain, by what QEMU or libvirt say of it */
    OMEN_SCOPE_GUEST,    /* one domain, by what its guest says of itself */
} OmenScope;

/* How far a failure has come. What is only announced, counted as nothing or configured is no
 * failure at all: its verdict has OMEN_GRADE_NONE. */
typedef enum {
    OMEN_GRADE_NONE = 0,
    OMEN_GRADE_CORRECTED, /* an error that was put right: one of them happens to what is well */
    OMEN_GRADE_DEGRADED,  /* it works with less: slower, hotter, without a spare */
    OMEN_GRADE_FAILING,   /* it gives errors that were not put right */
    OMEN_GRADE_FAILED,    /* it is gone */
} OmenGrade;

#define OMEN_DEVICE_MAX 32

/* What a judge is shown. Strings are borrowed, end in NUL and are valid UTF-8 without control
 * characters. */
typedef struct {
    OmenProvenance provenance;
    OmenPriority priority;
    const char *identifier; /* "kernel", "sshd", "" */
    const char *message;    /* the message as it was written; a template where only that is known */
} OmenEvidence;

typedef struct {
    double probability;             /* 0..1 that the line is a sign of failure */
    gboolean sure;                  /* FALSE: another judge should be asked as well */
    OmenFailureClass failure_class; /* OMEN_FAILURE_BENIGN below 0.5 */
    OmenGrade grade;
    OmenScope scope;
    char device[OMEN_DEVICE_MAX]; /* the device that the line names ("sdb"), "" if none */
    gboolean migration_helps;
    guint urgency_s;      /* typical seconds to the failure itself; 0 unknown */
    gboolean unexplained; /* nothing that it knows fits the line: words alone spoke */
    const char
        *reason; /* in words an operator would say; owned by the judge, valid as long as it */
} OmenVerdict;

#define OMEN_TYPE_JUDGE (omen_judge_get_type())
G_DECLARE_INTERFACE(OmenJudge, omen_judge, OMEN, JUDGE, GObject)

struct _OmenJudgeInterface {
    GTypeInterface parent;

    const char *(*get_name)(OmenJudge *self);
    void (*judge)(OmenJudge *self, const OmenEvidence *evidence, OmenVerdict *verdict);
};

/* "embedded", "always", "never", ... */
const char *omen_judge_get_name(OmenJudge *self);

/* Never fails, never waits: microseconds. */
void omen_judge_judge(OmenJudge *self, const OmenEvidence *evidence, OmenVerdict *verdict);

/*
 * Makes the judge of that name: "embedded", "always" (everything is a failure), "never".
 * @data_dir holds the knowledge files; NULL is the installed place.
 * Returns: (transfer full): NULL with @error.
 */
OmenJudge *omen_judge_new(const char *name, const char *data_dir, GError **error);

/* How certain a failure is: "certain", "likely", or "unknown" where its class is. Static. */
const char *omen_failure_get_certainty(OmenFailureClass failure_class, double probability);

/* "disk", "storage-fabric", "cpu-lockup", "kernel-bug", "qemu-block" ... */
const char *omen_failure_class_to_string(OmenFailureClass failure_class);
gboolean omen_failure_class_from_string(const char *word, OmenFailureClass *out);

/* What a failure of that class is, in a few words. Static. */
const char *omen_failure_class_get_meaning(OmenFailureClass failure_class);

/* How long it took from the first sign to the failure, and where that was measured; "not measured".
 * Static. */
const char *omen_failure_class_get_lead(OmenFailureClass failure_class);

/* What an administrator does first about a failure of that class: a sentence, "" for a benign one.
 * Static. */
const char *omen_failure_class_get_first_step(OmenFailureClass failure_class);

/* "none", "corrected", "degraded", "failing", "failed". */
const char *omen_grade_to_string(OmenGrade grade);

/* "none", "host", "device", "domain", "guest". */
const char *omen_scope_to_string(OmenScope scope);
gboolean omen_scope_from_string(const char *word, OmenScope *out);

G_END_DECLS
