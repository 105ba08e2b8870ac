// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes of streams: each thread writes the same all the time, so that a reader
 * can tell whether somebody has written them, and whether one alone has; and of
 * each stream no more are read than were written
 */

#include <string.h>

#include "rows.h"

#define STREAM_BYTE	0x80

void stream_fill(void *to, uint64_t len, unsigned int thread)
{
	memset(to, STREAM_BYTE | thread, len);
}

/* Might it be what a thread writes to streams? */
bool stream_is(const void *data, uint64_t len)
{
	const uint8_t *bytes = data;
	uint64_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] < STREAM_BYTE || bytes[i] > STREAM_BYTE + CONDUCTOR)
			return false;
	return true;
}

/* A call has written so many. */
void stream_sent(const struct context *ctx, uint64_t len)
{
	uint32_t place = context_out(ctx);

	if (ctx->slot.kind == IPCBOX_KIND_STREAM && place)
		add(&shared->places[place - 1].written, len);
}

/**
 * stream_received() - check bytes that have arrived
 * @ctx: call that has read them
 * @len: how many
 * @of_one: one thread has written them
 *
 * Whether they may have strayed is known when all senders have returned.
 */
void stream_received(const struct context *ctx, uint64_t len, bool of_one)
{
	const char *data = (void *)ctx->room->start;
	uint32_t place = ctx->slot.place;

	if (!ctx->steady || ctx->slot.kind != IPCBOX_KIND_STREAM)
		return;
	if (!stream_is(data, len) ||
	    (of_one && len && memcmp(data, data + 1, len - 1)))
		add(&shared->odd_bytes, 1);
	if (place)
		add(&shared->places[place - 1].read, len);
}

/*
 * When all have ended. What is written asynchronously is not counted, nor what
 * somebody has written who has died.
 */
void streams_check(void)
{
	const struct port_place *place;

	if (shared->strayed)
		return;
	if (shared->odd_bytes)
		find(FINDING_PAYLOAD, "%u times bytes of streams were not what was written",
		     shared->odd_bytes);
	for (place = shared->places; place < shared->places + MAX_PLACES; place++)
		if (!shared->aside && place->read > place->written)
			find(FINDING_TWICE, "%llu bytes were read from port %llu, and %llu written",
			     (unsigned long long)place->read,
			     (unsigned long long)place->key >> 8,
			     (unsigned long long)place->written);
}
