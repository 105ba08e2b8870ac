// SPDX-License-Identifier: GPL-2.0-only
/* The oracle for the numbers of a port, and for rights on it, at any moment */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "oracle.h"

/*
 * Each message that is not received yet and has not moved to another port, and
 * each that somebody waits with, is in line, taken or held. (What its sender has
 * recalled may still be taken.)
 */
static const char *messages_wrong(const struct ipcbox_stat *stat)
{
	uint64_t left = stat->received + stat->dead_lettered,
		 admitted = stat->sent - left,
		 there = stat->messages + stat->held;

	if (left > stat->sent ||
	    stat->received_bytes > stat->sent_bytes)
		return "more received than sent";
	if (admitted > there + stat->taken)
		return "a message that was sent has vanished";
	if (there > admitted + stat->waiting_senders)
		return "messages that nobody has sent";
	if (!stat->taken && there != admitted + stat->waiting_senders)
		return "messages, senders and receives do not add up";
	if (stat->lost)
		return "a message was lost";
	return NULL;
}

/*
 * What is said of one receiver, or of that which has most in line, does not add
 * up with what is said of all; of those that have gone nobody knows how much
 * they have not received.
 */
static const char *broadcast_wrong(const struct ipcbox_stat *stat)
{
	if (!stat->max_messages)
		return "no room for one message";
	if (stat->held || stat->dead_lettered)
		return "a message that all get is held, or was";
	if (stat->lost && stat->sharing != IPCBOX_SHARE_ALL_LOSSY)
		return "a message was lost";
	if (stat->messages > stat->sent || stat->bytes > stat->sent_bytes)
		return "messages that nobody has sent";
	return NULL;
}

/*
 * Pieces, of which small ones are merged, and of which what nobody has read is
 * gone with the last end.
 */
static const char *stream_wrong(const struct ipcbox_stat *stat)
{
	if (stat->received > stat->sent ||
	    stat->received_bytes > stat->sent_bytes)
		return "more received than sent";
	if (stat->messages > stat->sent - stat->received + stat->waiting_senders)
		return "pieces that nobody has written";
	if (stat->held || stat->lost || stat->dead_lettered || stat->dead_letter)
		return "a piece of a stream is held, or was";
	if (stat->max_bytes < IPCBOX_STREAM_ATOMIC ||
	    stat->max_bytes > IPCBOX_STREAM_BYTES_MAX)
		return "an impossible capacity";
	return NULL;
}

/* What goes through memory, the module does not count. */
static const char *ring_wrong(const struct ipcbox_stat *stat)
{
	if (stat->messages || stat->sent || stat->received || stat->held ||
	    stat->taken || stat->waiting_senders || stat->waiting_receivers)
		return "messages on a ring";
	if (!stat->max_messages || stat->max_messages > IPCBOX_RING_LANES ||
	    !stat->max_bytes)
		return "impossible lanes";
	return NULL;
}

/* Nobody sends there but who waits for the answer. */
static const char *listener_wrong(const struct ipcbox_stat *stat)
{
	if (stat->senders)
		return "somebody may send to a listener";
	if (stat->sent != stat->received)
		return "a request that nobody waits with";
	return messages_wrong(stat);
}

/* What was in line goes with the end that would receive it, or when that is shut. */
static const char *connection_wrong(const struct ipcbox_stat *stat)
{
	if (stat->senders > 1 || stat->receivers > 1)
		return "more than two ends";
	if (stat->owner != IPCBOX_OWNER_HANDLE || stat->name[0])
		return "a connection that others could find, or that stays";
	if (stat->receivers &&
	    !sequence_has("shutdown", "rights", IPCBOX_RIGHT_RECV))
		return messages_wrong(stat);
	if (stat->received > stat->sent)
		return "more received than sent";
	if (stat->messages + stat->held >
	    stat->sent - stat->received + stat->waiting_senders)
		return "messages that nobody has sent";
	return NULL;
}

static const char *kind_wrong(const struct ipcbox_stat *stat)
{
	switch (stat->kind) {
	case IPCBOX_KIND_STREAM:
		return stream_wrong(stat);
	case IPCBOX_KIND_RING:
		return ring_wrong(stat);
	case IPCBOX_KIND_LISTENER:
		return listener_wrong(stat);
	case IPCBOX_KIND_CONNECTION:
		return connection_wrong(stat);
	default:
		return stat_broadcasts(stat) ? broadcast_wrong(stat) :
					       messages_wrong(stat);
	}
}

static const char *stat_wrong(const struct ipcbox_stat *stat)
{
	const char *wrong = kind_wrong(stat);

	if (wrong)
		return wrong;
	if (!stat->id)
		return "no id";
	if (!stat->messages && (stat->bytes || stat->next_size))
		return "bytes without messages";
	if (stat->next_size > stat->bytes)
		return "first message longer than all together";
	if (stat->senders > stat->handles || stat->receivers > stat->handles)
		return "more senders or receivers than handles";
	if (stat->max_bytes && stat->max_bytes < stat->max_msgsize)
		return "no room for one message";
	if ((stat->dead_letter && !stat->max_deliveries) ||
	    stat->dead_letter == stat->id || stat->reserved2)
		return "an impossible dead-letter port";
	return NULL;
}

/**
 * oracle_found() - report a finding about a port
 * @kind: of what kind it is
 * @stat: numbers of the port
 * @what: what is wrong
 */
void oracle_found(enum finding_kind kind, const struct ipcbox_stat *stat,
		  const char *what)
{
	find(kind, "port %llu: %s: messages %llu, bytes %llu, first %llu, taken %llu, held %llu, lost %llu, sharing %u, sent %llu (%llu), received %llu (%llu), dead_lettered %llu (%llu after %u), handles %u (%u, %u), waiting %u, %u, max_messages %llu, max_bytes %llu",
	     stat->id, what, stat->messages, stat->bytes, stat->next_size,
	     stat->taken, stat->held, stat->lost, stat->sharing, stat->sent,
	     stat->sent_bytes, stat->received, stat->received_bytes,
	     stat->dead_lettered, stat->dead_letter, stat->max_deliveries,
	     stat->handles, stat->senders,
	     stat->receivers, stat->waiting_senders, stat->waiting_receivers,
	     stat->max_messages, stat->max_bytes);
}

/**
 * oracle_stat() - judge what is said of one port, at any moment
 * @stat: what is said
 */
void oracle_stat(const struct ipcbox_stat *stat)
{
	const char *wrong = stat_wrong(stat);

	if (wrong)
		oracle_found(FINDING_STAT, stat, wrong);
}

/* The rights that alice can get (to root all are given). */
static uint32_t rights_of_alice(const struct ipcbox_stat *stat)
{
	bool owner = stat->uid == ALICE || stat->creator_uid == ALICE;
	uint32_t mode = owner ? stat->mode >> 6 :
			stat->gid == ALICE ? stat->mode >> 3 : stat->mode;

	return (mode & 2 ? IPCBOX_RIGHT_SEND : 0) |
	       (mode & 4 ? IPCBOX_RIGHT_RECV : 0) |
	       (owner ? IPCBOX_RIGHT_MANAGE : 0);
}

/* May the caller have these rights on the port, as it is now? */
bool oracle_permits(const struct ipcbox_stat *stat, uint32_t rights)
{
	return geteuid() != ALICE || !(rights & ~rights_of_alice(stat));
}

/* Of these kinds nobody gets such rights by opening a port. */
static bool rights_of_kind_wrong(const struct ipcbox_stat *stat)
{
	uint32_t ends = IPCBOX_RIGHT_SEND | IPCBOX_RIGHT_RECV;

	return (stat->kind == IPCBOX_KIND_LISTENER &&
		stat->rights & IPCBOX_RIGHT_SEND) ||
	       (stat->kind == IPCBOX_KIND_CONNECTION && stat->rights & ends);
}

/**
 * oracle_rights() - judge whether the caller may have what it has opened
 * @handle: just opened, on a port that was there
 */
void oracle_rights(int handle)
{
	struct ipcbox_stat stat = {};

	if (ioctl(handle, IPCBOX_STAT, &stat))
		return;
	if (stat.rights & IPCBOX_RIGHT_RECV &&
	    stat.owner == IPCBOX_OWNER_PROCESS && stat.creator_pid != getpid())
		oracle_found(FINDING_SUCCESS, &stat,
			     "another process may receive");
	if (rights_of_kind_wrong(&stat))
		oracle_found(FINDING_SUCCESS, &stat,
			     "rights that nobody has on such a port");
	/* Attributes may have changed after it was opened. */
	if (!sequence_has("set", NULL, 0) && !oracle_permits(&stat, stat.rights))
		oracle_found(FINDING_SUCCESS, &stat,
			     "alice has rights that she was not given");
}

static void listing_add(struct listing *listing, unsigned int box)
{
	struct ipcbox_port_list list = {
		.entries = (uintptr_t)&listing->stats[listing->nr],
		.entry_size = sizeof(struct ipcbox_stat),
		.count = MAX_LISTED - listing->nr,
	};
	unsigned int i;

	if (ioctl(world_box[box], IPCBOX_PORT_LIST, &list))
		find(FINDING_ERRNO, "the conductor's list failed with %s",
		     strerrorname_np(errno));
	else
		for (i = 0; i < list.count; i++)
			listing->box[listing->nr++] = box;
}

/**
 * listing_get() - all ports of all boxes, their numbers judged
 * @listing: filled in
 */
void listing_get(struct listing *listing)
{
	unsigned int i;

	listing->nr = 0;
	for (i = 0; i < NR_BOXES; i++)
		listing_add(listing, i);
	for (i = 0; i < listing->nr; i++)
		oracle_stat(&listing->stats[i]);
}

/* Looks at all ports, at any moment. */
void oracle_ports(void)
{
	static struct listing listing;

	listing_get(&listing);
}
