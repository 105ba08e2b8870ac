/* SPDX-License-Identifier: GPL-2.0-only */
/* What the oracles share */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "run.h"

#define MAX_LISTED	64

/**
 * struct listing - the ports of all boxes
 * @nr: how many
 * @box: of each, index in world_box
 * @stats: of each, its numbers
 */
struct listing {
	unsigned int nr;
	unsigned int box[MAX_LISTED];
	struct ipcbox_stat stats[MAX_LISTED];
};

/* Does every receiver get every message? */
static inline bool stat_broadcasts(const struct ipcbox_stat *stat)
{
	return stat->sharing >= IPCBOX_SHARE_ALL;
}

/* audit.c */
void ledger_check(void);

/* oracle.c */
void listing_get(struct listing *listing);
void oracle_found(enum finding_kind kind, const struct ipcbox_stat *stat,
		  const char *what);

#endif /* FUZZ_ORACLE_H */
