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
	streams_check();
	ledger_check();
	left_check();
}
