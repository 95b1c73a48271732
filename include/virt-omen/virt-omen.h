/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirtomen: from a log line to the decision whether it is a sign of failure.
 *
 *     line -> OmenRecord (line-format.h) -> OmenDetector (detector.h) -> OmenDecision
 *
 * A detector joins a miner (miner.h: messages to templates), a profile (profile.h: is this sequence
 * of templates normal here?) and a judge (judge.h: does it mean failure?); each can be used alone.
 * docs/examples/foretell.c is a whole program.
 *
 * Memory in, values out: the library reads no file but a judge's knowledge, keeps no clock, starts
 * no thread and has no global state. An object belongs to one thread at a time; different objects
 * may be used by different threads at once. What a function returns is the caller's if its comment
 * says "(transfer full)", and borrowed otherwise. Errors are GErrors, of the domain of their
 * header.
 *
 * Compile with `pkg-config --cflags --libs libvirtomen`.
 */
#pragma once

#include <virt-omen/detector.h>
#include <virt-omen/judge.h>
#include <virt-omen/line-format.h>
#include <virt-omen/miner.h>
#include <virt-omen/profile.h>
#include <virt-omen/record.h>
#include <virt-omen/settings.h>
#include <virt-omen/text.h>
