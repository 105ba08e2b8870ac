// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle for a sequence at rest: all its calls have been made, whoever has
 * not returned waits, and so nothing is under way. Then a thread that waits must
 * have a reason to.
 */

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

#define REST_TIME	(40 * MSEC)	/* to come to rest */
#define SURE_TIME	(2 * SEC)	/* to be sure that nothing happens */

/* Coming to rest */

static char thread_run_state(pid_t pid, pid_t tid)
{
	char path[64], text[128];
	ssize_t len;
	char *end;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len < 0 ? 0 : len] = '\0';
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'X';
}

/**
 * struct moment - what all threads do
 * @busy: how many are in calls
 * @moving: some of them are not asleep
 * @sum: differs from that of a moment at which they were in other calls
 */
struct moment {
	unsigned int busy;
	bool moving;
	uint64_t sum;
};

static void moment_get(struct moment *moment)
{
	const struct thread_state *state;
	const struct seat *seat;
	unsigned int thread;

	memset(moment, 0, sizeof(*moment));
	for (thread = 0; thread < shared->seq.nr_processes * MAX_THREADS;
	     thread++) {
		state = &shared->threads[thread];
		seat = seat_of(process_of(thread));
		moment->sum = moment->sum * 1000003 + load(&state->busy) * 256 +
			      load(&state->at);
		if (!load(&state->busy) || !seat_alive(process_of(thread)))
			continue;
		moment->busy++;
		moment->moving |= thread_run_state(seat->pid,
			seat->workers[thread % MAX_THREADS].tid) != 'S';
	}
}

static bool moment_same(const struct moment *a, const struct moment *b)
{
	return !b->moving && a->busy == b->busy && a->sum == b->sum;
}

/* True when twice in a row nothing has moved. */
static bool rest_come(struct moment *moment)
{
	uint64_t end = now_ns() + REST_TIME;
	struct moment before;

	moment_get(moment);
	while (moment->busy) {
		before = *moment;
		sleep_ns(MSEC);
		moment_get(moment);
		if (!before.moving && moment_same(&before, moment))
			return true;
		if (now_ns() > end)
			return false;
	}
	return true;
}

/* Who waits for what */

/**
 * struct rest - those who wait in the module
 * @sending: threads that wait with a message
 * @receiving: threads that wait for one
 * @picky: some of the latter want certain messages only
 * @hearing: some of them wait for events alone
 * @bound: some of the former wait whatever the capacity: with a request, for a
 *	receipt, or with a message that may stay where it is
 */
struct rest {
	unsigned int sending;
	unsigned int receiving;
	bool picky;
	bool hearing;
	bool bound;
};

static bool call_wants_receipt(const struct call *call)
{
	int flags = row_field(call->row, "flags");

	return (call->row->cmd == IPCBOX_SEND ||
		call->row->cmd == IPCBOX_SEND_TO) &&
	       call->args[flags] & IPCBOX_RECEIPT;
}

static void rest_add(struct rest *rest, const struct call *call)
{
	bool reply = call->row->cmd == IPCBOX_REPLY;
	int type = row_field(call->row, reply ? "recv_type" : "type"),
	    from = row_field(call->row, reply ? "recv_from" : "from"),
	    len = row_field(call->row, "len");

	if (call->row->waits == WAITS_AS_SENDER) {
		rest->sending++;
		rest->bound |= len < 0 || call->args[len] >= 16384 ||
			       call->row->cmd == IPCBOX_CALL ||
			       call->row->cmd == IPCBOX_CONNECT ||
			       call_wants_receipt(call);
	} else if (call->row->waits == WAITS_AS_RECEIVER) {
		rest->receiving++;
		rest->picky |= (type >= 0 && call->args[type]) ||
			       (from >= 0 && call->args[from]);
		rest->hearing |= type >= 0 &&
				 call->args[type] == IPCBOX_TYPE_EVENT;
	}
}

static void rest_get(struct rest *rest)
{
	unsigned int thread;
	uint32_t busy;

	memset(rest, 0, sizeof(*rest));
	for (thread = 0; thread < shared->seq.nr_processes * MAX_THREADS;
	     thread++) {
		busy = load(&shared->threads[thread].busy);
		if (busy && load(&seat_of(process_of(thread))->pid))
			rest_add(rest, &shared->seq.calls[busy - 1]);
	}
}

/* What is wrong */

/* The messages are those of the receiver that has most in line. */
static const char *broadcast_wrong(const struct ipcbox_stat *stat)
{
	if (stat->waiting_senders && stat->messages < stat->max_messages &&
	    !stat->max_bytes)
		return "a sender waits although all have room";
	if (stat->waiting_senders && stat->sharing == IPCBOX_SHARE_ALL_LOSSY)
		return "a sender waits although messages may be lost";
	return NULL;
}

/* On a port that has ends: who waits although one of them is not there. */
static const char *ends_wrong(const struct listing *listing, unsigned int i,
			      const struct rest *rest)
{
	const struct ipcbox_stat *stat = &listing->stats[i];
	bool connection = stat->kind == IPCBOX_KIND_CONNECTION;
	uint32_t place = place_of(listing->box[i], stat->id);
	bool closed = place && load(&shared->places[place - 1].closed);

	if (!connection && stat->kind != IPCBOX_KIND_LISTENER &&
	    stat->kind != IPCBOX_KIND_STREAM)
		return NULL;
	if (!stat->receivers && stat->waiting_senders)
		return "a sender waits although nobody will receive";
	if (connection && (!stat->senders || closed) && !stat->messages &&
	    stat->waiting_receivers && !rest->hearing)
		return "a receiver waits although nothing more comes";
	return NULL;
}

static const char *port_wrong(const struct ipcbox_stat *stat,
			      const struct rest *rest)
{
	uint64_t admitted = stat->sent - stat->received - stat->dead_lettered;

	if (stat->taken)
		return "taken, but nobody receives";
	if (stat_broadcasts(stat))
		return broadcast_wrong(stat);
	/* It may be the turn of another process, which holds one. */
	if (stat->waiting_receivers && stat->messages && !rest->picky &&
	    (stat->sharing != IPCBOX_SHARE_ONE || !stat->held))
		return "a receiver waits although there is a message";
	if (stat->waiting_senders && admitted < stat->max_messages &&
	    !stat->max_bytes && !rest->bound)
		return "a sender waits although there is room";
	return NULL;
}

static bool ports_wrong(const struct listing *listing, const struct rest *rest,
			bool report)
{
	const char *wrong;
	unsigned int i;

	for (i = 0; i < listing->nr; i++) {
		wrong = port_wrong(&listing->stats[i], rest) ?:
			ends_wrong(listing, i, rest);
		if (!wrong)
			continue;
		if (report)
			oracle_found(FINDING_WAKE, &listing->stats[i], wrong);
		return true;
	}
	return false;
}

/* As many as the module knows of. */
static bool waiters_wrong(const struct listing *listing,
			  const struct rest *rest, bool report)
{
	unsigned int others = load(&shared->aside), known = 0, i;
	unsigned int threads = rest->sending + rest->receiving;

	for (i = 0; i < listing->nr; i++)
		known += listing->stats[i].waiting_senders +
			 listing->stats[i].waiting_receivers;
	if (shared->hidden || (known >= threads && known <= threads + others))
		return false;
	if (report)
		find(FINDING_WAKE, "%u threads wait in sends and %u in receives, the ports know of %u",
		     rest->sending, rest->receiving, known);
	return true;
}

/* The same descriptor, in the conductor. */
static int descriptor_get(unsigned int process, int fd)
{
	int pid_fd = syscall(SYS_pidfd_open, seat_of(process)->pid, 0), copy;

	copy = syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
	close(pid_fd);
	return copy;
}

/* What a thread waits for, as poll() would; 0 if it does not wait like that. */
static short call_polls(const struct call *call)
{
	if (call->row->cmd == IPCBOX_RING_WAIT)
		return call->args[row_field(call->row, "lane")] !=
			       IPCBOX_RING_ANY ? 0 :
		       call->args[row_field(call->row, "side")] ==
			       IPCBOX_RIGHT_RECV ? POLLIN : POLLOUT;
	if (!call->row->polls)
		return 0;
	return call->row->on == SLOT_EPOLL ? POLLIN :
	       (call->args[FIELD_OWN] & (POLLIN | POLLOUT)) | POLLERR;
}

/* Does this thread wait in poll(), or as in it, for what is there? */
static bool poller_wrong(unsigned int thread, const struct call *call,
			 bool report)
{
	struct pollfd poll_fd = {
		.fd = descriptor_get(process_of(thread),
				     load(&shared->threads[thread].fd)),
		.events = call_polls(call),
	};
	bool wrong = poll_fd.fd >= 0 && poll(&poll_fd, 1, 0) > 0 &&
		     !(poll_fd.revents & POLLNVAL);

	close(poll_fd.fd);
	if (wrong && report)
		find(FINDING_WAKE, "thread %u waits in %s although there is %x",
		     thread, call->row->name, poll_fd.revents);
	return wrong;
}

/* Does this thread wait for an event that is there? */
static bool hearer_wrong(unsigned int thread, const struct call *call,
			 bool report)
{
	struct pollfd poll_fd = {
		.fd = descriptor_get(process_of(thread),
				     load(&shared->threads[thread].fd)),
		.events = POLLIN,
	};
	struct ipcbox_stat stat = {};
	bool wrong;

	/* What there is, is an event if there is no message. */
	wrong = poll(&poll_fd, 1, 0) > 0 && poll_fd.revents == POLLIN &&
		!ioctl(poll_fd.fd, IPCBOX_STAT, &stat) && !stat.messages;
	close(poll_fd.fd);
	if (wrong && report)
		find(FINDING_WAKE, "thread %u waits in %s although there is an event",
		     thread, call->row->name);
	return wrong;
}

static bool call_wants_events(const struct call *call)
{
	int type = row_field(call->row, "type"), len = row_field(call->row, "len");

	return call->row->cmd == IPCBOX_RECV &&
	       call->args[type] == IPCBOX_TYPE_EVENT &&
	       call->args[len] >= sizeof(struct ipcbox_event);
}

static bool pollers_wrong(bool report)
{
	const struct call *call;
	unsigned int thread;
	uint32_t busy;

	for (thread = 0; thread < shared->seq.nr_processes * MAX_THREADS;
	     thread++) {
		busy = load(&shared->threads[thread].busy);
		if (!busy || !load(&seat_of(process_of(thread))->pid))
			continue;
		call = &shared->seq.calls[busy - 1];
		if (call_polls(call) && poller_wrong(thread, call, report))
			return true;
		if (call_wants_events(call) && hearer_wrong(thread, call, report))
			return true;
	}
	return false;
}

static bool rest_wrong(bool report)
{
	static struct listing listing;
	struct rest rest;

	listing_get(&listing);
	rest_get(&rest);
	return (!load(&shared->aside) && ports_wrong(&listing, &rest, report)) ||
	       waiters_wrong(&listing, &rest, report) || pollers_wrong(report);
}

/**
 * oracle_rest() - has somebody been forgotten?
 *
 * What looks wrong may be about to change (a timer, a worker of the kernel), so
 * it has to look wrong for two seconds, with nobody moving.
 */
void oracle_rest(void)
{
	struct moment moment, now;
	uint64_t end;

	if (!rest_come(&moment))
		return;
	for (end = now_ns() + SURE_TIME; rest_wrong(false);) {
		if (now_ns() > end) {
			rest_wrong(true);
			return;
		}
		sleep_ns(5 * MSEC);
		moment_get(&now);
		if (!moment_same(&moment, &now))
			return;
	}
}
