// SPDX-License-Identifier: GPL-2.0-only
/* All rows together, and those of the conductor */

#include <string.h>

#include "rows.h"

static const struct row action_rows[] = {
	{
		.name = "kill", .weight = 20, .conductor = true,
		.fields = { FIELDS, ARGUMENT("process", process),
			    ARGUMENT("thread", thread),
			    ARGUMENT("signal", signal) },
	}, {
		.name = "pause", .weight = 10, .conductor = true,
		.fields = { FIELDS, ARGUMENT("us", microseconds) },
	},
};

static const unsigned int action_rows_nr = ARRAY_SIZE(action_rows);

/**
 * row_at() - one after the other
 * @i: from 0 on
 *
 * Return: a row, or NULL after the last
 */
const struct row *row_at(unsigned int i)
{
	static const struct {
		const struct row *rows;
		const unsigned int *nr;
	} tables[] = {
		{ call_rows, &call_rows_nr },
		{ transfer_rows, &transfer_rows_nr },
		{ descriptor_rows, &descriptor_rows_nr },
		{ uring_rows, &uring_rows_nr },
		{ action_rows, &action_rows_nr },
	};
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(tables); n++) {
		if (i < *tables[n].nr)
			return &tables[n].rows[i];
		i -= *tables[n].nr;
	}
	return NULL;
}

/* The other way round. */
unsigned int row_index(const struct row *row)
{
	unsigned int i;

	for (i = 0; row_at(i) != row; i++)
		;
	return i;
}

const struct row *row_find(const char *name)
{
	const struct row *row;
	unsigned int i;

	for (i = 0; (row = row_at(i)); i++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

/* One of the conductor's, or of the threads', by weight. */
const struct row *row_choose(struct rng *rng, bool conductor)
{
	unsigned int total = 0, i, at;
	const struct row *row;

	for (i = 0; (row = row_at(i)); i++)
		if (row->conductor == conductor)
			total += row->weight;
	at = rng_below(rng, total);
	for (i = 0; (row = row_at(i)); i++) {
		if (row->conductor != conductor)
			continue;
		if (at < row->weight)
			break;
		at -= row->weight;
	}
	return row;
}

/* The index of a field by its name, or -1. */
int row_field(const struct row *row, const char *name)
{
	int i;

	for (i = 0; i < MAX_FIELDS && row->fields[i].name; i++)
		if (!strcmp(row->fields[i].name, name))
			return i;
	return -1;
}
