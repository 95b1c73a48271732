/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a class of failures as a whole, as operators read it. docs/failure-classes.md
 * says the same; a test compares them. */
#include <virt-omen/judge.h>

const char *
omen_failure_class_get_meaning(OmenFailureClass failure_class)
{
    static const char *const disk =
        "a disk loses sectors, fails commands, is reset, or foretells its own failure (SMART)";
    static const char *const qemu_block = "QEMU can not read or write a disk of a domain; full "
                                          "storage is told apart, where moving does not help";
    const char *const meanings[OMEN_N_FAILURE_CLASSES] = {
        [OMEN_FAILURE_BENIGN] = "none of these",
        [OMEN_FAILURE_DISK] = disk,
        [OMEN_FAILURE_NVME] = "an NVMe drive fails commands or is given up by its driver",
        [OMEN_FAILURE_RAID] = "an array lost a member, or its controller fails",
        [OMEN_FAILURE_FILESYSTEM] = "a file system met errors of its device, or is damaged",
        [OMEN_FAILURE_STORAGE_FABRIC] = "paths to shared storage are lost",
        [OMEN_FAILURE_MEMORY] = "memory modules give errors",
        [OMEN_FAILURE_OOM] = "the host runs out of memory and kills processes",
        [OMEN_FAILURE_MCE] = "the processor reports a hardware error",
        [OMEN_FAILURE_CPU_LOCKUP] = "a processor hangs, or is overloaded",
        [OMEN_FAILURE_HUNG_TASK] = "processes wait for something that does not come",
        [OMEN_FAILURE_THERMAL] = "too hot, or cooling fails",
        [OMEN_FAILURE_POWER] = "a power supply fails, or it runs on battery",
        [OMEN_FAILURE_PCIE] = "a device on PCI Express gives errors",
        [OMEN_FAILURE_NIC] = "a network card fails; moving over it may fail as well",
        [OMEN_FAILURE_KERNEL_BUG] = "the kernel is broken and may stop at any time",
        [OMEN_FAILURE_QEMU_BLOCK] = qemu_block,
        [OMEN_FAILURE_QEMU] = "QEMU has ended, is broken, or its virtual hardware hangs",
        [OMEN_FAILURE_LIBVIRT] = "libvirt loses control over its domains",
        [OMEN_FAILURE_GUEST] = "the guest's own kernel crashed",
        [OMEN_FAILURE_SERVICE] = "a service that virtualization stands on has failed",
        [OMEN_FAILURE_UNKNOWN] = "trouble of a kind that the judge does not know",
    };

    return meanings[failure_class];
}

/* VMFT-LAD: Senevirathne et al., IEEE Access 12, 2024: faults injected into KVM hosts, 691 series.
 */
const char *
omen_failure_class_get_lead(OmenFailureClass failure_class)
{
    static const char *const processors =
        "median 1429 s, from 1088 to 1481 (VMFT-LAD, processors used up)";
    const char *const leads[OMEN_N_FAILURE_CLASSES] = {
        [OMEN_FAILURE_DISK] = "median 1060 s, from 132 to 2439 (VMFT-LAD, faulty disks)",
        [OMEN_FAILURE_FILESYSTEM] = "median 761 s, from 187 to 1447 (VMFT-LAD, buffer I/O errors)",
        [OMEN_FAILURE_OOM] = "median 300 s, from 226 to 1537 (VMFT-LAD, memory used up)",
        [OMEN_FAILURE_CPU_LOCKUP] = processors,
    };

    return leads[failure_class] ? leads[failure_class] : "not measured";
}

const char *
omen_failure_class_get_first_step(OmenFailureClass failure_class)
{
    static const char *const drive = "read the drive's own counters (smartctl -x, nvme smart-log), "
                                     "then look at cable and slot; replace it once it is not used";
    static const char *const unit =
        "read its journal (systemctl status); restart it: domains go on "
        "without it";
    static const char *const stall =
        "see whether storage is slow (iostat -x) or the host overcommitted (/proc/pressure)";
    static const char *const log = "read the domain's own log (/var/log/libvirt/qemu)";
    const char *const steps[OMEN_N_FAILURE_CLASSES] = {
        [OMEN_FAILURE_DISK] = drive,
        [OMEN_FAILURE_NVME] = drive,
        [OMEN_FAILURE_RAID] = "see which member is gone (/proc/mdstat or the controller's tool), "
                              "and replace it before a second one goes",
        [OMEN_FAILURE_FILESYSTEM] = "see whether the device below it is well (dmesg, smartctl); "
                                    "only then check the filesystem, unmounted",
        [OMEN_FAILURE_STORAGE_FABRIC] = "see whether one path is gone or all (multipath -ll), and "
                                        "whether other hosts have lost it too",
        [OMEN_FAILURE_MEMORY] = "find the DIMM (ras-mc-ctl --errors), and replace it",
        [OMEN_FAILURE_OOM] = "see who uses the memory (ps, virsh dommemstat): is memory "
                             "overcommitted?",
        [OMEN_FAILURE_MCE] = "find the processor and bank (ras-mc-ctl --errors, the management "
                             "processor's log); update the firmware, then replace the part",
        [OMEN_FAILURE_CPU_LOCKUP] = stall,
        [OMEN_FAILURE_HUNG_TASK] = stall,
        [OMEN_FAILURE_THERMAL] = "look at fans and inlet temperature; is the whole rack hot?",
        [OMEN_FAILURE_POWER] = "look at both power supplies; is the whole rack concerned?",
        [OMEN_FAILURE_PCIE] = "find the device (lspci -s), reseat it, update its firmware",
        [OMEN_FAILURE_NIC] = "look at the cable and the switch's port; does migration use it?",
        [OMEN_FAILURE_KERNEL_BUG] = "keep the trace, and restart the host once it is empty",
        [OMEN_FAILURE_QEMU_BLOCK] = "see whether the domain's storage is full or failing",
        [OMEN_FAILURE_QEMU] = log,
        [OMEN_FAILURE_GUEST] = log,
        [OMEN_FAILURE_LIBVIRT] = unit,
        [OMEN_FAILURE_SERVICE] = unit,
        [OMEN_FAILURE_UNKNOWN] = "read its lines, then confirm or dismiss it: either is learnt",
    };

    return steps[failure_class] ? steps[failure_class] : "";
}
