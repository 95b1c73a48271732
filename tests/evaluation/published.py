# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was published of VMFT-LAD (Senevirathne, Cooray, Herath, Fernando, IEEE Access 12, 2024) and of what it was
compared with, over all 691 series of its data."""

SCENARIOS = ("hdd", "oom", "buffer-io", "cpu")

# AUC over SCENARIOS: criterion 1 (relaxed), criterion 2 (strict).
AUC = {
    "VMFT-LAD": ((0.992, 0.903, 0.993, 0.678), (0.987, 0.657, 0.992, 0.588)),
    "VMFT-LAD with gpt-3.5-turbo": ((0.999, 0.999, 0.999, 0.999), (0.999, 0.998, 0.999, 0.996)),
    "VMFT-LAD with falcon-7b": ((0.996, 0.965, 0.978, 0.678), (0.993, 0.767, 0.962, 0.588)),
    "VMFT-LAD with cyrax-7b": ((0.992, 0.974, 0.997, 0.754), (0.989, 0.899, 0.997, 0.594)),
    "VMFT-LAD with emerton-monarch-7b": ((0.996, 0.909, 0.993, 0.817), (0.995, 0.667, 0.992, 0.669)),
    "VMFT-LAD with bart-large": ((0.991, 0.836, 0.993, 0.725), (0.987, 0.621, 0.993, 0.634)),
    "HTM": ((0.988, 0.977, 0.990, 0.888), (0.987, 0.623, 0.989, 0.680)),
    "KNN-CAD": ((0.684, 0.626, 0.607, 0.677), (0.659, 0.304, 0.607, 0.664)),
    "EXPoSE": ((0.512, 0.499, 0.501, 0.511), (0.512, 0.499, 0.501, 0.511)),
    "ARTime": ((0.997, 0.986, 0.995, 0.780), (0.973, 0.546, 0.995, 0.458)),
}

# NAB under (standard, low FP, low FN): relaxed, strict.
NAB = {
    "VMFT-LAD with gpt-3.5-turbo": ((98.16, 97.77, 98.44), (90.74, 90.36, 89.67)),
    "HTM": ((66.63, 61.04, 71.64), (21.52, 16.22, 3.13)),
    "KNN-CAD": ((32.13, -22.05, 42.32), (1.47, -54.94, 0.21)),
    "EXPoSE": ((42.32, 37.07, 67.33), (52.50, 18.42, 56.17)),
    "ARTime": ((73.98, 56.92, 77.89), (48.53, 26.99, 46.55)),
}

FAULTS = 540  # windows with a failure in the published set
NAB_WINDOWS = 116  # in NAB's own data: what the published scores were normalised by
MISS = (1, 1, 2)  # the weight of a window that was missed, by profile

# Early-detection rate and false-positive rate, percent; their threshold.
RATES = {
    "VMFT-LAD with gpt-3.5-turbo": (96.28, 0.02, 1.0),
    "HTM": (62.08, 0.07, 0.505),
    "KNN-CAD": (76.58, 0.74, 1.0),
    "EXPoSE": (85.13, 0.39, 0.972),
    "ARTime": (78.25, 0.24, 0.308),
    "DeepLog": (100.0, 0.37, 1.0),
}

# Minutes from the detection to the failure over SCENARIOS: as published (half-sums), and the means of the same detections.
LEAD_HALF_SUMS = (15.65, 3.03, 13.34, 14.54)
LEAD_MEANS = (20.09, 4.84, 12.98, 16.28)

TIME_MS = {"HTM": 8.7557, "KNN-CAD": 1.1445, "EXPoSE": 1.5844, "ARTime": 0.2205, "DeepLog": 2.4530, "VMFT-LAD": 0.2746}


def zeros(profile):
    """The raw score of a detector that never fires: minus the weight of a miss for each window; of NAB's own data, with which the
    published scores were made, and of the published set."""
    return -MISS[profile] * NAB_WINDOWS, -MISS[profile] * FAULTS


def corrected(score, profile):
    """A published NAB score, 100 * (raw - zero) / (best - zero), with the zero where it is."""
    wrong, zero = zeros(profile)
    raw = score / 100 * (FAULTS - wrong) + wrong
    return 100 * (raw - zero) / (FAULTS - zero)


def uncorrected(score, profile):
    """What would have been published of a score."""
    wrong, zero = zeros(profile)
    raw = score / 100 * (FAULTS - zero) + zero
    return 100 * (raw - wrong) / (FAULTS - wrong)
