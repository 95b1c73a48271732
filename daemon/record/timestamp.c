/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/timestamp.h"

#define DAY_S G_GINT64_CONSTANT(86400)

/* Days since the epoch of a date of the Gregorian calendar (Hinnant's days_from_civil). */
static gint64
days_from_date(gint64 year, gint64 month, gint64 day)
{
    gint64 y = month <= 2 ? year - 1 : year;
    gint64 era = (y >= 0 ? y : y - 399) / 400;
    gint64 year_of_era = y - era * 400;
    gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static gboolean
scan_clock(OmenScanner *scanner, gint64 *seconds)
{
    gint64 hour;
    gint64 minute;
    gint64 second;

    if (!omen_scanner_number(scanner, 2, 2, &hour) || !omen_scanner_skip(scanner, ':') ||
        !omen_scanner_number(scanner, 2, 2, &minute) || !omen_scanner_skip(scanner, ':') ||
        !omen_scanner_number(scanner, 2, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return FALSE;
    *seconds = hour * 3600 + minute * 60 + second;
    return TRUE;
}

/* ".123456" or ",123", of any length; 0 if there is none. */
static gint64
scan_fraction_us(OmenScanner *scanner)
{
    gint64 us = 0;
    gint64 weight = 100000;

    if (!omen_scanner_skip(scanner, '.') && !omen_scanner_skip(scanner, ','))
        return 0;
    while (scanner->at < scanner->end && g_ascii_isdigit(*scanner->at)) {
        us += (*scanner->at++ - '0') * weight;
        weight /= 10;
    }
    return us;
}

/* "Z", "+02:00", "-0500"; 0 if there is none. */
static gint64
scan_offset_s(OmenScanner *scanner)
{
    OmenScanner try = *scanner;
    gint64 hours;
    gint64 minutes;
    gint64 sign;

    if (omen_scanner_skip(scanner, 'Z'))
        return 0;
    if (omen_scanner_skip(&try, '+'))
        sign = 1;
    else if (omen_scanner_skip(&try, '-'))
        sign = -1;
    else
        return 0;
    if (!omen_scanner_number(&try, 2, 2, &hours))
        return 0;
    omen_scanner_skip(&try, ':');
    if (!omen_scanner_number(&try, 2, 2, &minutes))
        return 0;
    *scanner = try;
    return sign * (hours * 3600 + minutes * 60);
}

gboolean
omen_timestamp_scan_iso(OmenScanner *scanner, gint64 *time_us)
{
    OmenScanner try = *scanner;
    gint64 year;
    gint64 month;
    gint64 day;
    gint64 clock_s;
    gint64 fraction_us;
    gint64 offset_s;

    if (!omen_scanner_number(&try, 4, 4, &year) || !omen_scanner_skip(&try, '-') ||
        !omen_scanner_number(&try, 2, 2, &month) || !omen_scanner_skip(&try, '-') ||
        !omen_scanner_number(&try, 2, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
        return FALSE;
    if (!omen_scanner_skip(&try, 'T') && !omen_scanner_skip(&try, ' '))
        return FALSE;
    if (!scan_clock(&try, &clock_s))
        return FALSE;
    fraction_us = scan_fraction_us(&try);
    offset_s = scan_offset_s(&try);
    *time_us = (days_from_date(year, month, day) * DAY_S + clock_s - offset_s) * G_USEC_PER_SEC +
               fraction_us;
    *scanner = try;
    return TRUE;
}

static gboolean
scan_month(OmenScanner *scanner, gint64 *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (omen_scanner_left(scanner) < 3)
        return FALSE;
    for (gint64 i = 0; i < 12; i++) {
        if (memcmp(scanner->at, names + 3 * i, 3) == 0) {
            scanner->at += 3;
            *month = i + 1;
            return TRUE;
        }
    }
    return FALSE;
}

static gint64
year_of(gint64 time_us)
{
    gint64 days = time_us / G_USEC_PER_SEC / DAY_S;
    gint64 year = 1970 + days / 366;

    while (days_from_date(year + 1, 1, 1) <= days)
        year++;
    return year;
}

gboolean
omen_timestamp_scan_bsd(OmenScanner *scanner, gint64 now_us, gint64 *time_us)
{
    OmenScanner try = *scanner;
    gint64 month;
    gint64 day;
    gint64 clock_s;
    gint64 year = year_of(now_us);

    if (!scan_month(&try, &month) || !omen_scanner_skip(&try, ' '))
        return FALSE;
    omen_scanner_skip(&try, ' ');
    if (!omen_scanner_number(&try, 1, 2, &day) || !omen_scanner_skip(&try, ' ') ||
        !scan_clock(&try, &clock_s) || day < 1 || day > 31)
        return FALSE;
    *time_us =
        now_us == 0 ? 0 : (days_from_date(year, month, day) * DAY_S + clock_s) * G_USEC_PER_SEC;
    if (*time_us > now_us + DAY_S * G_USEC_PER_SEC)
        *time_us = (days_from_date(year - 1, month, day) * DAY_S + clock_s) * G_USEC_PER_SEC;
    *scanner = try;
    return TRUE;
}
