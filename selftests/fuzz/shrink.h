/* SPDX-License-Identifier: GPL-2.0-only */
/* Smaller sequences that do the same */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include "fuzz.h"

/**
 * struct shrink - what is to stay as it is
 * @keeps: does this one do the same? It may be asked @budget times
 * @arg: for @keeps
 * @budget: what is left of it
 */
struct shrink {
	bool (*keeps)(const struct sequence *seq, void *arg);
	void *arg;
	unsigned int budget;
};

void shrink_calls(struct shrink *shrink, struct sequence *seq);
void shrink_all(struct shrink *shrink, struct sequence *seq);

#endif /* FUZZ_SHRINK_H */
