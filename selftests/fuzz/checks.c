// SPDX-License-Identifier: GPL-2.0-only
/* What is looked at when a command on messages has succeeded, or has failed */

#include <fcntl.h>
#include <unistd.h>

#include "checks.h"
#include "rows.h"

/* One of these stays with its receiver. */
#define MSG_HELD	(IPCBOX_MSG_CALL | IPCBOX_MSG_LEASED)
/* What a receiver had before. */
#define MSG_AGAIN	(IPCBOX_MSG_REDELIVERED | IPCBOX_MSG_DEAD_LETTER)

/* Sending */

void check_send(struct context *ctx)
{
	if (ctx->arg_good)
		ctx->message_id = ctx->arg.send.id;
	stream_sent(ctx, ctx->payload->len);
}

/* Receiving */

static bool recv_sender_odd(const struct ipcbox_recv *recv)
{
	return recv->sender_pid < 0 || recv->sender_tid < 0 ||
	       (recv->sender_uid && recv->sender_uid != ALICE &&
		recv->sender_uid != 65534);
}

/* Does it say that the receiver holds it, or would? Both at once it cannot. */
static bool recv_flags_odd(const struct ipcbox_recv *recv, bool whole)
{
	uint32_t flags = recv->msg_flags, held = flags & MSG_HELD;
	uint32_t before = recv->deliveries - !!held;
	bool lease = recv->flags & IPCBOX_LEASE;

	if (flags & ~(MSG_HELD | MSG_AGAIN | IPCBOX_MSG_FDS_LOST) ||
	    held == MSG_HELD)
		return true;
	/* One has been delivered before, and had no sender who waits. */
	if (flags & IPCBOX_MSG_DEAD_LETTER &&
	    ((flags & (IPCBOX_MSG_CALL | MSG_AGAIN)) != MSG_AGAIN ||
	     !sequence_has("set", "flags", IPCBOX_SET_DEAD_LETTER)))
		return true;
	if (lease ? !held : held == IPCBOX_MSG_LEASED)
		return true;
	return whole && ((held && !recv->deliveries) ||
			 !!before != !!(flags & IPCBOX_MSG_REDELIVERED));
}

static bool recv_odd(const struct ipcbox_recv *recv, bool whole)
{
	return (recv->type && recv->msg_type != recv->type) ||
	       (whole && recv->from && recv->sender_pid != recv->from) ||
	       recv->msg_priority >= IPCBOX_PRIORITIES ||
	       recv_sender_odd(recv) || recv_flags_odd(recv, whole);
}

/*
 * They are all there, or none of them, and nobody has another use for them.
 * Returns how many.
 */
static unsigned int fds_close(struct context *ctx, unsigned int nr)
{
	const int *fds = (int *)ctx->fds->start;
	unsigned int i, arrived = 0;

	for (i = 0; i < nr && fds[i] != -1; i++, arrived++) {
		if (ctx->steady && fcntl(fds[i], F_GETFD) != FD_CLOEXEC)
			find(FINDING_SUCCESS, "recv: descriptor %d, number %u of %u, is not open",
			     fds[i], i, nr);
		close(fds[i]);
	}
	if (arrived && arrived < nr)
		find(FINDING_SUCCESS, "recv: %u descriptors of %u", arrived, nr);
	return arrived;
}

/* Those who do not say that they have room get none. */
static void recv_check_fds(struct context *ctx, const struct ipcbox_recv *recv)
{
	bool knows = ctx->arg_size >= sizeof(*recv);
	bool peek = recv->flags & IPCBOX_PEEK;
	unsigned int nr = 0, arrived = 0;
	bool lost;

	if (!knows && ctx->arg_size > offsetof(struct ipcbox_recv, nr_fds)) {
		store(&shared->unsure, 1);
		return;
	}
	if (knows && !peek)
		nr = recv->nr_fds < recv->fds_size ? recv->nr_fds :
						     recv->fds_size;
	if (nr * sizeof(int) > ctx->fds->good)
		find(FINDING_SUCCESS, "recv: %u descriptors into %llu good bytes",
		     nr, (unsigned long long)ctx->fds->good);
	else if (nr)
		arrived = fds_close(ctx, nr);
	lost = arrived < recv->nr_fds;
	if (knows && !peek && lost != !!(recv->msg_flags & IPCBOX_MSG_FDS_LOST))
		find(FINDING_STAT, "recv: %u descriptors of %u, flags %x",
		     arrived, recv->nr_fds, recv->msg_flags);
}

/*
 * Bytes that one thread has written; at the end nothing is told but that there
 * are none. Which ones they are nobody knows, nor, where the descriptor has
 * changed meanwhile, whether it was a message instead.
 */
static void stream_check(struct context *ctx, const struct ipcbox_recv *recv)
{
	if (!ctx->steady)
		store(&shared->unsure, 1);
	else if (recv->msg_flags || recv->msg_type || recv->msg_priority ||
		 recv_sender_odd(recv) || recv->deliveries || recv->nr_fds ||
		 (recv->msg_len && !recv->msg_id) ||
		 recv->msg_len > IPCBOX_STREAM_ATOMIC)
		find(FINDING_STAT, "%s: %llu bytes, id %llu, type %llx, flags %x, deliveries %u, sender %d/%d, %u",
		     ctx->row->name, recv->msg_len, recv->msg_id,
		     recv->msg_type, recv->msg_flags, recv->deliveries,
		     recv->sender_pid, recv->sender_tid, recv->sender_uid);
	if (recv->msg_len > ctx->room->good)
		find(FINDING_SUCCESS, "%s: %llu bytes into %llu good ones",
		     ctx->row->name, recv->msg_len,
		     (unsigned long long)ctx->room->good);
	else
		stream_received(ctx, recv->msg_len, true);
}

/* What has come of IPCBOX_RECV, or of the second half of IPCBOX_REPLY. */
static void recv_check(struct context *ctx, const struct ipcbox_recv *recv,
		       bool whole)
{
	struct receipt receipt = {
		.thread = ctx->thread,
		.place = ctx->slot.place,
		.handle = ctx->slot.handle,
		.priority = recv->msg_priority,
		.held = recv->msg_flags & MSG_HELD,
		.moved = recv->msg_flags & IPCBOX_MSG_DEAD_LETTER,
		.id = recv->msg_id,
	};

	if (recv->msg_flags == IPCBOX_MSG_EVENT &&
	    recv->msg_type == IPCBOX_TYPE_EVENT &&
	    (!recv->type || recv->type == IPCBOX_TYPE_EVENT) &&
	    !(whole && recv->from)) {
		event_received(ctx, recv);
		return;
	}
	if (recv_odd(recv, whole))
		find(FINDING_STAT, "%s: type %llx for %llx, priority %u, flags %x for %llx, deliveries %u, sender %d/%d for %d, %u",
		     ctx->row->name, recv->msg_type, recv->type,
		     recv->msg_priority, recv->msg_flags, recv->flags,
		     recv->deliveries, recv->sender_pid, recv->sender_tid,
		     recv->from, recv->sender_uid);
	if (ctx->closed & IPCBOX_RIGHT_RECV)
		find(FINDING_SUCCESS, "%s: a message, although the end was shut down",
		     ctx->row->name);
	if (recv->msg_len > ctx->room->good)
		find(FINDING_SUCCESS, "%s: %llu bytes into %llu good ones",
		     ctx->row->name, recv->msg_len,
		     (unsigned long long)ctx->room->good);
	else
		ledger_received(&receipt, (void *)ctx->room->start,
				recv->msg_len, recv->flags & IPCBOX_PEEK);
}

void check_recv(struct context *ctx)
{
	if (!ctx->arg_good) {
		store(&shared->unsure, 1);
		return;
	}
	if (context_may_be(ctx, IPCBOX_KIND_STREAM) ||
	    (!ctx->steady && sequence_streams())) {
		stream_check(ctx, &ctx->arg.recv);
		return;
	}
	recv_check_fds(ctx, &ctx->arg.recv);
	recv_check(ctx, &ctx->arg.recv, ctx->arg_whole);
}

/* Nothing more comes, whatever it were: then all that was sent has come. */
void check_recv_failed(struct context *ctx)
{
	if (ctx->ret == -ENOTCONN && ctx->steady && ctx->slot.place &&
	    ctx->arg_whole && !ctx->arg.recv.type && !ctx->arg.recv.from)
		store(&shared->places[ctx->slot.place - 1].ended, 1);
}

/* Being done with it */

void check_ack(struct context *ctx)
{
	ledger_done(ctx->slot.place, ctx->arg.ack.id, true);
}

void check_nack(struct context *ctx)
{
	ledger_done(ctx->slot.place, ctx->arg.ack.id, false);
}

/* Calls */

/* What the caller was told of its request, if it could be told. */
void outcome_note(const struct context *ctx, uint32_t outcome)
{
	if (ctx->arg_good && outcome > IPCBOX_ANSWERED)
		find(FINDING_STAT, "%s: outcome %u", ctx->row->name, outcome);
	if (ctx->arg_good && ctx->tag != NO_TAG)
		shared->messages[ctx->tag].outcome = KNOWN_OUTCOME(outcome);
}

void check_call(struct context *ctx)
{
	const struct ipcbox_call *call = &ctx->arg.call;

	outcome_note(ctx, call->outcome);
	if (!ctx->arg_good)
		return;
	ctx->message_id = call->id;
	if (call->outcome != IPCBOX_ANSWERED)
		find(FINDING_STAT, "call succeeded with outcome %u",
		     call->outcome);
	if (call->reply_len > ctx->room->good)
		find(FINDING_SUCCESS, "call: %llu bytes into %llu good ones",
		     call->reply_len, (unsigned long long)ctx->room->good);
	else
		ledger_answered(ctx, (void *)ctx->room->start,
				call->reply_len, call->reply_type, call->id);
}

/* The request may have been received all the same. */
void check_call_failed(struct context *ctx)
{
	outcome_note(ctx, ctx->arg.call.outcome);
}

/*
 * The id of the request is that which the reply was entered with; the module
 * sets it to 0 when receiving has failed after that.
 */
static uint64_t reply_request(const struct context *ctx)
{
	if (ctx->tag == NO_TAG)
		return 0;
	return shared->messages[ctx->tag].answers;
}

void check_reply(struct context *ctx)
{
	uint64_t request = reply_request(ctx);
	bool received = call_next(ctx);

	if (request || !received)
		ledger_done(ctx->slot.place, request, true);
	else
		ctx->fate = FATE_FAILED;
	/* Where it cannot be read what was received, it is gone. */
	if (received && ctx->next_good)
		recv_check(ctx, &ctx->arg.next, ctx->next_whole);
	else if (received)
		store(&shared->unsure, 1);
}

void check_reply_failed(struct context *ctx)
{
	uint64_t request = reply_request(ctx);

	if (!request || !call_next(ctx))
		return;
	if (!ctx->arg_good) {
		ctx->fate = FATE_OPEN;
		store(&shared->unsure, 1);
	} else if (!ctx->arg.reply.id) {
		ctx->fate = FATE_SENT;
		ledger_done(ctx->slot.place, request, true);
	}
}
