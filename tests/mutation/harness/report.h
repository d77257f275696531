/* What people, and running.py, read. */
#ifndef REPORT_H
#define REPORT_H

#include "runs.h"

/* All that is needed to look into an escape; ends the program. */
_Noreturn void report_escape(const struct corpus *corpus, uint64_t seed, const struct start *start,
                             const struct result *result);

void report_totals(uint64_t seed, uint32_t subjects, const struct totals *totals, const struct counts *counts);

#endif
