/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the module has run, and what calls have returned
 *
 * A *feature* is an edge, from one basic block of the module to the next within
 * one call, or an outcome, a row with an errno. A sequence that shows a feature
 * for the first time is worth keeping.
 */
#ifndef FUZZ_COVER_H
#define FUZZ_COVER_H

#include "fuzz.h"

#define MAX_NEW		64

/**
 * struct cover - what one run of a sequence has shown
 * @edges: new ones
 * @outcomes: new ones
 * @nr: of @features
 * @features: the first of the new ones
 */
struct cover {
	unsigned int edges;
	unsigned int outcomes;
	unsigned int nr;
	uint64_t features[MAX_NEW];
};

bool cover_init(void);

/* In the thread that is looked at: */
void cover_begin(unsigned int thread);
void cover_mark(unsigned int thread);
void cover_end(unsigned int thread);

/* In the conductor, after a run: */
void cover_collect(struct cover *cover);
bool cover_has(const struct cover *wanted);
unsigned int cover_edges(void);
unsigned int cover_outcomes(void);
void cover_print(FILE *file);

#endif /* FUZZ_COVER_H */
