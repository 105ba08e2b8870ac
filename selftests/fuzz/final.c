// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle for the end: nobody holds a descriptor any more, so nobody waits,
 * every message is in its port or has been received, and when the ports are
 * deleted nothing is left
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "oracle.h"

/* For what the kernel does later. */
static uint64_t leave_time = 10 * SEC;

static uint8_t room[MODULE_MAX_MSGSIZE];

/* What sequences with a finding have left behind. */
struct left {
	uint64_t ports;
	uint64_t bytes;
	uint64_t box_ports;
};

static const uid_t users[] = { 0, ALICE };
static struct left left_by_user[ARRAY_SIZE(users)], left_in_box[NR_BOXES];

/* The ports that there are still */

/* Is there a handle, or somebody who waits? (Pipes are closed late, too.) */
static bool port_used(const struct ipcbox_stat *stat)
{
	return stat->handles || stat->taken || stat->held ||
	       stat->waiting_senders ||
	       stat->waiting_receivers || stat->owner == IPCBOX_OWNER_HANDLE;
}

static const struct ipcbox_stat *listing_used(const struct listing *listing)
{
	unsigned int i;

	for (i = 0; i < listing->nr; i++)
		if (port_used(&listing->stats[i]))
			return &listing->stats[i];
	return NULL;
}

/* Waits until those who are dead have let go. */
static void ports_wait_unused(struct listing *listing)
{
	uint64_t end = now_ns() + leave_time;
	const struct ipcbox_stat *used;

	for (;;) {
		listing_get(listing);
		used = listing_used(listing);
		if (!used)
			return;
		if (now_ns() > end) {
			oracle_found(FINDING_LEAK, used,
				     "still used when all have ended");
			return;
		}
		sleep_ns(MSEC);
	}
}

static bool message_drain(int handle, uint32_t place)
{
	struct ipcbox_recv recv = {
		.flags = IPCBOX_NOWAIT,
		.data = (uintptr_t)room,
		.len = sizeof(room),
	};
	struct receipt receipt = { .thread = CONDUCTOR, .place = place };

	if (ioctl(handle, IPCBOX_RECV, &recv)) {
		if (errno != EAGAIN)
			find(FINDING_ERRNO, "the conductor's recv failed with %s",
			     strerrorname_np(errno));
		return false;
	}
	receipt.id = recv.msg_id;
	receipt.priority = recv.msg_priority;
	receipt.moved = recv.msg_flags & IPCBOX_MSG_DEAD_LETTER;
	ledger_received(&receipt, room, recv.msg_len, false);
	return true;
}

/* Of what has moved elsewhere, the number is known and not the length. */
static bool sums_wrong(const struct ipcbox_stat *stat)
{
	if (stat->dead_lettered)
		return stat->sent != stat->received + stat->dead_lettered ||
		       stat->sent_bytes < stat->received_bytes;
	return stat->sent != stat->received ||
	       stat->sent_bytes != stat->received_bytes;
}

static void port_look_empty(int handle)
{
	struct ipcbox_stat stat = {};

	if (ioctl(handle, IPCBOX_STAT, &stat))
		find(FINDING_ERRNO, "the conductor's stat failed with %s",
		     strerrorname_np(errno));
	else if (stat.messages || stat.bytes || stat.taken || stat.held ||
		 (!stat_broadcasts(&stat) && sums_wrong(&stat)))
		oracle_found(FINDING_STAT, &stat, "empty, but not quite");
}

/*
 * Nobody but its owner receives from the port of a process. Of one of which all
 * receive all, a new receiver gets nothing; where the messages are is not judged.
 */
static void port_drain(unsigned int box, const struct ipcbox_stat *stat)
{
	struct ipcbox_port_open open = {
		.rights = IPCBOX_RIGHT_RECV,
		.id = stat->id,
	};
	uint32_t place = place_of(box, stat->id);
	int handle;

	if (stat->kind == IPCBOX_KIND_STREAM && (stat->messages || stat->bytes))
		oracle_found(FINDING_LEAK, stat,
			     "bytes in a stream that nobody has open");
	if (stat->owner == IPCBOX_OWNER_PROCESS ||
	    stat->kind == IPCBOX_KIND_STREAM || stat->kind == IPCBOX_KIND_RING)
		return;
	handle = ioctl(world_box[box], IPCBOX_PORT_OPEN, &open);
	if (handle < 0) {
		find(FINDING_ERRNO, "the conductor's open failed with %s",
		     strerrorname_np(errno));
		return;
	}
	while (message_drain(handle, place))
		;
	port_look_empty(handle);
	close(handle);
	if (place && !stat_broadcasts(stat))
		shared->places[place - 1].drained = 1;
}

static void ports_end(void)
{
	static struct listing listing;
	struct ipcbox_port_delete delete = {};
	unsigned int i;

	ports_wait_unused(&listing);
	for (i = 0; i < listing.nr; i++) {
		port_drain(listing.box[i], &listing.stats[i]);
		delete.id = listing.stats[i].id;
		ioctl(world_box[listing.box[i]], IPCBOX_PORT_DELETE, &delete);
	}
}

/* The ledger */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What came of a call, as its servers know it, is what the caller was told. */
static void request_check(uint32_t tag)
{
	const struct message *message = &shared->messages[tag];

	if (message->outcome == KNOWN_OUTCOME(IPCBOX_NOT_DELIVERED) &&
	    message->deliveries)
		find(FINDING_TWICE, "request %u was received, which the caller was told it was not",
		     tag);
	else if (message->outcome &&
		 message->outcome != KNOWN_OUTCOME(IPCBOX_ANSWERED) &&
		 message->received)
		find(FINDING_LOST, "request %u was answered, which the caller was not told",
		     tag);
}

/* Can messages move to a port that goes, or from which only its owner receives? */
static bool dead_letters_go(void)
{
	return sequence_has("set", "flags", IPCBOX_SET_DEAD_LETTER) &&
	       (sequence_has("delete", NULL, 0) ||
		sequence_has_value("create", "owner", IPCBOX_OWNER_PROCESS) ||
		sequence_has_value("create", "owner", IPCBOX_OWNER_HANDLE));
}

/*
 * That a reply was sent tells only that a caller was there, who may have died or
 * had no room for it.
 */
static void message_check(uint32_t tag)
{
	const struct message *message = &shared->messages[tag];
	const struct port_place *place;

	if (message->kind == MESSAGE_REQUEST) {
		request_check(tag);
		return;
	}
	if (message->fate == FATE_FAILED && message->received)
		find(FINDING_TWICE, "message %u arrived although its send had failed",
		     tag);
	if (message->kind == MESSAGE_REPLY || message->fate != FATE_SENT ||
	    message->received || !message->place || message->len < TAGGED_MIN ||
	    dead_letters_go())
		return;
	place = &shared->places[message->place - 1];
	if (place->drained && !place->unsure && !shared->unsure)
		find(FINDING_LOST, "message %u, id %llu, was sent to port %llu and is nowhere",
		     tag, (unsigned long long)message->id,
		     (unsigned long long)place->key >> 8);
}

/* What was held may come again, and what all get comes to all of them. */
static void receipt_check_id(const struct receipt *a, const struct receipt *b)
{
	bool again = a->held || b->held || place_may_broadcast(a->place);

	if (a->id && a->id == b->id && a->place && a->place == b->place &&
	    (!again || a->tag != b->tag))
		find(FINDING_ID, "two messages of one port have the id %llu",
		     (unsigned long long)a->id);
}

/* Of what all get, each handle gets one. */
static void receipts_check_once(const struct receipt *a,
				const struct receipt *b)
{
	if (a->tag == NO_TAG || a->tag != b->tag || a->held || b->held)
		return;
	if (!place_may_broadcast(a->place) ||
	    (a->handle && a->handle == b->handle))
		find(FINDING_TWICE, "message %u has arrived at thread %u and at thread %u",
		     a->tag, a->thread, b->thread);
}

/* Has it been out of line, so that it may come later than its place says? */
static bool receipt_late(const struct receipt *receipt)
{
	return receipt->held || (receipt->tag != NO_TAG &&
				 shared->messages[receipt->tag].deliveries);
}

/* Has it come from a line of its own, which nobody else has received from? */
static bool handle_alone(const struct receipt *receipt)
{
	return shared->places[receipt->place - 1].sharing && receipt->handle &&
	       !shared->disorder &&
	       shared->handles[receipt->handle - 1] == 1U << receipt->thread;
}

/*
 * Is it certain which of them was received first, and from the same line? That
 * is the port, if this thread alone has received from it; or the handle, if all
 * get all messages.
 */
static bool receipts_comparable(const struct receipt *a,
				const struct receipt *b)
{
	if (a->thread != CONDUCTOR && (receipt_late(a) || receipt_late(b)))
		return false;
	if (!a->place || a->place != b->place || a->thread != b->thread)
		return false;
	if (place_may_broadcast(a->place))
		return handle_alone(a) && a->handle == b->handle;
	return a->thread == CONDUCTOR ||
	       (!shared->disorder &&
		shared->places[a->place - 1].receivers == 1U << a->thread);
}

/* In the order in which one thread sent them? */
static bool receipts_ordered(const struct receipt *a, const struct receipt *b)
{
	const struct message *first, *second;

	if (a->tag == NO_TAG || b->tag == NO_TAG || a->moved || b->moved)
		return true;
	first = &shared->messages[a->tag];
	second = &shared->messages[b->tag];
	return a->tag < b->tag || first->thread == CONDUCTOR ||
	       first->thread != second->thread ||
	       first->type != second->type ||
	       first->priority != second->priority;
}

static void receipts_check_order(const struct receipt *a,
				 const struct receipt *b)
{
	if (!receipts_comparable(a, b))
		return;
	/* The conductor takes all there is, and nobody sends any more. */
	if (a->thread == CONDUCTOR && a->priority < b->priority)
		find(FINDING_ORDER, "priority %u arrived before %u",
		     a->priority, b->priority);
	if (!receipts_ordered(a, b))
		find(FINDING_ORDER, "message %u arrived before message %u of the same thread",
		     a->tag, b->tag);
}

/*
 * One whose receiver was killed while it entered it is not there, and its place
 * may still have that of an earlier sequence.
 */
static bool receipt_whole(const struct receipt *receipt)
{
	return receipt->whole == shared->nonce;
}

static void receipt_check(uint32_t n)
{
	const struct receipt *receipt = &shared->receipts[n], *other;
	uint32_t i, id;

	if (!receipt_whole(receipt))
		return;
	for (i = 0; i < n; i++) {
		other = &shared->receipts[i];
		if (!receipt_whole(other))
			continue;
		receipt_check_id(other, receipt);
		receipts_check_once(other, receipt);
		receipts_check_order(other, receipt);
	}
	if (receipt->tag == NO_TAG)
		return;
	id = shared->messages[receipt->tag].id;
	if (receipt->id && id && receipt->id != id && !receipt->moved)
		find(FINDING_ID, "message %u of thread %u was sent with the id %u, and arrived at thread %u with %llu",
		     receipt->tag, shared->messages[receipt->tag].thread, id,
		     receipt->thread, (unsigned long long)receipt->id);
}

static void ledger_check(void)
{
	uint32_t nr, i;

	nr = least(shared->nr_messages, MAX_MESSAGES);
	for (i = 0; i < nr; i++)
		message_check(i);
	nr = least(shared->nr_receipts, MAX_RECEIPTS);
	for (i = 0; i < nr; i++)
		receipt_check(i);
}

/* What must be nothing */

static bool left_anything(struct left *users_now, struct left *boxes_now)
{
	struct ipcbox_info info;
	bool any = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		world_info(0, users[i], &info);
		users_now[i].ports = info.user_ports;
		users_now[i].bytes = info.user_bytes;
		any |= info.user_ports != left_by_user[i].ports ||
		       info.user_bytes != left_by_user[i].bytes;
	}
	for (i = 0; i < NR_BOXES; i++) {
		world_info(i, 0, &info);
		boxes_now[i].box_ports = info.box_ports;
		any |= info.box_ports != left_in_box[i].box_ports;
	}
	return any;
}

static void left_found(const struct left *users_now,
		       const struct left *boxes_now)
{
	find(FINDING_LEAK, "left behind: root %lld ports, %lld bytes; alice %lld ports, %lld bytes; boxes %lld, %lld, %lld ports",
	     (long long)(users_now[0].ports - left_by_user[0].ports),
	     (long long)(users_now[0].bytes - left_by_user[0].bytes),
	     (long long)(users_now[1].ports - left_by_user[1].ports),
	     (long long)(users_now[1].bytes - left_by_user[1].bytes),
	     (long long)(boxes_now[0].box_ports - left_in_box[0].box_ports),
	     (long long)(boxes_now[1].box_ports - left_in_box[1].box_ports),
	     (long long)(boxes_now[2].box_ports - left_in_box[2].box_ports));
	memcpy(left_by_user, users_now, sizeof(left_by_user));
	memcpy(left_in_box, boxes_now, sizeof(left_in_box));
}

static void left_check(void)
{
	struct left users_now[ARRAY_SIZE(users)], boxes_now[NR_BOXES];
	uint64_t end = now_ns() + leave_time;

	while (left_anything(users_now, boxes_now)) {
		if (now_ns() > end) {
			left_found(users_now, boxes_now);
			return;
		}
		sleep_ns(MSEC);
	}
}

/* From now on a sequence that is known to fail is run again and again. */
void oracle_hurry(void)
{
	leave_time = SEC;
}

/* All processes of the sequence have ended, or closed what they had. */
void oracle_end(void)
{
	ports_end();
	if (shared->odd_bytes && !shared->strayed)
		find(FINDING_PAYLOAD, "%u times bytes of streams were not what was written",
		     shared->odd_bytes);
	ledger_check();
	left_check();
}
