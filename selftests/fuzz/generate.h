/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of sequences: what generating and changing them share */
#ifndef FUZZ_GENERATE_H
#define FUZZ_GENERATE_H

#include "fuzz.h"

/* What each process has in its slots. */
struct slots_seen {
	enum slot_type types[MAX_PROCESSES][MAX_SLOTS];
};

void seen_call(struct slots_seen *seen, const struct call *call);
void seen_until(struct slots_seen *seen, const struct sequence *seq,
		unsigned int end);
unsigned int seen_find(const struct slots_seen *seen, unsigned int process,
		       enum slot_type type, struct rng *rng);
bool call_insert(struct sequence *seq, unsigned int at,
		 const struct call *call);
unsigned int any_insert(struct sequence *seq, unsigned int at,
			struct slots_seen *seen, struct rng *rng);
unsigned int thread_choose(const struct sequence *seq, struct rng *rng);
void spec_generate(struct process_spec *spec, struct rng *rng, bool first);
enum end end_generate(struct rng *rng);

#endif /* FUZZ_GENERATE_H */
