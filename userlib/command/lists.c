// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All ports and all users at once, as tables need them, whose columns must fit
 * the widest.
 */
#include <errno.h>
#include <stdlib.h>

#include "command.h"

/* Elements to ask for at a time. */
#define LIST_BATCH	64

/* @piece gets the next ones, as ipcbox_port_list(). */
static int list_all(int box, int (*piece)(int box, uint64_t *cursor, void *to),
		    void **elements, size_t size, size_t *count)
{
	uint64_t cursor = 0;
	int found;

	*count = 0;
	do {
		void *larger = reallocarray(*elements, *count + LIST_BATCH,
					    size);

		if (!larger)
			return -ENOMEM;
		*elements = larger;
		found = piece(box, &cursor, (char *)larger + *count * size);
		if (found > 0)
			*count += (size_t)found;
	} while (found > 0);
	return found;
}

static int ports_piece(int box, uint64_t *cursor, void *to)
{
	return ipcbox_port_list(box, cursor, to, LIST_BATCH);
}

static int users_piece(int box, uint64_t *cursor, void *to)
{
	return ipcbox_user_list(box, cursor, to, LIST_BATCH);
}

/* *ports is NULL, or from an earlier call. */
int list_ports(int box, struct ipcbox_stat **ports, size_t *count)
{
	void *elements = *ports;
	int err = list_all(box, ports_piece, &elements, sizeof(**ports), count);

	*ports = elements;
	return err;
}

/* *users likewise. */
int list_users(int box, struct ipcbox_user_entry **users, size_t *count)
{
	void *elements = *users;
	int err = list_all(box, users_piece, &elements, sizeof(**users), count);

	*users = elements;
	return err;
}
