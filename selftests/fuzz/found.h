/* SPDX-License-Identifier: GPL-2.0-only */
/* Running sequences, and what is done about a finding */
#ifndef FUZZ_FOUND_H
#define FUZZ_FOUND_H

#include "cover.h"
#include "run.h"

/* What main() returns. */
enum { STATUS_FINE, STATUS_FOUND, STATUS_FAILED, STATUS_DEAD };

extern uint64_t nr_sequences, nr_calls;

void journal_init(const char *dir);
void run(const struct sequence *seq, struct run_result *result,
	 struct cover *cover);
void finding_save(const struct sequence *seq, const struct finding *finding,
		  const char *name);

/**
 * struct minimise - how to make a sequence smaller
 * @times: run it so often, to find again what is wrong
 * @trust: do not, it fails
 * @seconds: for all of it
 */
struct minimise {
	unsigned int times;
	bool trust;
	unsigned int seconds;
};

int minimise(struct sequence *seq, const struct minimise *how);
int replay(const struct sequence *seq, unsigned int times);

#endif /* FUZZ_FOUND_H */
