/* SPDX-License-Identifier: GPL-2.0-only */
/* What the conductor and the ending share */
#ifndef FUZZ_CONDUCTOR_H
#define FUZZ_CONDUCTOR_H

#include "run.h"

bool thread_used(const struct sequence *seq, unsigned int thread);
void worker_go(struct worker *worker, uint32_t what);
bool worker_done(const struct worker *worker, uint32_t what);
bool processes_end(const struct sequence *seq);

static inline struct worker *worker_of(unsigned int thread)
{
	return &seat_of(process_of(thread))->workers[thread % MAX_THREADS];
}

#endif /* FUZZ_CONDUCTOR_H */
