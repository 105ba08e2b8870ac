// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is in the messages: a number, so that each is another one, and the sum of
 * all that arrive shows whether these are those that were sent; and where every
 * byte is to be looked at, a pattern that begins with the number.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"

static uint64_t message_number(const unsigned char *data, size_t len)
{
	uint64_t number = 0;

	memcpy(&number, data, len < sizeof(number) ? len : sizeof(number));
	return number;
}

static unsigned char pattern(const unsigned char *data, size_t i)
{
	return (unsigned char)(data[0] + i * 7 + i / 251);
}

void message_make(struct worker *worker)
{
	size_t i, len = worker->trial->len;
	uint64_t number = ++worker->number;

	memcpy(worker->out, &number, len < sizeof(number) ? len : sizeof(number));
	worker->control->reports[worker->index].sent +=
		message_number(worker->out, len);
	if (!worker->settings->verify)
		return;
	for (i = sizeof(number); i < len; i++)
		worker->out[i] = pattern(worker->out, i);
}

int message_check(struct worker *worker)
{
	size_t i, len = worker->trial->len;

	worker->control->reports[worker->index].received +=
		message_number(worker->in, len);
	if (!worker->settings->verify)
		return 0;
	for (i = sizeof(uint64_t); i < len; i++)
		if (worker->in[i] != pattern(worker->in, i))
			return -EBADMSG;
	return 0;
}
