/* SPDX-License-Identifier: GPL-2.0-only */
/* Sequences that are worth keeping */
#ifndef FUZZ_CORPUS_H
#define FUZZ_CORPUS_H

#include "fuzz.h"

void corpus_init(void);
void corpus_save_to(const char *dir);
bool corpus_load(const char *dir);
void corpus_add(const struct sequence *seq);
unsigned int corpus_size(void);
const struct sequence *corpus_at(unsigned int i);
const struct sequence *corpus_choose(struct rng *rng);

#endif /* FUZZ_CORPUS_H */
