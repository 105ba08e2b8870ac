// SPDX-License-Identifier: GPL-2.0-only
/* Events: what one may say, and that nobody is told twice of one receipt */

#include <string.h>

#include "run.h"

#define EVENTS_SINGLE	(IPCBOX_EVENT_DELIVERED | IPCBOX_EVENT_EXPIRED)
#define EVENTS_ONCE	(EVENTS_SINGLE | IPCBOX_EVENT_DELETED)
#define EVENTS_LAST	IPCBOX_EVENT_EXPIRED

static bool event_odd(const struct ipcbox_event *event)
{
	uint64_t what = event->what;

	return !what || what & (what - 1) || what > EVENTS_LAST ||
	       !event->count || (what & EVENTS_ONCE && event->count != 1) ||
	       !event->id != !(what & EVENTS_SINGLE) || !event->time ||
	       event->pid < 0 || event->tid < 0 ||
	       event->reserved[0] || event->reserved[1];
}

/**
 * event_is() - is this what read() has received an event?
 * @data: payload
 * @len: its length
 */
bool event_is(const void *data, uint64_t len)
{
	struct ipcbox_event event;

	if (len != sizeof(event) || !sequence_has("events", NULL, 0))
		return false;
	memcpy(&event, data, sizeof(event));
	return !event_odd(&event);
}

/* A message is received once, and whoever has sent it is told once. */
static void event_told(uint32_t place, uint64_t id)
{
	uint32_t i, n = add(&shared->nr_told, 1);
	struct told *told = &shared->told[n];

	if (n >= MAX_TOLD)
		return;
	*told = (struct told){ .place = place, .id = id };
	store(&told->whole, shared->nonce);
	for (i = 0; i < n; i++)
		if (load(&shared->told[i].whole) == shared->nonce &&
		    shared->told[i].place == place && shared->told[i].id == id)
			find(FINDING_TWICE, "two events tell that message %llu was received",
			     (unsigned long long)id);
}

/**
 * event_received() - judge an event, as IPCBOX_RECV tells of it
 * @ctx: call
 * @recv: of the call
 */
void event_received(const struct context *ctx, const struct ipcbox_recv *recv)
{
	struct ipcbox_event event;

	if (!sequence_has("events", NULL, 0))
		find(FINDING_STAT, "an event that nobody has subscribed to");
	if (recv->msg_len != sizeof(event) || ctx->room->good < sizeof(event)) {
		find(FINDING_STAT, "an event of %llu bytes", recv->msg_len);
		return;
	}
	memcpy(&event, (void *)ctx->room->start, sizeof(event));
	if (event_odd(&event) || event.id != recv->msg_id ||
	    event.pid != recv->sender_pid || event.uid != recv->sender_uid)
		find(FINDING_STAT, "event %llx, count %llu, id %llu (%llu), time %llu, by %d/%d (%d)",
		     event.what, event.count, event.id, recv->msg_id,
		     event.time, event.pid, event.tid, recv->sender_pid);
	if (event.what == IPCBOX_EVENT_DELIVERED && ctx->steady &&
	    ctx->slot.place)
		event_told(ctx->slot.place, event.id);
}
